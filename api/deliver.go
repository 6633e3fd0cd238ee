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

// deliver hands the event to the order's saga. A success for an order that is
// closed or unknown becomes a refund: money is never turned away. So does one that
// Temporal will never take: its refund waits until the order has ended.
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
		// Its saga may have been terminated before it read the first: whoever is told that it
		// ended starts a refund, which looks for itself whether the order took the payment.
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

// isOld reports whether another gateway, or this one before it was started, may have
// delivered the message. The first one comes at once: then the saga need not be asked for.
func (s *Server) isOld(e order.PaymentEvent) bool {
	return s.cfg.Now().Sub(e.OccurredAt).Abs() > firstWithin
}

const (
	// firstWithin is how soon after a payment its message comes for the first time.
	firstWithin = 10 * time.Second
	// deliverTimeout bounds what one message may take; then its provider sends it again.
	deliverTimeout = 5 * time.Second
)

// saying is the same for all messages that say the same of a payment.
func saying(e order.PaymentEvent) string {
	said := strings.Join([]string{"payment", e.Key(), string(e.Type), fmt.Sprint(e.Amount), e.Currency}, "\x00")
	return uuid.NewSHA1(orderNamespace, []byte(said)).String()
}
