package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/search"
)

// ListOrders implements ServerInterface.
func (s *Server) ListOrders(c *gin.Context, params openapi.ListOrdersParams) {
	ctx := c.Request.Context()
	q, err := orderQuery(params, CallerOf(ctx))
	if err != nil {
		s.fail(c, err)
		return
	}
	page, err := searchView(ctx, s, func(ctx context.Context, i Index) (orderPage, error) {
		return listOrders(ctx, i, q, s.cfg.ordersAtOnce(), CallerOf(ctx))
	})
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeView(c, page)
}

// A list of orders is assembled from several responses of the index, which contain whole documents.
// All lists that run at the same time share this much memory.
const (
	listBytes = 224 << 20
	// mostOrdersAtOnce limits one response of the index if documents are small.
	mostOrdersAtOnce = 20
	// listedBytes is the size that an order's document may have, journal, metadata and packages
	// included, but without its lines; listedLineBytes is the size of each line. Few orders have so
	// many packages that they exceed it.
	listedBytes, listedLineBytes = 48 << 10, 512
)

// ordersAtOnce returns how many documents a list may request from the index at a time.
func (c *Config) ordersAtOnce() int {
	most := min(listedBytes+c.MaxLines*listedLineBytes, order.MaxDocumentBytes)
	return min(max(1, listBytes/c.MaxSearches/most), mostOrdersAtOnce)
}

// listOrders assembles a page until it has enough orders or enough bytes. It requests at most
// atOnce orders at a time.
func listOrders(ctx context.Context, i Index, q search.OrderQuery, atOnce int, caller Caller) (orderPage, error) {
	var (
		page = orderPage{Items: []jsontext.Value{}}
		left = q.PageSize()
		size int
	)
	for {
		if left > atOnce || len(page.Items) > 0 {
			q.Limit = new(min(left, atOnce))
		}
		found, err := i.ListOrders(ctx, q)
		if err != nil {
			return orderPage{}, err
		}
		if len(page.Items) == 0 {
			page.Total = found.Total
		}
		for _, o := range found.Items {
			item, err := orderSummary(o, caller)
			if err != nil {
				return orderPage{}, fmt.Errorf("order %s: %w", o.ID, err)
			}
			page.Items, size = append(page.Items, item), size+len(item)
		}
		page.NextCursor, q.Cursor = found.NextCursor, found.NextCursor
		left -= len(found.Items)
		if left <= 0 || size >= pageBytes || found.NextCursor == "" {
			return page, nil
		}
	}
}

func orderQuery(params openapi.ListOrdersParams, caller Caller) (search.OrderQuery, error) {
	q := search.OrderQuery{
		CustomerID: optional(params.CustomerID), ProductID: optional(params.ProductID), Q: optional(params.Q),
		ExternalReference: optional(params.ExternalReference), Sort: search.OrderSort(optional(params.Sort)),
		Node: optional(params.Node), Tag: optional(params.Tag), Closed: params.Closed, OnHold: params.OnHold,
		Overdue: order.OverdueRule(optional(params.Overdue)), Limit: params.Limit, Cursor: optional(params.Cursor),
	}
	for _, status := range optional(params.Status) {
		q.Status = append(q.Status, order.Status(status))
	}
	for _, status := range optional(params.PaymentStatus) {
		q.PaymentStatus = append(q.PaymentStatus, order.PaymentStatus(status))
	}
	for _, mark := range optional(params.Mark) {
		q.Mark = append(q.Mark, order.Mark(mark))
	}
	for _, status := range optional(params.Return) {
		q.ReturnStatus = append(q.ReturnStatus, order.ReturnStatus(status))
	}
	for _, rule := range optional(params.Alert) {
		q.Alert = append(q.Alert, order.AlertRule(rule))
	}
	var err error
	if q.UpdatedSince, err = instant("updatedSince", params.UpdatedSince); err != nil {
		return q, err
	}
	if q.From, err = instant("from", params.From); err != nil {
		return q, err
	}
	if q.To, err = instant("to", params.To); err != nil {
		return q, err
	}
	if q, err = ownOrders(q, caller); err != nil {
		return q, err
	}
	return q, badQuery(q.Validate()) // the cursor belongs to the query including the customer
}

// instant parses a time; it returns the zero time if none is given.
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

// ownOrders lets customers see only their own orders. They can't use q, because it searches what
// others typed into their addresses, and can't ask what staff should look at, or how they tag orders.
func ownOrders(q search.OrderQuery, caller Caller) (search.OrderQuery, error) {
	switch {
	case caller.Staff():
		return q, nil
	case q.Q != "", len(q.Alert) > 0, len(q.Tag) > 0, q.Overdue != "":
		return q, errStaffOnly
	case caller.Subject == "", q.CustomerID != "" && q.CustomerID != caller.Subject:
		return q, errNotYours
	}
	q.CustomerID = caller.Subject
	return q, nil
}

// orderPage is a page of orders, each an order.Summary.
type orderPage struct {
	Items      []jsontext.Value `json:"items"`
	NextCursor string           `json:"nextCursor,omitempty"`
	Total      int64            `json:"total"`
}

// orderSummary returns the summary of an order, including refunds, as the caller may see it. It has
// no journal and therefore no names of staff.
func orderSummary(found search.Order, caller Caller) (jsontext.Value, error) {
	o, err := found.Settled()
	if err != nil {
		return nil, err
	}
	o.UpdatedAt = found.UpdatedAt
	if !caller.Staff() {
		o.CancelReason = order.Reason(shownReason(string(o.CancelReason)))
	}
	shown := o.Summary()
	if !caller.Staff() {
		shown.Alerts, shown.Tags, shown.Hold = nil, nil, nil
	}
	return json.Marshal(shown)
}
