package shoptest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment/sandbox"
)

// PaymentOf is the success that pays an order in full.
func PaymentOf(o order.Order) order.PaymentEvent {
	return order.PaymentEvent{
		EventID: "evt-" + uuid.NewString(), Type: order.PaymentSucceeded, OrderID: o.ID, PaymentID: "pay-" + o.ID,
		Amount: o.Amounts[order.AmountTotal], Currency: o.Currency,
	}
}

// Callback is the provider's signed message.
func (s *Shop) Callback(e order.PaymentEvent) (Call, error) {
	e.OccurredAt = time.Now()
	c, err := s.provider.NewCallback(e)
	if err != nil {
		return Call{}, fmt.Errorf("sign a callback: %w", err)
	}
	return Call{
		Method: http.MethodPost, Path: "/v1/payments/callbacks/" + sandbox.Name, Header: c.Header, Body: c.Body,
	}, nil
}

// Tell sends a callback that the gateway takes.
func (s *Shop) Tell(t testing.TB, e order.PaymentEvent) {
	t.Helper()
	require.NoError(t, s.TellIt(t.Context(), e))
}

// TellIt is Tell for goroutines.
func (s *Shop) TellIt(ctx context.Context, e order.PaymentEvent) error {
	c, err := s.Callback(e)
	if err != nil {
		return err
	}
	a, err := s.Do(ctx, c)
	if err == nil && a.Status != http.StatusNoContent {
		err = fmt.Errorf("payment %s of order %s: status %d: %s", e.PaymentID, e.OrderID, a.Status, a.Body)
	}
	return err
}

// Pay pays an order in full and waits until it shows that.
func (s *Shop) Pay(t testing.TB, o order.Order) order.Order {
	t.Helper()
	s.Tell(t, PaymentOf(o))
	return s.Await(t, o.ID, order.Paid)
}

// PaymentResult is what the gateway tells of an order's money.
type PaymentResult struct {
	Status   order.PaymentStatus `json:"status"`
	Attempts []order.Attempt     `json:"attempts"`
	Refunds  []order.Refund      `json:"refunds"`
}

// Payment reads the result of an order's payment.
func (s *Shop) Payment(ctx context.Context, id string) (PaymentResult, error) {
	var r PaymentResult
	a, err := s.Do(ctx, Call{Method: http.MethodGet, Path: "/v1/orders/" + id + "/payment"})
	switch {
	case err != nil:
		return r, err
	case a.Status != http.StatusOK:
		return r, fmt.Errorf("read the payment of order %s: status %d: %s", id, a.Status, a.Body)
	}
	if err := json.Unmarshal(a.Body, &r); err != nil {
		return r, fmt.Errorf("read the payment of order %s: %w", id, err)
	}
	return r, nil
}

// AwaitPayment waits until the result of an order's payment is as wanted.
func (s *Shop) AwaitPayment(t testing.TB, id, what string, wanted func(PaymentResult) bool) PaymentResult {
	t.Helper()
	var r PaymentResult
	Until(t, what, func(ctx context.Context) (err error) {
		if r, err = s.Payment(ctx, id); err == nil && !wanted(r) {
			err = fmt.Errorf("it is %+v: %w", r, errNotYet)
		}
		return err
	})
	return r
}

// AwaitRefund waits until a refund of this payment shows.
func (s *Shop) AwaitRefund(t testing.TB, orderID, paymentID string) order.Refund {
	t.Helper()
	return s.awaitRefund(t, orderID, func(r order.Refund) bool { return r.PaymentID == paymentID })
}

// AwaitPaidRefund waits until the provider has paid a refund of this payment out.
func (s *Shop) AwaitPaidRefund(t testing.TB, orderID, paymentID string) order.Refund {
	t.Helper()
	return s.awaitRefund(t, orderID, func(r order.Refund) bool {
		return r.PaymentID == paymentID && r.Status == order.RefundPaid
	})
}

func (s *Shop) awaitRefund(t testing.TB, orderID string, of func(order.Refund) bool) order.Refund {
	t.Helper()
	r := s.AwaitPayment(t, orderID, "the refund shows in the order's payment", func(r PaymentResult) bool {
		return slices.ContainsFunc(r.Refunds, of)
	})
	return r.Refunds[slices.IndexFunc(r.Refunds, of)]
}
