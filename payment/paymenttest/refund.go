package paymenttest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment"
)

const minute = time.Minute

func (h Harness) refund(p order.ProviderPayment, id string, amount int64) order.RefundRequest {
	return order.RefundRequest{
		RefundID: id, PaymentID: p.ID, OrderID: p.OrderID, Amount: amount, Currency: p.Currency, Paid: p.Amount,
	}
}

// goesBack requires that the refund was accepted.
func (h Harness) goesBack(t *testing.T, r order.RefundRequest) order.RefundAnswer {
	t.Helper()
	a, err := h.Provider.Refund(t.Context(), r)
	require.NoError(t, err)
	require.Contains(t, []order.RefundStatus{order.RefundPaid, order.RefundPending}, a.Status)
	require.NotEmpty(t, a.ProviderID)
	return a
}

// staysHere requires that the provider refuses for good.
func (h Harness) staysHere(t *testing.T, r order.RefundRequest) {
	t.Helper()
	a, err := h.Provider.Refund(t.Context(), r)
	var refusal *order.RefusalError
	if err == nil {
		require.Equal(t, order.RefundFailed, a.Status)
		return
	}
	require.ErrorAs(t, err, &refusal)
}

// back returns how much of a payment has been or is being refunded.
func (h Harness) back(t *testing.T, id string) (sum int64) {
	t.Helper()
	for _, r := range h.books(t, id).Refunds {
		if r.Status.Counts() && r.Status != order.RefundFailed {
			sum += r.Amount
		}
	}
	return sum
}

func refundWhole(t *testing.T, h Harness) {
	r, id := h.paid(t)
	asked := h.refund(h.books(t, id), order.FullRefund(h.Name, r.OrderID), r.Amount)
	first := h.goesBack(t, asked)
	second := h.goesBack(t, asked)
	require.Equal(t, first.ProviderID, second.ProviderID)
	p := h.books(t, id)
	require.Len(t, p.Refunds, 1)
	require.Equal(t, asked.RefundID, p.Refunds[0].ID)
	require.Equal(t, first.ProviderID, p.Refunds[0].ProviderID)
	require.Equal(t, r.Amount, p.Refunds[0].Amount)
	require.Equal(t, order.ProviderSucceeded, p.Status)
	require.Equal(t, r.Amount, p.Amount, "what was paid stays what was paid")
}

func refundParts(t *testing.T, h Harness) {
	r, id := h.paid(t)
	p := h.books(t, id)
	third := r.Amount / 3
	h.goesBack(t, h.refund(p, order.PartRefund(h.Name, "a"), third))
	h.goesBack(t, h.refund(p, order.PartRefund(h.Name, "b"), third))
	h.goesBack(t, h.refund(p, order.PartRefund(h.Name, "a"), third))
	require.Equal(t, 2*third, h.back(t, id))
	h.goesBack(t, h.refund(p, "rest", r.Amount-2*third))
	require.Equal(t, r.Amount, h.back(t, id))
	require.Len(t, h.books(t, id).Refunds, 3)
}

func refundTooMuch(t *testing.T, h Harness) {
	r, id := h.paid(t)
	p := h.books(t, id)
	h.staysHere(t, h.refund(p, "too much", r.Amount+1))
	require.Zero(t, h.back(t, id))
	h.goesBack(t, h.refund(p, "half", r.Amount/2))
	h.staysHere(t, h.refund(p, "whole", r.Amount))
	h.goesBack(t, h.refund(p, "rest", r.Amount-r.Amount/2))
	h.staysHere(t, h.refund(p, "one more", 1))
	require.Equal(t, r.Amount, h.back(t, id))
}

func refundParallel(t *testing.T, h Harness) {
	r, id := h.paid(t)
	p := h.books(t, id)
	together(6, func(i int) {
		_, _ = h.Provider.Refund(t.Context(), h.refund(p, []string{"a", "b", "c"}[i%3], r.Amount/2+1)) // one id fits
	})
	require.Equal(t, r.Amount/2+1, h.back(t, id))
	require.Len(t, h.books(t, id).Refunds, 1)
}

