package stripe_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/stripe"
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

func paid(t *testing.T) (*account, *stripe.Provider, string) {
	t.Helper()
	a, p := newAccount(t)
	id, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	require.NoError(t, a.pay(id))
	return a, p, id
}

func TestARefundIsMadeOnce(t *testing.T) {
	a, p, id := paid(t)
	a.fail(fault{path: "POST /v1/refunds", after: true})
	_, err := p.Refund(t.Context(), refundOf(id))
	require.ErrorIs(t, err, payment.ErrUnavailable)
	for _, later := range []time.Duration{0, time.Hour, 48 * time.Hour} { // longer than keys are remembered
		a.pass(later)
		got, err := p.Refund(t.Context(), refundOf(id))
		require.NoError(t, err)
		require.Equal(t, order.RefundAnswer{Status: order.RefundPending, ProviderID: a.refunds[0].id}, got)
	}
	a.setRefund(a.refunds[0].id, "requires_action", "")
	got, err := p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	require.Equal(t, order.RefundPending, got.Status)
	a.setRefund(a.refunds[0].id, "succeeded", "")
	got, err = p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	require.Equal(t, order.RefundAnswer{Status: order.RefundPaid, ProviderID: a.refunds[0].id}, got)
	require.Len(t, a.refunds, 1)
	require.Equal(t, map[string]string{"refund_id": "full:stripe:o-1", "order_id": "o-1"}, a.refunds[0].metadata)
}

func TestAFailedRefundIsToldOnceAndThenMadeAnew(t *testing.T) {
	a, p, id := paid(t)
	for n, status := range []string{"failed", "canceled"} {
		got, err := p.Refund(t.Context(), refundOf(id))
		require.NoError(t, err)
		require.Equal(t, order.RefundPending, got.Status)
		require.Len(t, a.refunds, n+1)
		a.setRefund(got.ProviderID, status, map[string]string{"failed": "expired_or_canceled_card"}[status])
		a.fail(fault{path: "POST /v1/refunds/" + got.ProviderID})
		_, err = p.Refund(t.Context(), refundOf(id))
		require.ErrorIs(t, err, payment.ErrUnavailable, "that it was told could not be written down")
		failed, err := p.Refund(t.Context(), refundOf(id)) // the waiting caller learns that it failed
		require.NoError(t, err)
		require.Equal(t, order.RefundFailed, failed.Status)
		require.Equal(t, map[string]string{"failed": "expired_or_canceled_card", "canceled": "canceled"}[status], failed.Detail)
		require.Len(t, a.refunds, n+1)
	}
	a.fail(fault{path: "POST /v1/refunds", after: true})
	_, err := p.Refund(t.Context(), refundOf(id))
	require.ErrorIs(t, err, payment.ErrUnavailable)
	got, err := p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	require.Equal(t, order.RefundPending, got.Status)
	require.Len(t, a.refunds, 3)
}

func TestPartsGoBackUpToTheWhole(t *testing.T) {
	a, p, id := paid(t)
	for _, r := range []order.RefundRequest{part(id, "a", 300), part(id, "b", 900), part(id, "a", 300)} {
		got, err := p.Refund(t.Context(), r)
		require.NoError(t, err)
		require.Equal(t, order.RefundPending, got.Status)
	}
	require.Len(t, a.refunds, 2)
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
	a.fail(fault{
		path: "POST /v1/refunds", status: 400, kept: true,
		body: `{"error":{"type":"invalid_request_error","code":"balance_insufficient","message":"Insufficient funds in your Stripe balance"}}`,
	})
	var no *order.RefusalError
	_, err := p.Refund(t.Context(), refundOf(id))
	require.ErrorAs(t, err, &no)
	require.Contains(t, no.Reason, "Insufficient funds")
	got, err := p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	require.Equal(t, order.RefundPending, got.Status)
	require.Len(t, a.refunds, 1)
}

// An error that Stripe stores may hide a refund that it makes after all: no other key.
func TestAnUnclearRefundIsNotMadeAgain(t *testing.T) {
	a, p, id := paid(t)
	a.fail(fault{path: "POST /v1/refunds", status: 500, body: serverError, kept: true})
	for range 3 {
		_, err := p.Refund(t.Context(), refundOf(id))
		require.ErrorIs(t, err, payment.ErrUnavailable)
	}
	require.Empty(t, a.refunds)
	a.pass(25 * time.Hour)
	_, err := p.Refund(t.Context(), refundOf(id))
	require.NoError(t, err)
	require.Len(t, a.refunds, 1)
}

func TestARefundIsFoundOnLaterPages(t *testing.T) {
	a, p, id := paid(t)
	a.page = 3
	for n := range 10 {
		_, err := p.Refund(t.Context(), part(id, fmt.Sprint(n), 100))
		require.NoError(t, err)
	}
	a.pass(48 * time.Hour)
	_, err := p.Refund(t.Context(), part(id, "0", 100)) // the last one on the list
	require.NoError(t, err)
	require.Len(t, a.refunds, 10)
}

func TestWhatCannotGoBackIsRefused(t *testing.T) {
	_, p := newAccount(t)
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
