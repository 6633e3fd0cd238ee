package api

import (
	"context"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/order"
	"holdfast/search"
)

// ListOrders implements ServerInterface.
func (s *Server) ListOrders(c *gin.Context, params ListOrdersParams) {
	ctx := c.Request.Context()
	q, err := orderQuery(params)
	if err == nil {
		q, err = ownOrders(q, CallerOf(ctx))
	}
	if err == nil { // the cursor is of the query as it is asked
		err = badQuery(q.Validate())
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	page, err := fromView(ctx, s, func(ctx context.Context, i Index) (search.OrderPage, error) {
		return i.ListOrders(ctx, q)
	})
	if err != nil {
		s.fail(c, err)
		return
	}
	list, err := ordersOf(CallerOf(ctx), page)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeView(c, list)
}

func orderQuery(params ListOrdersParams) (search.OrderQuery, error) {
	q := search.OrderQuery{
		CustomerID: optional(params.CustomerID), ProductID: optional(params.ProductID), Q: optional(params.Q),
		Limit: params.Limit, Cursor: optional(params.Cursor),
	}
	for _, status := range optional(params.Status) {
		q.Status = append(q.Status, order.Status(status))
	}
	var err error
	if q.From, err = instant("from", params.From); err != nil {
		return q, err
	}
	q.To, err = instant("to", params.To)
	return q, err
}

// instant reads a time of an order, the zero one where none is given.
func instant(name string, text *string) (time.Time, error) {
	var t time.Time
	if optional(text) == "" {
		return t, nil
	}
	if err := t.UnmarshalText([]byte(*text)); err != nil { // stricter than time.Parse
		return t, malformed(name, "must be a time such as 2026-03-01T12:00:00Z; the + of an offset is %2B in a URL")
	}
	if y := t.UTC().Year(); y < 1970 || y > 2200 {
		return t, malformed(name, "must lie between the years 1970 and 2200")
	}
	return t, nil
}

// ownOrders lets a customer see his own orders alone. He gets no q: it looks
// through what others typed into their addresses.
func ownOrders(q search.OrderQuery, caller Caller) (search.OrderQuery, error) {
	switch {
	case caller.Role == Operator:
		return q, nil
	case q.Q != "":
		return q, errOperatorsOnly
	case caller.Subject == "", q.CustomerID != "" && q.CustomerID != caller.Subject:
		return q, errNotYours
	}
	q.CustomerID = caller.Subject
	return q, nil
}

// orderPage has the orders' documents as their workflows wrote them, with what of their
// payments went back.
type orderPage struct {
	Items      []jsontext.Value `json:"items"`
	NextCursor string           `json:"nextCursor,omitempty"`
	Total      int64            `json:"total"`
}

func ordersOf(caller Caller, p search.OrderPage) (orderPage, error) {
	page := orderPage{Items: make([]jsontext.Value, len(p.Items)), NextCursor: p.NextCursor, Total: p.Total}
	for i := range p.Items {
		doc, err := settled(p.Items[i].Document, p.Items[i].Payments)
		if err == nil {
			doc, err = orderFor(caller, doc)
		}
		if err != nil {
			return orderPage{}, fmt.Errorf("order %s: %w", p.Items[i].ID, err)
		}
		page.Items[i] = jsontext.Value(doc)
	}
	return page, nil
}
