package elastic

import (
	"context"
	"strings"
	"unicode/utf8"

	"holdfast/order"
	"holdfast/search"
	"holdfast/search/text"
)

// minIDBeginning is the length from which the beginning of an order's id matches.
const minIDBeginning = 4

func orderOrder(by search.OrderSort) sorting {
	if by == search.OrderSortUpdated {
		return sorting{{"derived.updated", false, whole}, byID(false)}
	}
	return sorting{{"derived.placed", true, whole}, byID(true)}
}

// ordersIn is where the orders are looked for. A view of an older shape, which answers until
// its rebuild is through, would find none by what later shapes added, as if there were none;
// under the alias of this shape it isn't found at all.
func (x *Index) ordersIn(q search.OrderQuery) string {
	since2 := q.Sort == search.OrderSortUpdated || !q.UpdatedSince.IsZero() || len(q.PaymentStatus) > 0 || q.ExternalReference != ""
	if since2 || len(goodsFilters(q)) > 0 {
		return x.names.write(search.ViewOrders, ordersShape)
	}
	return x.names.read(search.ViewOrders)
}

// ListOrders implements search.Index.
func (x *Index) ListOrders(ctx context.Context, q search.OrderQuery) (search.OrderPage, error) {
	if err := q.Validate(); err != nil {
		return search.OrderPage{}, err
	}
	var found search.OrderPage
	err := x.read(ctx, "list orders", func(ctx context.Context) error {
		var err error
		found, err = x.listOrders(ctx, q)
		return err
	})
	if err != nil {
		return search.OrderPage{}, err
	}
	return found, nil
}

func (x *Index) listOrders(ctx context.Context, q search.OrderQuery) (search.OrderPage, error) {
	typed := text.Clauses(q.Q, text.Thesaurus{})
	if len(typed) == 0 && strings.TrimSpace(q.Q) != "" {
		return search.OrderPage{}, nil
	}
	after, err := q.After()
	if err != nil {
		return search.OrderPage{}, search.BadCursor()
	}
	body := object{"query": filtered(orderFilters(q, typed)), "track_total_hits": true}
	by, size := orderOrder(q.Sort), q.PageSize()
	if err := by.into(body, size, after); err != nil {
		return search.OrderPage{}, err
	}
	found, err := find[search.Order](ctx, x, x.ordersIn(q), body)
	if err != nil {
		return search.OrderPage{}, err
	}
	docs, next, err := found.page(by, size)
	if err != nil {
		return search.OrderPage{}, err
	}
	p := search.OrderPage{Items: docs, Total: found.Hits.Total.Value}
	if next != nil {
		p.NextCursor = q.CursorAt(next...)
	}
	return p, nil
}

func orderFilters(q search.OrderQuery, typed []text.Clause) []object {
	all := []object{{"match_all": object{}}}
	if q.CustomerID != "" {
		all = append(all, term("customerId", q.CustomerID))
	}
	if q.ProductID != "" {
		all = append(all, term("productIds", q.ProductID))
	}
	if len(q.Status) > 0 {
		all = append(all, oneOf("status", q.Status))
	}
	if len(q.PaymentStatus) > 0 {
		all = append(all, oneOf("paymentStatus", q.PaymentStatus))
	}
	if q.ExternalReference != "" {
		all = append(all, term("externalReference", q.ExternalReference))
	}
	if !q.UpdatedSince.IsZero() {
		all = append(all, object{"range": object{"derived.updated": object{"gte": q.UpdatedSince.UnixMicro()}}})
	}
	all = append(all, goodsFilters(q)...)
	placed := object{}
	if !q.From.IsZero() {
		placed["gte"] = q.From.UnixMicro()
	}
	if !q.To.IsZero() {
		placed["lt"] = q.To.UnixMicro()
	}
	if len(placed) > 0 {
		all = append(all, object{"range": object{"derived.placed": placed}})
	}
	for _, c := range typed {
		all = append(all, inOrder(c))
	}
	return all
}

// goodsFilters are the filters by what shapes 3 to 5 added.
func goodsFilters(q search.OrderQuery) []object {
	var all []object
	if len(q.Node) > 0 {
		all = append(all, oneOf("node", q.Node))
	}
	if len(q.Mark) > 0 {
		all = append(all, oneOf("marks", q.Mark))
	}
	if len(q.Alert) > 0 {
		all = append(all, oneOf("alerts", q.Alert))
	}
	for _, tag := range q.Tag {
		all = append(all, term("tags", tag))
	}
	if len(q.ReturnStatus) > 0 {
		all = append(all, oneOf("returnStatuses", q.ReturnStatus))
	}
	if q.Closed != nil {
		all = append(all, term("closed", *q.Closed))
	}
	if q.OnHold != nil {
		held := term("onHold", true)
		if !*q.OnHold {
			held = object{"bool": object{"must_not": []object{held}}}
		}
		all = append(all, held)
	}
	if q.Overdue != "" {
		field := map[order.OverdueRule]string{
			order.OverdueNoNews: "derived.noNewsSince", order.OverdueNotPacked: "derived.notPackedSince",
		}[q.Overdue]
		all = append(all, object{"range": object{field: object{"lte": q.WaitingBefore().UnixMicro()}}})
	}
	if q.Packed {
		all = append(all, object{"exists": object{"field": "packageNodes"}})
	}
	if len(q.PackageNode) > 0 {
		all = append(all, oneOf("packageNodes", q.PackageNode))
	}
	if q.Carrier != "" {
		all = append(all, term("carriers", q.Carrier))
	}
	if q.TrackingNumber != "" {
		all = append(all, term("trackingNumbers", search.TrackingNumber(q.TrackingNumber)))
	}
	return all
}

// inOrder finds a typed word in an order's texts, or as the beginning of its id.
func inOrder(c text.Clause) object {
	ways := ofClause(c, []weighted{{"words", 1}})
	if c.Word != nil && utf8.RuneCountInString(c.Word.Typed) >= minIDBeginning {
		ways = append(ways, prefix("derived.wholeId", c.Word.Typed))
	}
	return object{"bool": object{"should": ways, "minimum_should_match": 1}}
}
