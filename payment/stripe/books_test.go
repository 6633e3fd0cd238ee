package stripe_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/stripe/stripetest"
)

func TestTheBooksAreRead(t *testing.T) {
	a, p, id := paid(t)
	got, err := p.LookUp(t.Context(), id)
	require.NoError(t, err)
	want := order.ProviderPayment{
		ID: id, OrderID: "o-1", Status: order.ProviderSucceeded, Amount: 1250, Currency: "EUR", CreatedAt: stripetest.Start, PaidAt: stripetest.Start,
	}
	require.Equal(t, want, got)

	answer, err := p.Refund(t.Context(), part(id, "a", 300))
	require.NoError(t, err)
	a.SetRefund(answer.ProviderID, "failed", "declined")
	got, err = p.LookUp(t.Context(), id)
	require.NoError(t, err)
	want.Refunds = []order.ProviderRefund{
		{ID: "part:stripe:a", ProviderID: answer.ProviderID, Amount: 300, Status: order.RefundFailed, Detail: "declined"},
	}
	require.Equal(t, want, got)

	for _, none := range []string{"pi_none", ""} {
		_, err = p.LookUp(t.Context(), none)
		require.ErrorIs(t, err, payment.ErrNoPayment)
	}
}

func TestEveryStateHasItsWord(t *testing.T) {
	a, p := stripetest.New(t)
	id, err := p.Create(t.Context(), asked())
	require.NoError(t, err)
	for status, want := range map[string]order.ProviderStatus{
		"requires_payment_method": order.ProviderOpen, "requires_confirmation": order.ProviderOpen,
		"requires_action": order.ProviderOpen, "requires_capture": order.ProviderOpen,
		"processing": order.ProviderProcessing, "canceled": order.ProviderCancelled,
		"of_tomorrow": order.ProviderProcessing,
	} {
		a.Intent(id).Status = status
		got, err := p.LookUp(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, want, got.Status, status)
		require.True(t, got.PaidAt.IsZero(), status)
	}
}

func TestAllPaymentsSinceAreGoneThrough(t *testing.T) {
	a, p := stripetest.New(t)
	a.Page = 3
	var ids []string
	for n := range 8 {
		r := asked()
		r.OrderID = fmt.Sprint("o-", n)
		id, err := p.Create(t.Context(), r)
		require.NoError(t, err)
		ids = append(ids, id)
		a.Pass(time.Hour)
	}
	a.Intents = append(a.Intents, &stripetest.Intent{ID: "pi_of_others", Status: "succeeded", Currency: "usd", Amount: 1, Created: a.Clock().Unix(), Metadata: map[string]string{"order_id": "17"}})
	require.NoError(t, a.Pay(ids[7]))
	for n := range 12 { // more than are included in a charge
		_, err := p.Refund(t.Context(), part(ids[7], fmt.Sprint(n), 100))
		require.NoError(t, err)
	}
	var got []string
	for one, err := range p.Payments(t.Context(), stripetest.Start.Add(2*time.Hour)) {
		require.NoError(t, err)
		got = append([]string{one.ID}, got...)
		if one.ID == ids[7] {
			require.Len(t, one.Refunds, 12)
		}
	}
	require.Equal(t, ids[2:], got)

	for one, err := range p.Payments(t.Context(), stripetest.Start) { // a caller may stop early
		require.NoError(t, err)
		require.Equal(t, ids[7], one.ID)
		break
	}
	a.Fail(stripetest.Fault{Path: "GET /v1/payment_intents"})
	var errs []error
	for _, err := range p.Payments(t.Context(), stripetest.Start) {
		errs = append(errs, err)
	}
	require.Len(t, errs, 1)
	require.ErrorIs(t, errs[0], payment.ErrUnavailable)
}
