package paymenttest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

func declined(t *testing.T, h Harness) {
	need(t, h.Decline != nil, "decline")
	r, id := h.create(t)
	h.Decline(t, id)
	failed := h.told(t, id, order.PaymentFailed)
	require.Len(t, failed, 1)
	require.Equal(t, r.OrderID, failed[0].OrderID)
	require.Equal(t, order.ProviderOpen, h.status(t, id))
	h.Pay(t, id)
	require.Equal(t, order.ProviderSucceeded, h.status(t, id))
	require.Len(t, h.told(t, id, order.PaymentSucceeded), 1)
}

func late(t *testing.T, h Harness) {
	need(t, h.PayLate != nil, "pay a cancelled payment")
	r, id := h.create(t)
	require.Equal(t, order.CancelOutcomeCancelled, h.cancel(t, id, r).Outcome)
	h.PayLate(t, id)
	require.Equal(t, order.ProviderSucceeded, h.status(t, id))
	told := h.told(t, id, order.PaymentSucceeded)
	require.Len(t, told, 1)
	require.Equal(t, r.Amount, told[0].Amount)
	requirePaid(t, h, h.cancel(t, id, r), id, r)
	a, err := h.Provider.Refund(t.Context(), h.refund(h.books(t, id), "late", r.Amount))
	require.NoError(t, err)
	require.NotEqual(t, order.RefundFailed, a.Status)
}

func twice(t *testing.T, h Harness) {
	need(t, h.PayTwice != nil, "pay twice")
	r, id := h.create(t)
	h.PayTwice(t, id)
	h.PayTwice(t, id) // as if the buyer pressed the button again
	all := h.of(t, r)
	require.Len(t, all, 2)
	require.NotEqual(t, all[0].ID, all[1].ID)
	for _, p := range all {
		require.Equal(t, order.ProviderSucceeded, p.Status)
		require.Equal(t, r.Amount, p.Amount)
		told := h.told(t, p.ID, order.PaymentSucceeded)
		require.Len(t, told, 1)
		require.Equal(t, r.OrderID, told[0].OrderID)
		// Each is refunded by itself, even under one refund id.
		_, err := h.Provider.Refund(t.Context(), h.refund(p, order.FullRefund(h.Name, r.OrderID), r.Amount))
		require.NoError(t, err)
	}
	for _, p := range h.of(t, r) {
		require.Equal(t, r.Amount, p.Refunds[0].Amount)
	}
}

func otherAmount(t *testing.T, h Harness) {
	need(t, h.PayOther != nil, "pay another amount")
	r, id := h.create(t)
	h.PayOther(t, id, r.Amount-1)
	require.Equal(t, r.Amount-1, h.books(t, id).Amount)
	told := h.told(t, id, order.PaymentSucceeded)
	require.Len(t, told, 1)
	require.Equal(t, r.Amount-1, told[0].Amount)
	require.Equal(t, r.Amount-1, h.cancel(t, id, r).Paid.Amount)
	_, err := h.Provider.Refund(t.Context(), h.refund(h.books(t, id), "all", r.Amount))
	require.Error(t, err, "no more goes back than came")
}
