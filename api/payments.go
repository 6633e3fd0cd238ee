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
	"strings"

	"github.com/gin-gonic/gin"

	"holdfast/order"
)

// Prefixes of the fields of an order's payments document.
const (
	paymentField = "payment:"
	refundField  = "refund:"
)

// GetPayment implements ServerInterface: the order's document joined with its
// payments, which may outlive the order's workflow.
func (s *Server) GetPayment(c *gin.Context, id ID) {
	result, err := s.payment(c, id)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, result)
}

func (s *Server) payment(c *gin.Context, id string) (PaymentResult, error) {
	ctx := c.Request.Context()
	f, err := s.find(ctx, id, 0)
	if err != nil {
		return PaymentResult{}, err
	}
	var o order.Order
	if err := json.Unmarshal(f.doc, &o); err != nil {
		return PaymentResult{}, fmt.Errorf("read the document of order %s: %w", id, err)
	}
	r := PaymentResult{
		OrderID: o.ID, Status: string(o.Payment.Status), Currency: o.Currency, Amounts: o.Amounts,
		Deadline: o.Payment.Deadline, Attempts: []Attempt{}, Refunds: []Refund{},
	}
	if !o.Payment.PaidAt.IsZero() {
		r.PaidAt = &o.Payment.PaidAt
	}
	if f.left && o.Status.Closed() { // gone cold while its workflow is still known
		cold, err := s.findCold(ctx, id, nil)
		if err == nil {
			f = cold
		} else if !errors.Is(err, errNoOrder) {
			return PaymentResult{}, err
		}
	}
	docs, err := s.payments(ctx, id, f)
	if err != nil {
		return PaymentResult{}, err
	}
	if err := join(&r, docs); err != nil {
		return PaymentResult{}, fmt.Errorf("read the payments of order %s: %w", id, err)
	}
	return r, nil
}

// payments are all documents of the order's payments. Of a cold order the index
// has them, but for a refund that came due since.
func (s *Server) payments(ctx context.Context, id string, f found) (map[string][]byte, error) {
	docs, err := s.cfg.Orders.Payments(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPaymentsUnread, err)
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

// join puts the payments and refunds in the order in which they happened.
func join(r *PaymentResult, docs map[string][]byte) error {
	for field, doc := range docs {
		var err error
		switch {
		case strings.HasPrefix(field, paymentField):
			var a order.Attempt
			err = json.Unmarshal(doc, &a)
			r.Attempts = append(r.Attempts, a)
		case strings.HasPrefix(field, refundField):
			var f order.Refund
			err = json.Unmarshal(doc, &f)
			r.Refunds = append(r.Refunds, f)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", field, err)
		}
	}
	slices.SortFunc(r.Attempts, func(a, b Attempt) int {
		return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), cmp.Compare(a.PaymentID, b.PaymentID))
	})
	slices.SortFunc(r.Refunds, func(a, b Refund) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.PaymentID, b.PaymentID), cmp.Compare(a.ID, b.ID))
	})
	return nil
}
