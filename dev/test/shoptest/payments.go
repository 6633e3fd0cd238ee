package shoptest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
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
	return s.CallbackAt(e, time.Now())
}

// CallbackAt is Callback, signed at another time.
func (s *Shop) CallbackAt(e order.PaymentEvent, at time.Time) (Call, error) {
	e.OccurredAt = at
	c, err := s.provider.NewCallback(e)
	return callback(c), err
}

// Signed is any body, with the provider's signature.
func (s *Shop) Signed(eventID string, body []byte) (Call, error) {
	c, err := s.provider.Sign(eventID, time.Now(), body)
	return callback(c), err
}

func callback(c sandbox.Callback) Call {
	return Call{
		Method: http.MethodPost, Path: "/v1/payments/callbacks/" + sandbox.Name, Header: c.Header, Body: c.Body,
	}
}

// Tell sends a callback that the gateway must accept.
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

// Offer is what a buyer needs to pay.
type Offer struct {
	PaymentID   string `json:"paymentId"`
	Attempt     int    `json:"attempt"`
	Amount      int64  `json:"amount"`
	RedirectURL string `json:"redirectUrl"`
}

// Open requests a payment for the buyer.
func (s *Shop) Open(t testing.TB, o order.Order, status int) Offer {
	t.Helper()
	var offer Offer
	s.Must(t, status, Call{Method: http.MethodPost, Path: "/v1/orders/" + o.ID + "/payment"}).Into(t, &offer)
	return offer
}

// Choose acts as the buyer on the sandbox's page.
func (s *Shop) Choose(t testing.TB, o Offer, action string) {
	t.Helper()
	page, err := url.Parse(o.RedirectURL)
	require.NoError(t, err)
	s.Must(t, http.StatusOK, Call{
		Method: http.MethodPost, Path: page.Path, Body: JSON(t, map[string]any{"action": action}),
		Header: http.Header{"Accept": {"application/json"}},
	})
}

// Refund requests a refund as an operator; 0 means all that is left.
func (s *Shop) Refund(t testing.TB, orderID, key string, amount int64, status int) Answer {
	t.Helper()
	body := map[string]any{}
	if amount > 0 {
		body["amount"] = amount
	}
	return s.Must(t, status, Call{
		Method: http.MethodPost, Path: "/v1/orders/" + orderID + "/refunds", Key: key, Body: JSON(t, body),
	})
}

// Decide decides about a refund as an operator.
func (s *Shop) Decide(t testing.TB, status int, key string, decision map[string]any) Answer {
	t.Helper()
	return s.Must(t, status, Call{Method: http.MethodPost, Path: "/v1/refunds/decide", Key: key, Body: JSON(t, decision)})
}

// Pay pays an order in full and waits until it shows that.
func (s *Shop) Pay(t testing.TB, o order.Order) order.Order {
	t.Helper()
	s.Tell(t, PaymentOf(o))
	return s.Await(t, o.ID, order.StatusAwaitingShipment)
}

// PaymentResult is what the gateway reports about an order's money.
type PaymentResult struct {
	Status   order.PaymentStatus `json:"status"`
	Attempts []order.Attempt     `json:"attempts"`
	Refunds  []order.Refund      `json:"refunds"`
	Disputes []order.Dispute     `json:"disputes"`
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

// AwaitRefund waits until a refund of this payment has this status.
func (s *Shop) AwaitRefund(t testing.TB, orderID, paymentID string, status order.RefundStatus) order.Refund {
	t.Helper()
	of := func(r order.Refund) bool { return r.PaymentID == paymentID && r.Status == status }
	r := s.AwaitPayment(t, orderID, "the refund shows in the order's payment", func(r PaymentResult) bool {
		return slices.ContainsFunc(r.Refunds, of)
	})
	return r.Refunds[slices.IndexFunc(r.Refunds, of)]
}
