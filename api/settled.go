package api

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/order"
)

// settle is an order's document with what of its payment went back: a refund is on
// record apart from the order, which it may outlive. Of an order that isn't paid nothing
// did. Where the refunds can't be read the document stays as it is: it is true as far as
// it goes, and the order's payment says that it can't be told.
func (s *Server) settle(ctx context.Context, id string, doc []byte, head orderHead) ([]byte, error) {
	if head.Payment.Status != order.PaymentPaid {
		return doc, nil
	}
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	docs, err := s.cfg.Orders.Payments(ctx, id)
	if err == nil && len(docs) == 0 && s.cfg.Index != nil && head.Status.Closed() { // it may have gone cold
		if cold, err := s.findCold(ctx, id, nil); err == nil {
			return settled(cold.doc, cold.payments)
		}
	}
	if err != nil {
		s.log.WarnContext(ctx, "an order is shown without its refunds", "order_id", id, "error", err)
		return doc, nil
	}
	return settled(doc, docs)
}

// settled joins the two.
func settled[D ~[]byte](doc []byte, payments map[string]D) ([]byte, error) {
	if !order.HasRefunds(payments) {
		return doc, nil
	}
	money, err := order.ReadPayments(payments)
	if err != nil {
		return nil, fmt.Errorf("read the refunds of an order: %w", err)
	}
	var o order.Order
	if err := json.Unmarshal(doc, &o); err != nil {
		return nil, fmt.Errorf("read an order: %w", err)
	}
	o.Settle(money.Refunds)
	if doc, err = replaceMember(doc, "amounts", o.Amounts); err != nil {
		return nil, err
	}
	return replaceMember(doc, "payment", o.Payment)
}
