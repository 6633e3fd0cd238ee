package order_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
	"holdfast/product"
)

// holding is the prices of a placement's lines, in their order.
func holding(prices ...int64) order.Holding {
	h := order.Holding{Held: true, Currency: "EUR"}
	for _, p := range prices {
		h.Items = append(h.Items, order.PricedItem{SKU: "m", Title: "A thing", Price: p})
	}
	return h
}

func paidBy(id string, amount int64, at time.Time) order.PaymentEvent {
	return order.PaymentEvent{
		Provider: "sandbox", Type: order.PaymentSucceeded, PaymentID: id, Amount: amount, Currency: "EUR", OccurredAt: at,
	}
}

func TestSteps(t *testing.T) {
	placed := time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))
	o := order.New(placement(func(*order.Placement) {}), placed)
	require.Equal(t, order.StatusReserving, o.Status)
	require.Equal(t, order.PaymentNone, o.Payment.Status)
	require.Equal(t, placed.Add(15*time.Minute).UTC(), o.Payment.Deadline)
	require.Equal(t, time.UTC, o.PlacedAt.Location())
	require.Equal(t, "customer:customer-1", o.Journal[0].Actor)

	require.NoError(t, o.Hold(holding(500, 300), placed.Add(time.Second)))
	require.Equal(t, order.StatusAwaitingPayment, o.Status)
	require.Equal(t, order.PaymentPending, o.Payment.Status)
	require.Equal(t, int64(1300), o.Amounts[order.AmountTotal])
	require.Equal(t, int64(1000), o.Lines[0].Amount)
	require.Equal(t, "EUR", o.Currency)

	paidAt := placed.Add(time.Minute)
	o.Pay(paidBy("p", 1300, paidAt), paidAt.Add(time.Second))
	require.Equal(t, order.StatusPaid, o.Status)
	require.Equal(t, order.Payment{Status: order.PaymentPaid, Provider: "sandbox", ID: "p", PaidAt: paidAt.UTC(), Deadline: o.Payment.Deadline}, o.Payment)
	require.Equal(t, paidAt.UTC(), o.Journal[2].OccurredAt, "when it was paid")
	require.Equal(t, paidAt.Add(time.Second).UTC(), o.Journal[2].RecordedAt, "when the saga heard of it")
	require.Equal(t, map[string]string{"paymentId": "p", "amount": "1300", "currency": "EUR"}, o.Journal[2].Detail)

	o.Deliver("operator", paidAt.Add(time.Hour))
	require.Equal(t, order.StatusDelivered, o.Status)
	require.Equal(t, int64(4), o.Version)
	require.Equal(t, paidAt.Add(time.Hour).UTC(), o.UpdatedAt)
}

func TestTotalThatDoesNotFit(t *testing.T) {
	p := placement(func(p *order.Placement) { p.Lines = lines(3) })
	for name, prices := range map[string][]int64{
		"sum":  {math.MaxInt64 / 2, math.MaxInt64 / 2, 2},
		"line": {math.MaxInt64, math.MaxInt64, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := order.New(p, time.Unix(0, 0))
			require.ErrorIs(t, o.Hold(holding(prices...), time.Unix(0, 0)), product.ErrOverflow)
			require.Equal(t, order.StatusReserving, o.Status)
			require.Equal(t, int64(1), o.Version)
		})
	}
}

func TestClosingReason(t *testing.T) {
	at := time.Unix(0, 0)
	for _, c := range []struct {
		status order.Status
		reason order.Reason
		shown  order.Reason
	}{
		{order.StatusCancelled, order.ReasonCustomer, order.ReasonCustomer},
		{order.StatusCancelled, order.ReasonNoStock, order.ReasonNoStock},
		{order.StatusExpired, order.ReasonWindowPassed, ""}, // the status says it
	} {
		o := order.New(placement(func(*order.Placement) {}), at)
		require.NoError(t, o.Hold(holding(1, 1), at))
		o.Close(c.status, c.reason, order.ActorSystem, at)
		require.Equal(t, c.status, o.Status)
		require.Equal(t, c.shown, o.CancelReason)
		require.Equal(t, order.PaymentNone, o.Payment.Status, "nothing is awaited any more")
		require.Equal(t, string(c.reason), o.Journal[2].Detail["reason"])
	}
}

