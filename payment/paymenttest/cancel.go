package paymenttest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
)

func cancelOpen(t *testing.T, h Harness) {
	r, id := h.create(t)
	for range 2 {
		require.Equal(t, order.Cancellation{Outcome: order.CancelOutcomeCancelled}, h.cancel(t, id, r))
		require.Equal(t, order.ProviderCancelled, h.status(t, id))
	}
	require.Equal(t, order.CancelOutcomeCancelled, h.cancel(t, "", r).Outcome, "by the attempt alone")
}

func cancelLost(t *testing.T, h Harness) {
	need(t, h.Lose != nil, "lose an answer")
	r := h.request()
	h.Lose(t)
	_, err := h.Provider.Create(t.Context(), r)
	require.ErrorIs(t, err, payment.ErrUnavailable)
	h.Lose(t)
	_, err = h.Provider.Cancel(t.Context(), "", r)
	require.ErrorIs(t, err, payment.ErrUnavailable)
	require.Equal(t, order.CancelOutcomeCancelled, h.cancel(t, "", r).Outcome)
	require.Equal(t, order.ProviderCancelled, h.status(t, h.createdFor(t, r)))
}

func cancelBeforeCreate(t *testing.T, h Harness) {
	r := h.request()
	for range 2 {
		outcome := h.cancel(t, "", r).Outcome
		require.Contains(t, []order.CancelOutcome{order.CancelOutcomeNoPayment, order.CancelOutcomeCancelled}, outcome)
	}
	id := h.createdFor(t, r) // it was in flight all the time
	require.Equal(t, order.ProviderCancelled, h.status(t, id))
	require.Equal(t, order.CancelOutcomeCancelled, h.cancel(t, id, r).Outcome)
	require.Equal(t, order.CancelOutcomeCancelled, h.cancel(t, "", r).Outcome)

	r.Attempt = 2
	require.Equal(t, order.ProviderOpen, h.status(t, h.createdFor(t, r)), "the next attempt is another payment")
}

func cancelAndCreate(t *testing.T, h Harness) {
	for range 4 {
		r := h.request()
		together(2, func(i int) {
			if i == 0 {
				_, _ = h.Provider.Create(t.Context(), r) // whatever it returns
			} else {
				_, _ = h.Provider.Cancel(t.Context(), "", r)
			}
		})
		outcome := h.cancel(t, "", r).Outcome
		require.Contains(t, []order.CancelOutcome{order.CancelOutcomeNoPayment, order.CancelOutcomeCancelled}, outcome)
		require.Equal(t, order.ProviderCancelled, h.status(t, h.createdFor(t, r)))
	}
}

func cancelAndPay(t *testing.T, h Harness) {
	r, id := h.create(t)
	h.Pay(t, id)
	together(4, func(int) {
		c, err := h.Provider.Cancel(t.Context(), id, r)
		if err != nil || c.Outcome != order.CancelOutcomePaid {
			t.Errorf("a paid payment is cancelled: %+v, %v", c, err)
		}
	})
	require.Equal(t, order.ProviderSucceeded, h.status(t, id))
}

func cancelPaid(t *testing.T, h Harness) {
	r, id := h.paid(t)
	for _, by := range []string{id, ""} {
		requirePaid(t, h, h.cancel(t, by, r), id, r)
	}
	_, err := h.Provider.Refund(t.Context(), h.refund(h.books(t, id), "full", r.Amount))
	require.NoError(t, err)
	requirePaid(t, h, h.cancel(t, id, r), id, r) // it was paid, wherever the money is now
}

func cancelProcessing(t *testing.T, h Harness) {
	need(t, h.Process != nil, "process a payment")
	for _, paid := range []bool{true, false} {
		r, id := h.create(t)
		h.Process(t, id)
		require.Equal(t, order.ProviderProcessing, h.status(t, id))
		require.Equal(t, order.Cancellation{Outcome: order.CancelOutcomeProcessing}, h.cancel(t, id, r))
		require.Equal(t, order.CancelOutcomeProcessing, h.cancel(t, "", r).Outcome)
		require.Equal(t, id, h.createdFor(t, r))
		if paid {
			h.Pay(t, id)
			requirePaid(t, h, h.cancel(t, id, r), id, r)
			require.Len(t, h.told(t, id, order.PaymentSucceeded), 1)
			continue
		}
		h.Decline(t, id)
		require.Equal(t, order.CancelOutcomeCancelled, h.cancel(t, id, r).Outcome)
		require.Empty(t, h.told(t, id, order.PaymentSucceeded))
	}
}

func cancelDeclined(t *testing.T, h Harness) {
	need(t, h.Decline != nil, "decline")
	r, id := h.create(t)
	h.Decline(t, id)
	require.Equal(t, order.CancelOutcomeCancelled, h.cancel(t, id, r).Outcome)
	require.Equal(t, order.ProviderCancelled, h.status(t, id))
}

func cancelRefused(t *testing.T, h Harness) {
	need(t, h.Refuse != nil, "refuse a buyer")
	r, id := h.create(t)
	h.Refuse(t, id)
	require.Len(t, h.told(t, id, order.PaymentDeclined), 1)
	require.Equal(t, order.CancelOutcomeCancelled, h.cancel(t, id, r).Outcome)
	require.Equal(t, id, h.createdFor(t, r))
	require.Equal(t, order.ProviderCancelled, h.status(t, id))
}

func cancelledSaysNothing(t *testing.T, h Harness) {
	r, id := h.create(t)
	h.cancel(t, id, r)
	require.Empty(t, h.told(t, id, order.PaymentSucceeded))
}
