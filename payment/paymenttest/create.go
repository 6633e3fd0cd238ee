package paymenttest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
)

func createAgain(t *testing.T, h Harness) {
	r, id := h.create(t)
	require.True(t, product.ValidID(id), id)
	require.Equal(t, id, h.createdFor(t, r))
	h.Pay(t, id)
	require.Equal(t, id, h.createdFor(t, r), "whatever became of it")
	require.Equal(t, order.ProviderSucceeded, h.status(t, id))

	r, id = h.create(t)
	h.cancel(t, id, r)
	require.Equal(t, id, h.createdFor(t, r))
	require.Equal(t, order.ProviderCancelled, h.status(t, id), "it can't be paid again")
}

func createAfterALostAnswer(t *testing.T, h Harness) {
	need(t, h.Lose != nil, "lose an answer")
	r := h.request()
	h.Lose(t)
	_, err := h.Provider.Create(t.Context(), r)
	require.ErrorIs(t, err, payment.ErrUnavailable)
	id := h.createdFor(t, r)
	require.Equal(t, id, h.createdFor(t, r))
	require.Len(t, h.of(t, r), 1, "it was created once")
}

func createInParallel(t *testing.T, h Harness) {
	r := h.request()
	ids := make([]string, 8)
	errs := make([]error, len(ids))
	together(len(ids), func(i int) { ids[i], errs[i] = h.Provider.Create(t.Context(), r) })
	var id string
	for i := range ids {
		if errs[i] != nil { // two at a time may be too many for a provider, but there must never be two payments
			require.ErrorIs(t, errs[i], payment.ErrUnavailable)
			continue
		}
		if id == "" {
			id = ids[i]
		}
		require.Equal(t, id, ids[i])
	}
	if again := h.createdFor(t, r); id != "" {
		require.Equal(t, id, again)
	}
	require.Len(t, h.of(t, r), 1)
}

func createOthers(t *testing.T, h Harness) {
	r, first := h.create(t)
	r.Attempt = 2
	second := h.createdFor(t, r)
	_, other := h.create(t)
	require.NotEqual(t, first, second)
	require.NotEqual(t, first, other)
	require.NotEqual(t, second, other)
}

func createNonsense(t *testing.T, h Harness) {
	for _, change := range []func(*order.PaymentRequest){
		func(r *order.PaymentRequest) { r.Amount = 0 },
		func(r *order.PaymentRequest) { r.Amount = -1 },
		func(r *order.PaymentRequest) { r.Currency = "nix" },
	} {
		r := h.request()
		change(&r)
		_, err := h.Provider.Create(t.Context(), r)
		var refusal *order.RefusalError
		require.ErrorAs(t, err, &refusal, "%+v", r)
		require.Equal(t, h.Name, refusal.Provider)
		require.NotEmpty(t, refusal.Reason)
	}
}

func checkout(t *testing.T, h Harness) {
	_, id := h.create(t)
	c, err := h.Provider.Checkout(t.Context(), id)
	require.NoError(t, err)
	require.NotEqual(t, c.RedirectURL == "", c.ClientSecret == "", "one or the other")
	again, err := h.Provider.Checkout(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, c.RedirectURL == "", again.RedirectURL == "")
}

func outOfTime(t *testing.T, h Harness) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := h.request()
	_, err := h.Provider.Create(ctx, r)
	require.ErrorIs(t, err, payment.ErrUnavailable)
	_, err = h.Provider.Cancel(ctx, "", r)
	require.ErrorIs(t, err, payment.ErrUnavailable)
	_, id := h.paid(t)
	_, err = h.Provider.Refund(ctx, h.refund(h.books(t, id), "r", 1))
	require.ErrorIs(t, err, payment.ErrUnavailable)
	_, err = h.Provider.LookUp(ctx, id)
	require.ErrorIs(t, err, payment.ErrUnavailable)
}

// of returns all payments in the provider's books for a request's order.
func (h Harness) of(t *testing.T, r order.PaymentRequest) []order.ProviderPayment {
	t.Helper()
	var found []order.ProviderPayment
	for p, err := range h.Provider.Payments(t.Context(), h.now().Add(-minute)) {
		require.NoError(t, err)
		if p.OrderID == r.OrderID {
			found = append(found, p)
		}
	}
	return found
}

func together(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}
