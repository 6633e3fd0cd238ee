package audit

import (
	"context"
	"encoding/json"
	"iter"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

const tillPrice = 1250

// till is where orders are paid: the records and the provider are real, and it records what
// the sagas would.
type till struct {
	t        *testing.T
	rdb      redis.UniversalClient
	docs     *records.Store
	provider *sandbox.Provider
	buyers   *sandbox.Books
	orders   map[string]*order.Order
	numbered map[string]int
	// edit changes what the provider's books show; nil leaves them as they are.
	edit func(*order.ProviderPayment)
	cold ColdOrders
}

func openTill(t *testing.T, rdb redis.UniversalClient) *till {
	signer, err := sandbox.New("whsec_" + "aG9sZGZhc3Qtc2FuZGJveC1ub3QtYS1zZWNyZXQ=")
	require.NoError(t, err)
	books := sandbox.NewBooks(rdb)
	return &till{
		t: t, rdb: rdb, docs: records.New(rdb), buyers: books, provider: sandbox.NewProvider(signer, books, sandbox.Options{}),
		orders: map[string]*order.Order{}, numbered: map[string]int{},
	}
}

// LookUp implements MoneyBooks.
func (s *till) LookUp(ctx context.Context, id string) (order.ProviderPayment, error) {
	p, err := s.provider.LookUp(ctx, id)
	if s.edit != nil {
		s.edit(&p)
	}
	return p, err
}

// Payments implements MoneyBooks.
func (s *till) Payments(ctx context.Context, since time.Time) iter.Seq2[order.ProviderPayment, error] {
	return func(yield func(order.ProviderPayment, error) bool) {
		for p, err := range s.provider.Payments(ctx, since) {
			if s.edit != nil {
				s.edit(&p)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// place places an order that awaits its payment.
func (s *till) place() string {
	s.t.Helper()
	o := order.New(order.Placement{
		OrderID: redistest.ID("order"), CustomerID: "customer", PaymentWindow: time.Hour,
		Lines: []order.LineRequest{{ProductID: "lamp", Quantity: 1}},
	}, time.Now())
	require.NoError(s.t, o.Hold(order.Holding{
		Held: true, Currency: "EUR", Items: []order.PricedItem{{SKU: "lamp", Title: "Lamp", Price: tillPrice}},
	}, time.Now()))
	s.orders[o.ID] = &o
	s.record(o.ID)
	return o.ID
}

func (s *till) record(id string, attempts ...order.Attempt) {
	s.t.Helper()
	payments := map[string]order.Attempt{}
	for _, a := range attempts {
		payments[a.Key()] = a
	}
	if s.orders[id] == nil { // it is unknown
		return
	}
	r, err := order.NewRecord(s.orders[id], payments)
	require.NoError(s.t, err)
	require.NoError(s.t, s.docs.Put(s.t.Context(), r))
}

func (s *till) request(id string) order.PaymentRequest {
	s.numbered[id]++
	return order.PaymentRequest{
		Provider: sandbox.Name, OrderID: id, Attempt: s.numbered[id], Amount: tillPrice, Currency: "EUR", Until: time.Now().Add(time.Hour),
	}
}

// open opens a payment, and records it with the order if there is one.
func (s *till) open(id string) string {
	s.t.Helper()
	paymentID, err := s.provider.Create(s.t.Context(), s.request(id))
	require.NoError(s.t, err)
	s.record(id, order.NewAttempt(order.PaymentEvent{
		Provider: sandbox.Name, Type: order.PaymentCreated, PaymentID: paymentID, Amount: tillPrice, Currency: "EUR", OccurredAt: time.Now(),
	}, false))
	return paymentID
}

func (s *till) choose(paymentID string, c sandbox.Choice) {
	s.t.Helper()
	_, err := s.buyers.Choose(s.t.Context(), paymentID, c)
	require.NoError(s.t, err)
}

func (s *till) pays(paymentID string) { s.choose(paymentID, sandbox.Choice{Action: sandbox.ActionPay}) }

// event is the provider's message about a success.
func (s *till) event(id, paymentID string) order.PaymentEvent {
	s.t.Helper()
	p, err := s.provider.LookUp(s.t.Context(), paymentID)
	require.NoError(s.t, err)
	require.Equal(s.t, order.ProviderSucceeded, p.Status)
	return order.PaymentEvent{
		Provider: sandbox.Name, Type: order.PaymentSucceeded, OrderID: id, PaymentID: paymentID,
		Amount: p.Amount, Currency: p.Currency, OccurredAt: p.PaidAt,
	}
}

// hears receives a success, and handles it as the sagas do. It returns the refund that is
// due, or none.
func (s *till) hears(id, paymentID string) *order.Refund {
	s.t.Helper()
	p := s.event(id, paymentID)
	o := s.orders[id]
	reason := order.RefundLate
	switch {
	case o == nil:
		r := order.RefundOf(p, order.RefundUnknownOrder)
		r.Status = order.RefundCase
		s.put(r)
		return &r
	case o.Status == order.StatusAwaitingPayment && p.Amount == tillPrice && p.Currency == "EUR":
		o.Pay(p, time.Now())
		s.record(id, order.NewAttempt(p, true))
		return nil
	case o.Status == order.StatusAwaitingPayment:
		reason = order.RefundWrongAmount
	case o.Status.TookPayment():
		reason = order.RefundDouble
	}
	s.record(id, order.NewAttempt(p, false))
	r := order.RefundOf(p, reason)
	s.put(r)
	return &r
}

func (s *till) put(r order.Refund) order.Refund {
	s.t.Helper()
	if r.DueAt.IsZero() {
		r.DueAt = time.Now().UTC()
	}
	doc, err := json.Marshal(r)
	require.NoError(s.t, err)
	require.NoError(s.t, s.docs.PutRefund(s.t.Context(), r.OrderID, r.PaymentID, r.ID, doc))
	return r
}

// payOut has the provider refund what is due.
func (s *till) payOut(r *order.Refund) {
	s.t.Helper()
	answer := s.refund(*r, r.ID)
	r.Status, r.ProviderID, r.PaidAt = answer.Status, answer.ProviderID, time.Now().UTC()
	s.put(*r)
}

// refund has the provider refund under an id, and records nothing.
func (s *till) refund(r order.Refund, id string) order.RefundAnswer {
	s.t.Helper()
	answer, err := s.provider.Refund(s.t.Context(), order.RefundRequest{
		RefundID: id, PaymentID: r.PaymentID, OrderID: r.OrderID, Amount: r.Amount, Currency: r.Currency,
		Paid: max(r.PaymentAmount, r.Amount),
	})
	require.NoError(s.t, err)
	return answer
}

// part is a refund of a part of what the order took.
func (s *till) part(id, name string, amount int64) order.Refund {
	o := s.orders[id]
	return order.Refund{
		ID: order.PartRefund(sandbox.Name, name), PaymentID: o.Payment.ID, OrderID: id, Provider: sandbox.Name, Amount: amount,
		Currency: "EUR", Reason: order.RefundRequested, Status: order.RefundDue, PaymentAmount: tillPrice,
	}
}

// end closes an unpaid order; its payments can't be paid any more.
func (s *till) end(id string, status order.Status, paymentIDs ...string) {
	s.t.Helper()
	for _, p := range paymentIDs {
		_, err := s.provider.Cancel(s.t.Context(), p, order.PaymentRequest{OrderID: id, Amount: tillPrice, Currency: "EUR"})
		require.NoError(s.t, err)
	}
	s.orders[id].Close(status, order.ReasonCustomer, "customer", time.Now())
	s.record(id)
}

// paid is an order that is paid, and its payment.
func (s *till) paid() (id, paymentID string) {
	s.t.Helper()
	id = s.place()
	paymentID = s.open(id)
	s.pays(paymentID)
	s.hears(id, paymentID)
	return id, paymentID
}

// late is an order that was cancelled and then paid; its refund is due.
func (s *till) late() (id, paymentID string, r *order.Refund) {
	s.t.Helper()
	id = s.place()
	paymentID = s.open(id)
	s.end(id, order.StatusCancelled, paymentID)
	s.choose(paymentID, sandbox.Choice{Action: sandbox.ActionPayLate})
	return id, paymentID, s.hears(id, paymentID)
}

// takeBack cancels a paid order; the rest of its money is refunded.
func (s *till) takeBack(id string, before int64) order.Refund {
	o := s.orders[id]
	o.CancelPaid(order.ReasonCustomer, "customer", time.Now())
	s.record(id)
	return s.put(order.Refund{
		ID: order.FullRefund(sandbox.Name, id), PaymentID: o.Payment.ID, OrderID: id, Provider: sandbox.Name,
		Amount: tillPrice - before, Currency: "EUR", Reason: order.RefundCancelled, Status: order.RefundDue, PaymentAmount: tillPrice,
	})
}

// assigned is a payment of an unknown order, which an operator gave to another.
func (s *till) assigned() (to, paymentID string) {
	s.t.Helper()
	from := redistest.ID("order")
	to = s.place()
	paymentID = s.open(from)
	s.pays(paymentID)
	r := s.hears(from, paymentID)
	r.Status, r.Detail = order.RefundAssigned, "to order "+to
	s.put(*r)
	s.hears(to, paymentID)
	return to, paymentID
}

// theirs writes into the provider's books.
func (s *till) theirs(paymentID string, fields ...any) {
	s.t.Helper()
	require.NoError(s.t, s.rdb.HSet(s.t.Context(), s.theirKey(paymentID), fields...).Err())
}

func (s *till) theirKey(paymentID string) string {
	return redisdb.Bucket(paymentID) + ":sandbox:payment:" + paymentID
}

func (s *till) lose(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		require.NoError(s.t, s.rdb.Del(s.t.Context(), k).Err())
	}
}

func (s *till) audit() MoneyReport {
	s.t.Helper()
	r, err := Money(s.t.Context(), MoneyConfig{
		Providers: map[string]MoneyBooks{sandbox.Name: s}, Records: NewRedisBooks(s.rdb), Cold: s.cold,
		Looks: 2, Pause: time.Millisecond,
	})
	require.NoError(s.t, err)
	return r
}