func TestNewestAttemptIsTheCurrentOne(t *testing.T) {
	at := time.Unix(0, 0)
	o := order.New(placement(func(*order.Placement) {}), at)
	require.NoError(t, o.Hold(holding(1, 1), at))
	o.Attempt("payment_failed", paidBy("one", 1, at), true, at)
	o.Attempt("payment_failed", paidBy("two", 1, at), true, at)
	o.Attempt("payment_refused", paidBy("one", 1, at), false, at)
	require.Equal(t, "two", o.Payment.ID)
	o.Pay(paidBy("two", 3, at), at)
	o.Attempt("payment_double", paidBy("three", 3, at), true, at)
	require.Equal(t, "two", o.Payment.ID, "the payment that the order took stays")
}

func TestCloneSharesNothingThatAStepChanges(t *testing.T) {
	at := time.Unix(0, 0)
	o := order.New(placement(func(*order.Placement) {}), at)
	before, err := json.Marshal(o)
	require.NoError(t, err)
	c := o.Clone()
	require.NoError(t, c.Hold(holding(500, 300), at))
	c.Pay(paidBy("p", 1300, at), at)
	c.Deliver("operator", at)
	after, err := json.Marshal(o)
	require.NoError(t, err)
	require.JSONEq(t, string(before), string(after))
}

func TestStatuses(t *testing.T) {
	type is struct{ undecided, unpaid, closed, closedBefore, tookPayment bool }
	for s, want := range map[order.Status]is{
		order.StatusReserving:       {undecided: true, unpaid: true},
		order.StatusAwaitingPayment: {unpaid: true},
		order.StatusPaid:            {tookPayment: true},
		order.StatusInTransit:       {tookPayment: true},
		order.StatusDelivered:       {tookPayment: true, closedBefore: true},
		order.StatusRejected:        {closed: true, closedBefore: true},
		order.StatusExpired:         {closed: true, closedBefore: true},
		order.StatusCancelled:       {closed: true, closedBefore: true},
		"something newer":           {},
	} {
		now, before := order.Order{Status: s, Shape: 2}, order.Order{Status: s, Shape: 1}
		require.Equal(t, want, is{s.Undecided(), s.Unpaid(), now.Closed(), before.Closed(), s.TookPayment()}, s)
	}
}

// Whatever happens to an order, its version counts its journal, its amounts add up, and its
// document contains all of it.
func TestJournalAndAmountsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := placement(func(p *order.Placement) {
			p.Lines = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) order.LineRequest {
				return order.LineRequest{
					ProductID: rapid.SampledFrom([]string{"shirt", "mug", "hat"}).Draw(t, "product"),
					Quantity:  rapid.Int64Range(1, order.MaxQuantity).Draw(t, "quantity"),
				}
			}), 1, 20).Draw(t, "lines")
		})
		at := time.Unix(1_700_000_000, 0)
		o := order.New(p, at)
		var prices []int64
		for range p.Lines {
			prices = append(prices, rapid.Int64Range(0, product.MaxPrice/1000).Draw(t, "price"))
		}
		require.NoError(t, o.Hold(holding(prices...), at))
		for range rapid.IntRange(0, 5).Draw(t, "attempts") {
			at = at.Add(time.Second)
			o.Attempt("payment_failed", paidBy(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "payment"), 0, at), true, at)
		}
		if rapid.Bool().Draw(t, "paid") {
			o.Pay(paidBy("p", o.Amounts[order.AmountTotal], at), at)
			o.Deliver("operator", at)
		} else {
			o.Close(order.StatusCancelled, order.ReasonCustomer, "c", at)
		}
		addsUp(t, o)
		doc, err := json.Marshal(o)
		require.NoError(t, err)
		var again order.Order
		require.NoError(t, json.Unmarshal(doc, &again))
		require.Equal(t, o, again)
	})
}

func addsUp(t *rapid.T, o order.Order) {
	require.Len(t, o.Journal, int(o.Version))
	for i, e := range o.Journal {
		require.EqualValues(t, i+1, e.Seq)
	}
	var total int64
	items := map[string]int64{}
	for _, l := range o.Lines {
		require.Equal(t, l.UnitPrice*l.Quantity, l.Amount)
		total += l.Amount
		items[l.ProductID] += l.Quantity
	}
	require.Equal(t, total, o.Amounts[order.AmountTotal])
	require.Len(t, o.ProductIDs(), len(items))
	for _, id := range o.ProductIDs() {
		var n int64
		for _, it := range o.Items(id) {
			n += it.Quantity
		}
		require.Equal(t, items[id], n)
	}
	if o.Status.TookPayment() {
		require.Equal(t, total, o.Amounts[order.AmountPaid])
	} else {
		require.Zero(t, o.Amounts[order.AmountPaid])
	}
}
