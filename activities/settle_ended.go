package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"holdfast/order"
)

// settleEnded closes an order whose workflow was terminated before it was paid, in case no
// hold leads the sweeper to it. What the order held is sold, lost, or released. Its
// document is stored last, except for refunds: it is how the order is found again until the
// rest is done. Orders whose payment window ended after the given time are left alone.
func (s *Settler) settleEnded(ctx context.Context, orderID string, before time.Time) (Settling, error) {
	doc, _, found, err := s.Documents.Get(ctx, orderID)
	if err != nil || !found {
		return SettlingLeftAlone, err
	}
	var o order.Order
	if err := json.Unmarshal(doc, &o); err != nil {
		return "", fmt.Errorf("read the document of order %s: %w", orderID, err)
	}
	switch {
	case o.Status.Unpaid() && o.Payment.Deadline.Before(before):
		return s.closeEnded(ctx, &o)
	case o.Status == order.StatusCancelled && o.CancelReason == order.ReasonTerminated:
		return SettlingLeftAlone, s.refundUnused(ctx, orderID)
	}
	return SettlingLeftAlone, nil
}

// closeEnded settles an order whose document says that it awaits payment.
func (s *Settler) closeEnded(ctx context.Context, o *order.Order) (Settling, error) {
	h := o.Holder()
	fate, err := s.Orders.Of(ctx, o.ID)
	if fate = fate.of(h); err != nil || fate.Ended == nil {
		return SettlingLeftAlone, err
	}
	payments, err := s.payments(ctx, o.ID, fate, nil)
	if err != nil {
		return "", fmt.Errorf("read the payments of order %s: %w", o.ID, err)
	}
	if fate.Ended.Status.TookPayment() { // only its document had not been stored
		rec, err := order.NewRecord(fate.Ended, payments)
		if err != nil {
			return "", err
		}
		return SettlingLeftAlone, s.Records.Put(ctx, rec)
	}
	if payments, err = s.endPayments(ctx, o.ID, payments); err != nil {
		return "", err
	}
	if fate.Ended.Version >= o.Version {
		o = fate.Ended
	}
	try := 1
	for _, id := range o.ProductIDs() {
		hold, err := s.Holds.HoldDetail(ctx, id, o.ID)
		if err != nil {
			return "", fmt.Errorf("read the hold of order %s on %s: %w", o.ID, id, err)
		}
		try = max(try, hold.Try)
	}
	if err := s.giveCouponsBack(ctx, o); err != nil {
		return "", err
	}
	if _, err := s.giveBack(ctx, h, o, try, o.ProductIDs()...); err != nil {
		return "", err
	}
	if err := s.close(ctx, o.ID, o, payments); err != nil {
		return "", fmt.Errorf("close order %s, which has no workflow: %w", o.ID, err)
	}
	return SettlingReleased, nil
}

// refundUnused refunds what was paid for a terminated order, in case the worker died after
// it had closed the order's document. Starting a refund that is in progress has no effect.
func (s *Settler) refundUnused(ctx context.Context, orderID string) error {
	docs, err := s.Documents.Payments(ctx, orderID)
	if err != nil {
		return err
	}
	money, err := order.ReadPayments(docs)
	if err != nil {
		return fmt.Errorf("read the payments of order %s: %w", orderID, err)
	}
	back := refunded(money)
	for _, p := range money.Attempts {
		if p.Type != order.PaymentSucceeded || p.Taken || back[p.Key()] {
			continue
		}
		if err := s.Refund(ctx, order.RefundOf(p.Event(orderID), order.RefundLate)); err != nil {
			return fmt.Errorf("refund payment %s: %w", p.PaymentID, err)
		}
	}
	return nil
}

// refunded returns the payments that have been or are being refunded, by their keys.
func refunded(money order.Payments) map[string]bool {
	back := make(map[string]bool, len(money.Refunds))
	for _, r := range money.Refunds {
		back[order.PaymentKey(r.Provider, r.PaymentID)] = true
	}
	return back
}
