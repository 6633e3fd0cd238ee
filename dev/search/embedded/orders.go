package embedded

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"holdfast/order"
	"holdfast/search"
	"holdfast/search/text"
)

// minIDBeginning is the length from which the beginning of an order's id matches.
const minIDBeginning = 4

// ListOrders implements search.Index.
func (x *Index) ListOrders(ctx context.Context, q search.OrderQuery) (search.OrderPage, error) {
	if err := q.Validate(); err != nil {
		return search.OrderPage{}, err
	}
	var page search.OrderPage
	err := x.orders.read(ctx, "list orders", func(g *generation) error {
		var err error
		page, err = listOrders(ctx, g, q)
		return err
	})
	return page, err
}

func listOrders(ctx context.Context, g *generation, q search.OrderQuery) (search.OrderPage, error) {
	typed := text.Clauses(q.Q, text.Thesaurus{})
	if len(typed) == 0 && strings.TrimSpace(q.Q) != "" {
		return search.OrderPage{}, nil
	}
	after, err := q.After()
	if err != nil {
		return search.OrderPage{}, search.BadCursor()
	}
	by := orderOrder(q.Sort)
	req, err := by.request(orderPlan(q, typed), q.PageSize(), after)
	if err != nil {
		return search.OrderPage{}, err
	}
	found, err := g.docs.SearchInContext(ctx, req)
	if err != nil {
		return search.OrderPage{}, err
	}
	hits, keys := by.cut(found.Hits, q.PageSize())
	page := search.OrderPage{Total: int64(found.Total)} //nolint:gosec // a count
	if page.Items, err = decode[search.Order](hits); err != nil {
		return search.OrderPage{}, err
	}
	if keys != nil {
		page.NextCursor = q.CursorAt(keys...)
	}
	return page, nil
}

func orderPlan(q search.OrderQuery, typed []text.Clause) plan {
	p := plan{filter(term(fieldShown, yes))}
	if !q.From.IsZero() {
		p = append(p, filter(between(fieldPlaced, new(q.From.UnixMicro()), nil)))
	}
	if !q.To.IsZero() {
		p = append(p, filter(between(fieldPlaced, nil, new(q.To.UnixMicro()-1))))
	}
	if q.CustomerID != "" {
		p = append(p, filter(term(fieldCustomer, q.CustomerID)))
	}
	if q.ProductID != "" {
		p = append(p, filter(term(fieldProduct, q.ProductID)))
	}
	if len(q.Status) > 0 {
		p = append(p, filter(oneOf(fieldStatus, texts(q.Status))))
	}
	if len(q.PaymentStatus) > 0 {
		p = append(p, filter(oneOf(fieldPayment, texts(q.PaymentStatus))))
	}
	if q.ExternalReference != "" {
		p = append(p, filter(term(fieldExternal, q.ExternalReference)))
	}
	if !q.UpdatedSince.IsZero() {
		p = append(p, filter(between(fieldUpdated, new(q.UpdatedSince.UnixMicro()), nil)))
	}
	for _, c := range typed {
		p = append(p, filter(inOrder(c)))
	}
	return append(p, goodsPlan(q)...)
}

// goodsPlan filters by what became of an order's goods.
func goodsPlan(q search.OrderQuery) (p plan) {
	some := func(field string, values []string) {
		if len(values) > 0 {
			p = append(p, filter(oneOf(field, values)))
		}
	}
	some(fieldNode, q.Node)
	some(fieldMark, texts(q.Mark))
	some(fieldAlert, texts(q.Alert))
	some(fieldPacked, q.PackageNode)
	some(fieldReturn, texts(q.ReturnStatus))
	for _, tag := range q.Tag {
		p = append(p, filter(term(fieldTag, tag)))
	}
	if q.Closed != nil {
		p = append(p, filter(term(fieldClosed, strconv.FormatBool(*q.Closed))))
	}
	if q.OnHold != nil {
		p = append(p, filter(term(fieldOnHold, strconv.FormatBool(*q.OnHold))))
	}
	if q.Overdue != "" {
		field := map[order.OverdueRule]string{order.OverdueNoNews: fieldNoNews, order.OverdueNotPacked: fieldUnpacked}[q.Overdue]
		p = append(p, filter(between(field, nil, new(q.WaitingBefore().UnixMicro()))))
	}
	if q.Packed {
		p = append(p, filter(term(fieldAnyPack, yes)))
	}
	if q.Carrier != "" {
		p = append(p, filter(term(fieldCarrier, q.Carrier)))
	}
	if q.TrackingNumber != "" {
		p = append(p, filter(term(fieldTracking, search.TrackingNumber(q.TrackingNumber))))
	}
	return p
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// inOrder finds a typed word in an order's texts, or as the beginning of its id.
func inOrder(c text.Clause) ask {
	ways := ofClause(c, orderFields())
	if c.Word != nil && utf8.RuneCountInString(c.Word.Typed) >= minIDBeginning {
		ways = append(ways, filter(prefix(fieldWholeID, c.Word.Typed)))
	}
	return anyOf(ways)
}
