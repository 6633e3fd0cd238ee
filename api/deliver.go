package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/order"
	"holdfast/saga"
)

// deliver passes the event to the order's saga. A successful payment for an order that is closed or
// unknown becomes a refund: money is never turned away. So does one that Temporal will never
// accept: its refund waits until the order has ended.
func (s *Server) deliver(ctx context.Context, e order.PaymentEvent) error {
	ctx, cancel := context.WithTimeout(ctx, deliverTimeout)
	defer cancel()
	switch e.Type { //nolint:exhaustive // all others are the order's
	case order.PaymentRefundFailed:
		return s.cfg.Sagas.RefundFailed(ctx, e)
	case order.PaymentDisputed:
		return s.cfg.Sagas.Disputed(ctx, e)
	}
	e.Money = s.cfg.Money
	said := saying(e)
	repeated := e.Type == order.PaymentSucceeded && (s.successes.note(said) || s.isOld(e))
	err := s.cfg.Sagas.TellPayment(ctx, e, said)
	if err == nil && repeated {
		// The saga may have been terminated before it read the first message. If it has ended, a
		// refund is started, which checks for itself whether the order accepted the payment.
		err = s.cfg.Sagas.FindRunning(ctx, e.OrderID)
	}
	gone := errors.Is(err, saga.ErrNotFound)
	switch {
	case e.Type == order.PaymentSucceeded && (gone || errors.Is(err, saga.ErrNeverTaken)):
		return s.cfg.Sagas.StartRefund(ctx, order.RefundOf(e, order.RefundLate))
	case gone:
		return nil
	}
	return err
}

// isOld reports whether another gateway, or this one before a restart, may have delivered the
// message already. A first message arrives immediately; for those, the saga need not be looked up.
func (s *Server) isOld(e order.PaymentEvent) bool {
	return s.cfg.Now().Sub(e.OccurredAt).Abs() > firstWithin
}

const (
	// firstWithin is how soon after a payment its message first arrives.
	firstWithin = 10 * time.Second
	// deliverTimeout limits how long one message may take; after that the provider retries.
	deliverTimeout = 5 * time.Second
)

// saying returns an id that is the same for all messages with the same content about a payment.
func saying(e order.PaymentEvent) string {
	said := strings.Join([]string{"payment", e.Key(), string(e.Type), fmt.Sprint(e.Amount), e.Currency}, "\x00")
	return uuid.NewSHA1(orderNamespace, []byte(said)).String()
}
