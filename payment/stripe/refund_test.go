package stripe_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/stripe"
	"holdfast/payment/stripe/stripetest"
)

func refundOf(paymentID string) order.RefundRequest {
	return order.RefundRequest{
		RefundID: "full:stripe:o-1", PaymentID: paymentID, OrderID: "o-1", Amount: 1250, Currency: "EUR", Paid: 1250,
	}
}

func part(paymentID, name string, amount int64) order.RefundRequest {
	r := refundOf(paymentID)
	r.RefundID, r.Amount = "part:stripe:"+name, amount
	return r
}

func paid(t *testing.T) (*stripetest.Account, *stripe.Provider, string) {
	t.Helper()
	a, p := stripetest.New(t)
	id, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	require.NoError(t, a.Pay(id))
	return a, p, id
}

func TestARefundIsMadeOnce(t *testing.T) {
	a, p, id := paid(t)
	a.Fail(stripetest.Fault{Path: "POST /v1/refunds", After: true})
	_, err := p.Refund(t.Context(), refundOf(id))
	require.ErrorIs(t, err, payment.ErrUnavailable)
	for _, later := range []time.Duration{0, time.Hour, 48 * time.Hour} { // longer than keys are remembered
		a.Pass(later)
		got, err := p.Refund(t.Context(), refundOf(id))
		require.NoError(t, err)
		require.Equal(t, order.RefundAnswer{Status: order.RefundPending, ProviderID: a.Refunds[0].ID}, got)
	}
	a.SetRefund(a.Refunds[0].ID, "requires_action", "")
	got, err := p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	require.Equal(t, order.RefundPending, got.Status)
	a.SetRefund(a.Refunds[0].ID, "succeeded", "")
	got, err = p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	require.Equal(t, order.RefundAnswer{Status: order.RefundPaid, ProviderID: a.Refunds[0].ID}, got)
	require.Len(t, a.Refunds, 1)
	require.Equal(t, map[string]string{"refund_id": "full:stripe:o-1", "order_id": "o-1"}, a.Refunds[0].Metadata)
}

func TestAFailedRefundIsToldOnceAndThenMadeAnew(t *testing.T) {
	a, p, id := paid(t)
	for n, status := range []string{"failed", "canceled"} {
		got, err := p.Refund(t.Context(), refundOf(id))
		require.NoError(t, err)
		require.Equal(t, order.RefundPending, got.Status)
		require.Len(t, a.Refunds, n+1)
		a.SetRefund(got.ProviderID, status, map[string]string{"failed": "expired_or_canceled_card"}[status])
		a.Fail(stripetest.Fault{Path: "POST /v1/refunds/" + got.ProviderID})
		_, err = p.Refund(t.Context(), refundOf(id))
		require.ErrorIs(t, err, payment.ErrUnavailable, "that it was told could not be written down")
		failed, err := p.Refund(t.Context(), refundOf(id)) // the waiting caller learns that it failed
		require.NoError(t, err)
		require.Equal(t, order.RefundFailed, failed.Status)
		require.Equal(t, map[string]string{"failed": "expired_or_canceled_card", "canceled": "canceled"}[status], failed.Detail)
		require.Len(t, a.Refunds, n+1)
	}
	a.Fail(stripetest.Fault{Path: "POST /v1/refunds", After: true})
	_, err := p.Refund(t.Context(), refundOf(id))
	require.ErrorIs(t, err, payment.ErrUnavailable)
	got, err := p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	require.Equal(t, order.RefundPending, got.Status)
	require.Len(t, a.Refunds, 3)
}

func TestPartsGoBackUpToTheWhole(t *testing.T) {
	a, p, id := paid(t)
	for _, r := range []order.RefundRequest{part(id, "a", 300), part(id, "b", 900), part(id, "a", 300)} {
		got, err := p.Refund(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, order.RefundPending, got.Status)
	}
	require.Len(t, a.Refunds, 2)
	var no *order.RefusalError
	_, err := p.Refund(t.Context(), part(id, "c", 51))
	require.ErrorAs(t, err, &no)
	require.Contains(t, no.Reason, "greater than unrefunded amount")
	_, err = p.Refund(t.Context(), part(id, "d", 50))
	require.NoError(t, err)
	_, err = p.Refund(t.Context(), part(id, "e", 1))
	require.ErrorAs(t, err, &no)
	require.Contains(t, no.Reason, "already been refunded")
}

// An operator who retries after the reason is gone must not get the old failure for a day.
func TestARefusalThatStripeKeepsIsPassed(t *testing.T) {
	a, p, id := paid(t)
	a.Fail(stripetest.Fault{
		Path: "POST /v1/refunds", Status: 400, Kept: true,
		Body: `{"error":{"type":"invalid_request_error","code":"balance_insufficient","message":"Insufficient funds in your Stripe balance"}}`,
	})
	var no *order.RefusalError
	_, err := p.Refund(t.Context(), refundOf(id))
	require.ErrorAs(t, err, &no)
	require.Contains(t, no.Reason, "Insufficient funds")
	got, err := p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	require.Equal(t, order.RefundPending, got.Status)
	require.Len(t, a.Refunds, 1)
}

// An error that Stripe stores may hide a refund that it makes after all: no other key.
func TestAnUnclearRefundIsNotMadeAgain(t *testing.T) {
	a, p, id := paid(t)
	a.Fail(stripetest.Fault{Path: "POST /v1/refunds", Status: 500, Body: serverError, Kept: true})
	for range 3 {
		_, err := p.Refund(t.Context(), refundOf(id))
		require.ErrorIs(t, err, payment.ErrUnavailable)
	}
	require.Empty(t, a.Refunds)
	a.Pass(25 * time.Hour)
	_, err := p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	require.Len(t, a.Refunds, 1)
}

func TestARefundIsFoundOnLaterPages(t *testing.T) {
	a, p, id := paid(t)
	a.Page = 3
	for n := range 10 {
		_, err := p.Refund(t.Context(), part(id, fmt.Sprint(n), 100))
		require.NoError(t, err)
	}
	a.Pass(48 * time.Hour)
	_, err := p.Refund(t.Context(), part(id, "0", 100)) // the last one on the list
	require.NoError(t, err)
	require.Len(t, a.Refunds, 10)
}

func TestWhatCannotGoBackIsRefused(t *testing.T) {
	_, p := stripetest.New(t)
	open, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	odd := refundOf(open)
	odd.Amount, odd.Currency = 1234, "TND"
	for name, r := range map[string]order.RefundRequest{
		"never paid": refundOf(open), "unknown": refundOf("pi_none"), "no id": refundOf(""), "a part of a step": odd,
	} {
		_, err = p.Refund(t.Context(), r)
		var no *order.RefusalError
		require.ErrorAs(t, err, &no, name)
	}
}
