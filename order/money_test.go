package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
)

func TestSettle(t *testing.T) {
	refund := func(amount int64, change func(*order.Refund)) order.Refund {
		r := order.Refund{PaymentID: "p", Provider: "sandbox", Amount: amount, Status: order.RefundPaid}
		if change != nil {
			change(&r)
		}
		return r
	}
	for name, c := range map[string]struct {
		refunds []order.Refund
		status  order.PaymentStatus
		back    int64
	}{
		"nothing":      {nil, order.PaymentPaid, 0},
		"a part":       {[]order.Refund{refund(300, nil)}, order.PaymentPartiallyRefunded, 300},
		"all in parts": {[]order.Refund{refund(300, nil), refund(700, nil)}, order.PaymentRefunded, 1000},
		"by hand":      {[]order.Refund{refund(1000, func(r *order.Refund) { r.Status = order.RefundSettled })}, order.PaymentRefunded, 1000},
		"not yet":      {[]order.Refund{refund(300, func(r *order.Refund) { r.Status = order.RefundPending })}, order.PaymentPaid, 0},
		"of another payment": {[]order.Refund{
			refund(300, func(r *order.Refund) { r.PaymentID = "q" }), refund(300, func(r *order.Refund) { r.Provider = "other" }),
		}, order.PaymentPaid, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := order.Order{
				Payment: order.Payment{Status: order.PaymentPaid, Provider: "sandbox", ID: "p"},
				Amounts: map[string]int64{order.AmountPaid: 1000, order.AmountRefunded: 0},
			}
			o.Settle(order.Payments{Refunds: c.refunds})
			require.Equal(t, c.status, o.Payment.Status)
			require.Equal(t, c.back, o.Amounts[order.AmountRefunded])
		})
	}
	unpaid := order.Order{Payment: order.Payment{Status: order.PaymentPending, ID: "p"}}
	unpaid.Settle(order.Payments{Refunds: []order.Refund{refund(300, nil)}})
	require.Equal(t, order.PaymentPending, unpaid.Payment.Status)
}

// What is owed for a part and what went back of it are two things.
func TestSettlingSaysWhatWentBackForEachPart(t *testing.T) {
	paid := aPayment(1000)
	f := order.Fulfilment{
		Removals: []order.Removal{{ID: "c", Refund: 100}},
		Returns:  []order.Return{{ID: "r", Refund: 200}, {ID: "q", Refund: 300}},
		Packages: []order.Package{{ID: "p"}, {ID: "lost", Resolution: &order.Resolution{ID: "s", Refund: 400}}},
	}
	o := order.Order{
		Payment: order.Payment{Status: order.PaymentPaid, Provider: paid.Provider, ID: paid.PaymentID},
		Amounts: map[string]int64{order.AmountPaid: 1000}, Fulfilment: &f,
	}
	part := func(reason order.RefundReason, id string, amount int64, status order.RefundStatus) order.Refund {
		r := order.RefundOfPart(paid, reason, id, amount)
		r.Status = status
		return r
	}
	o.Settle(order.Payments{Refunds: []order.Refund{
		part(order.RefundPartCancelled, "c", 100, order.RefundPaid), part(order.RefundReturned, "r", 50, order.RefundSettled),
		part(order.RefundReturned, "q", 300, order.RefundFailed), part(order.RefundLost, "s", 400, order.RefundPaid),
	}})
	require.Equal(t, int64(100), o.Removals[0].Refunded)
	require.Equal(t, int64(50), o.Returns[0].Refunded, "no more was left")
	require.Zero(t, o.Returns[1].Refunded, "it failed")
	require.Equal(t, int64(400), o.Packages[1].Resolution.Refunded)
	require.Equal(t, int64(550), o.Amounts[order.AmountRefunded])
	require.Zero(t, f.Returns[0].Refunded, "the caller's order stays as it is")
	require.Zero(t, f.Packages[1].Resolution.Refunded)
}

func TestReadPayments(t *testing.T) {
	p, err := order.ReadPayments(map[string][]byte{
		"payment:sandbox:p": []byte(`{"id":"p"}`), "refund:p/r": []byte(`{"id":"r"}`), "dispute:sandbox:d": []byte(`{"id":"d"}`),
		"alert:a": []byte(`{"alertId":"a"}`), "later:x": []byte(`{`),
	})
	require.NoError(t, err)
	require.Equal(t, order.Payments{
		Attempts: []order.Attempt{{PaymentID: "p"}}, Refunds: []order.Refund{{ID: "r"}}, Disputes: []order.Dispute{{ID: "d"}},
		Dismissals: []order.Dismissal{{AlertID: "a"}},
	}, p)
	_, err = order.ReadPayments(map[string][]byte{"refund:p/r": []byte(`{`)})
	require.ErrorContains(t, err, "refund:p/r")
	require.False(t, order.NeedsSettling(map[string][]byte{"payment:sandbox:p": nil}))
	for _, field := range []string{"refund:p/r", "dispute:sandbox:d", "alert:a"} {
		require.True(t, order.NeedsSettling(map[string][]byte{"payment:sandbox:p": nil, field: nil}), field)
	}
}

// An order's id is used again if its Idempotency-Key is used again after a month: the first
// order's payment must not be found as paid now.
func TestTwoLivesOfAnOrderAskForTwoPayments(t *testing.T) {
	r := order.PaymentRequest{OrderID: "o", Attempt: 1, Until: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	again, later := r, r
	again.Until = r.Until.In(time.FixedZone("CET", 3600))
	later.Until = r.Until.AddDate(0, 1, 1)
	require.Equal(t, r.Key(), again.Key())
	require.NotEqual(t, r.Key(), later.Key())
}
