package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
)

// GetPayment implements ServerInterface. It combines the order's document with its payments, which
// may outlive the order's workflow.
func (s *Server) GetPayment(c *gin.Context, id openapi.ID) {
	result, err := s.payment(c, id)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, result)
}

func (s *Server) payment(c *gin.Context, id string) (openapi.PaymentResult, error) {
	ctx := c.Request.Context()
	f, err := s.find(ctx, id, 0)
	if err != nil {
		return openapi.PaymentResult{}, err
	}
	var o order.Order
	if err := json.Unmarshal(f.doc, &o); err != nil {
		return openapi.PaymentResult{}, fmt.Errorf("read the document of order %s: %w", id, err)
	}
	r := openapi.PaymentResult{
		OrderID: o.ID, Currency: o.Currency, Deadline: o.Payment.Deadline, Attempts: []openapi.Attempt{}, Refunds: []openapi.Refund{},
	}
	if !o.Payment.PaidAt.IsZero() {
		r.PaidAt = &o.Payment.PaidAt
	}
	docs, err := s.payments(ctx, id, f, o.Closed())
	if err != nil {
		return openapi.PaymentResult{}, err
	}
	if err := join(&r, &o, docs); err != nil {
		return openapi.PaymentResult{}, fmt.Errorf("read the payments of order %s: %w", id, err)
	}
	for i := range r.Refunds {
		r.Refunds[i] = refundFor(CallerOf(ctx), r.Refunds[i])
	}
	if !CallerOf(ctx).Staff() {
		r.Disputes = nil
	}
	return r, nil
}

// payments returns the documents of all the order's payments, and what stands beside them. For an
// archived order they are in the index, except for what was recorded since.
func (s *Server) payments(ctx context.Context, id string, f found, closed bool) (map[string][]byte, error) {
	if f.left && closed { // archived while its workflow still exists
		cold, err := s.findCold(ctx, id, nil)
		if err == nil {
			f = cold
		} else if !errors.Is(err, errNoOrder) {
			return nil, err
		}
	}
	docs, err := s.cfg.Orders.Payments(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPaymentsUnavailable, err)
	}
	if !f.cold {
		return docs, nil
	}
	all := make(map[string][]byte, len(f.payments)+len(docs))
	for field, doc := range f.payments {
		all[field] = doc
	}
	maps.Copy(all, docs)
	return all, nil
}

// join adds the payments and refunds in the order in which they happened, and the resulting
// amounts.
func join(r *openapi.PaymentResult, o *order.Order, docs map[string][]byte) error {
	money, err := order.ReadPayments(docs)
	if err != nil {
		return err
	}
	o.Settle(money)
	r.Status, r.Amounts = string(o.Payment.Status), o.Amounts
	r.Attempts, r.Refunds = append(r.Attempts, money.Attempts...), append(r.Refunds, money.Refunds...)
	r.Disputes = money.Disputes
	slices.SortFunc(r.Disputes, func(a, b openapi.Dispute) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(r.Attempts, func(a, b openapi.Attempt) int {
		return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), cmp.Compare(a.PaymentID, b.PaymentID))
	})
	slices.SortFunc(r.Refunds, func(a, b openapi.Refund) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.PaymentID, b.PaymentID), cmp.Compare(a.ID, b.ID))
	})
	return nil
}