func refundUnpaid(t *testing.T, h Harness) {
	r, id := h.create(t)
	asked := h.refund(h.books(t, id), "early", r.Amount)
	h.staysHere(t, asked)
	h.cancel(t, id, r)
	h.staysHere(t, asked)
}

func refundLost(t *testing.T, h Harness) {
	need(t, h.Lose != nil, "lose an answer")
	r, id := h.paid(t)
	asked := h.refund(h.books(t, id), "lost", r.Amount)
	h.Lose(t)
	_, err := h.Provider.Refund(t.Context(), asked)
	require.ErrorIs(t, err, payment.ErrUnavailable)
	h.goesBack(t, asked)
	require.Equal(t, r.Amount, h.back(t, id))
}

func refundTwoPayments(t *testing.T, h Harness) {
	r, first := h.paid(t)
	r.Attempt = 2
	second := h.createdFor(t, r)
	h.Pay(t, second)
	for _, id := range []string{first, second} {
		h.goesBack(t, h.refund(h.books(t, id), order.FullRefund(h.Name, r.OrderID), r.Amount))
	}
	for _, id := range []string{first, second} {
		require.Equal(t, r.Amount, h.back(t, id))
	}
}

func refundUnknown(t *testing.T, h Harness) {
	asked := order.RefundRequest{
		RefundID: "half", PaymentID: uuid.NewString(), OrderID: uuid.NewString(),
		Amount: 500, Currency: "EUR", Paid: 1000,
	}
	if !h.TakesUnknown {
		h.staysHere(t, asked)
		return
	}
	h.goesBack(t, asked)
	p := h.books(t, asked.PaymentID)
	require.Equal(t, order.ProviderSucceeded, p.Status)
	require.Equal(t, asked.OrderID, p.OrderID)
	require.Equal(t, int64(1000), p.Amount)
	h.staysHere(t, h.refund(p, "more", 501))
	h.goesBack(t, h.refund(p, "rest", 500))
}

// Money that came back after it was paid out is reported, and is paid out again if the
// caller names the failed payout.
func refundComesBack(t *testing.T, h Harness) {
	need(t, h.FailRefund != nil, "have a refund come back")
	r, id := h.paid(t)
	p := h.books(t, id)
	h.goesBack(t, h.refund(p, order.PartRefund(h.Name, "stays"), 1))
	asked := h.refund(p, order.FullRefund(h.Name, r.OrderID), r.Amount-1)
	var failed []string
	for range 3 {
		first := h.goesBack(t, asked)
		require.NotContains(t, failed, first.ProviderID)
		h.FailRefund(t, id)
		sent := h.Sent(t, id)
		var said *order.PaymentEvent
		for _, m := range sent { // the latest message
			if e, err := h.Provider.Callback(m.Header, m.Body, h.now()); err == nil && e.Type == order.PaymentRefundFailed {
				said = &e
			}
		}
		require.NotNil(t, said)
		require.Equal(t, id, said.PaymentID)
		require.Equal(t, r.OrderID, said.OrderID)
		require.Equal(t, r.Amount-1, said.Amount)
		require.Equal(t, "EUR", said.Currency)
		require.Equal(t, asked.RefundID, said.Refund.ID)
		require.Equal(t, first.ProviderID, said.Refund.ProviderID)
		require.NotEmpty(t, said.Refund.Detail)
		require.Equal(t, int64(1), h.back(t, id))
		failed = append(failed, first.ProviderID)
		require.Len(t, h.books(t, id).Refunds, 1+len(failed), "the books keep what failed")
		asked.Failed = failed
	}
	h.goesBack(t, asked)
	require.Equal(t, r.Amount, h.back(t, id))
}
