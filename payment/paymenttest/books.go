package paymenttest

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
)

func lookUp(t *testing.T, h Harness) {
	_, err := h.Provider.LookUp(t.Context(), uuid.NewString())
	require.ErrorIs(t, err, payment.ErrNoPayment)

	r, id := h.create(t)
	p := h.books(t, id)
	require.Equal(t, id, p.ID)
	require.Equal(t, r.OrderID, p.OrderID)
	require.Equal(t, order.ProviderOpen, p.Status)
	require.Equal(t, r.Amount, p.Amount)
	require.Equal(t, r.Currency, p.Currency)
	require.WithinDuration(t, h.now(), p.CreatedAt, minute)
	require.True(t, p.PaidAt.IsZero())
	require.Empty(t, p.Refunds)

	h.Pay(t, id)
	p = h.books(t, id)
	require.Equal(t, order.ProviderSucceeded, p.Status)
	require.WithinDuration(t, h.now(), p.PaidAt, minute)
}

func walk(t *testing.T, h Harness) {
	want := map[string]order.ProviderStatus{}
	_, open := h.create(t)
	want[open] = order.ProviderOpen
	r, gone := h.create(t)
	h.cancel(t, gone, r)
	want[gone] = order.ProviderCancelled
	_, paid := h.paid(t)
	want[paid] = order.ProviderSucceeded
	h.goesBack(t, h.refund(h.books(t, paid), "part", 1))
	h.cancel(t, "", h.request()) // a mark of it, if any, is not a payment

	found := map[string]order.ProviderStatus{}
	for p, err := range h.Provider.Payments(t.Context(), h.now().Add(-minute)) {
		require.NoError(t, err)
		require.NotContains(t, found, p.ID, "each comes once")
		found[p.ID] = p.Status
		if _, mine := want[p.ID]; mine {
			require.Equal(t, h.books(t, p.ID), p)
		}
	}
	for id, status := range want {
		require.Equal(t, status, found[id], id)
	}
	for p, err := range h.Provider.Payments(t.Context(), h.now().Add(time.Hour)) {
		require.NoError(t, err)
		require.NotContains(t, want, p.ID, "it was created before")
	}
	for _, err := range h.Provider.Payments(t.Context(), h.now().Add(-minute)) {
		require.NoError(t, err)
		break // a caller may stop early
	}
}

func roundTrip(t *testing.T, h Harness) {
	r, id := h.paid(t)
	told := h.told(t, id, order.PaymentSucceeded)
	require.Len(t, told, 1)
	e := told[0]
	require.NotEmpty(t, e.EventID)
	require.Equal(t, h.Name, e.Provider)
	require.Equal(t, r.OrderID, e.OrderID)
	require.Equal(t, id, e.PaymentID)
	require.Equal(t, r.Amount, e.Amount)
	require.Equal(t, r.Currency, e.Currency)
	require.WithinDuration(t, h.now(), e.OccurredAt, minute)
}

func forged(t *testing.T, h Harness) {
	_, id := h.paid(t)
	_, other := h.paid(t)
	good, another := h.Sent(t, id)[0], h.Sent(t, other)[0]
	_, err := h.Provider.Callback(good.Header, good.Body, h.now())
	if err != nil {
		require.ErrorIs(t, err, payment.ErrIgnored)
	}
	plain := http.Header{}
	plain.Set("Content-Type", "application/json")
	for name, m := range map[string]Message{
		"no signature":         {plain, good.Body},
		"no headers":           {nil, good.Body},
		"another's signature":  {another.Header, good.Body},
		"a changed body":       {good.Header, bytes.Replace(good.Body, []byte(`"`), []byte(` "`), 1)},
		"more behind the body": {good.Header, append(bytes.Clone(good.Body), '\n')},
		"an empty body":        {good.Header, nil},
	} {
		_, err := h.Provider.Callback(m.Header, m.Body, h.now())
		require.ErrorIs(t, err, payment.ErrSignature, name)
	}
}

func stale(t *testing.T, h Harness) {
	_, id := h.paid(t)
	m := h.Sent(t, id)[0]
	for _, off := range []time.Duration{-payment.Tolerance - minute, payment.Tolerance + minute} {
		_, err := h.Provider.Callback(m.Header, m.Body, h.now().Add(off))
		require.ErrorIs(t, err, payment.ErrStale, off)
	}
}
