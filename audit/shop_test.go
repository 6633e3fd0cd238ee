package audit

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
	"holdfast/records"
	"holdfast/redisdb/redistest"
	"holdfast/saga"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// shop is a small shop with real stock and documents, and workflows that recorded what it
// says.
type shop struct {
	t     *testing.T
	rdb   redis.UniversalClient
	stock *inventory.Store
	docs  *records.Store
	work  *recorded
	// lamp has one variant, shirt has two.
	lamp, shirt string
	// Orders, by status.
	waiting, paid, delivered, cancelled, unwound string
	// together is how many units the customer's unpaid orders may hold; 0 counts nothing.
	together int64
	// newest is the order that was placed last.
	newest string
	// forgotten orders are not known to any workflow any more.
	forgotten map[string]bool
}

// openShop opens a shop in which each kind of order occurs and everything adds up.
func openShop(t *testing.T, rdb redis.UniversalClient) *shop {
	s := &shop{
		t: t, rdb: rdb, stock: inventory.New(rdb), docs: records.New(rdb),
		work: &recorded{orders: map[string]*entry{}, refunds: map[saga.RefundID]order.Refund{}, disputes: map[saga.DisputeID]order.Dispute{}},
		lamp: redistest.ID("lamp"), shirt: redistest.ID("shirt"), forgotten: map[string]bool{},
	}
	t.Cleanup(s.clearOut)
	s.put(s.lamp, "lamp")
	s.put(s.shirt, "red", "blue")
	s.waiting = s.place(2, 1)
	s.paid = s.pay(s.place(3, 2))
	s.delivered = s.deliver(s.pay(s.place(1, 0)))
	s.cancelled = s.cancel(s.place(4, 4))
	s.unwound = s.unwind(s.pay(s.place(5, 5)))
	return s
}

// clearOut leaves nothing on a shared server, whose other audits would read all of it.
func (s *shop) clearOut() {
	ctx := context.WithoutCancel(s.t.Context())
	pipe := s.rdb.Pipeline()
	for _, p := range []string{s.lamp, s.shirt} {
		pipe.Del(ctx, productKey(p))
		pipe.Del(ctx, holdsKey(p), buyersKey(p))
		for _, o := range s.orderIDs() {
			pipe.Del(ctx, holdKey(HoldID{p, o}))
			pipe.ZRem(ctx, deadlinesKey(p), p+"/"+o)
			pipe.Del(ctx, orderKey(o))
			pipe.Del(ctx, paymentsKey(o))
			pipe.Del(ctx, packagesKey(o))
		}
	}
	_, err := pipe.Exec(ctx)
	assert.NoError(s.t, err)
}

func (s *shop) orderIDs() []string {
	return slices.Concat(slices.Collect(maps.Keys(s.work.orders)), slices.Collect(maps.Keys(s.forgotten)))
}

func (s *shop) put(id string, skus ...string) {
	stock := int64(100)
	spec := product.Spec{Description: product.Description{Title: "Thing"}, Currency: "EUR"}
	for _, sku := range skus {
		spec.Variants = append(spec.Variants, product.VariantSpec{SKU: sku, Price: 500, Stock: &stock})
	}
	_, _, err := s.stock.Put(s.t.Context(), id, spec, nil)
	require.NoError(s.t, err)
}

// place holds lamps and, of each colour, shirts.
func (s *shop) place(lamps, shirts int64) string {
	p := order.Placement{
		OrderID: redistest.ID("order"), CustomerID: "customer", PaymentWindow: time.Hour, MaxCustomerUnits: s.together,
	}
	p.Lines = append(p.Lines, order.LineRequest{ProductID: s.lamp, Quantity: lamps})
	if shirts > 0 {
		p.Lines = append(p.Lines,
			order.LineRequest{ProductID: s.shirt, SKU: "red", Quantity: shirts},
			order.LineRequest{ProductID: s.shirt, SKU: "blue", Quantity: shirts})
	}
	now := time.Now()
	answers, err := s.stock.Hold(s.t.Context(), p.HoldRequests(1, now))
	require.NoError(s.t, err)
	h, err := order.Combine(p, answers)
	require.NoError(s.t, err)
	require.True(s.t, h.Held)
	o := order.New(p, now)
	require.NoError(s.t, o.Hold(h, now))
	s.record(o, true)
	s.newest = o.ID
	return o.ID
}

func (s *shop) last() string { return s.newest }

// close ends the order's workflow without releasing its units.
func (s *shop) close(id string) {
	o := s.work.orders[id].order
	o.Close(order.StatusCancelled, order.ReasonCustomer, "customer", time.Now())
	s.record(o, false)
}

// commit sells a lamp hold, without recording it.
func (s *shop) commit(id string) {
	o := s.work.orders[id].order
	states, err := s.stock.Commit(s.t.Context(), o.Holder(), []string{s.lamp})
	require.NoError(s.t, err)
	require.Equal(s.t, []product.HoldState{product.HoldStateCommitted}, states)
}

// forget makes the order unknown to Temporal.
func (s *shop) forget(id string) {
	s.work.forget(id)
	s.forgotten[id] = true
}

// save stores the current state of keys; the function that it returns restores them, as a
// Redis restored from a backup would have them.
func (s *shop) save(keys ...string) (restore func()) {
	hashes, lists := map[string]map[string]string{}, map[string][]redis.Z{}
	var err error
	for _, k := range keys {
		if kind := s.rdb.Type(s.t.Context(), k).Val(); kind == "zset" {
			lists[k], err = s.rdb.ZRangeWithScores(s.t.Context(), k, 0, -1).Result()
		} else {
			hashes[k], err = s.rdb.HGetAll(s.t.Context(), k).Result()
		}
		require.NoError(s.t, err)
	}
	return func() {
		for _, k := range keys {
			s.do("DEL", k)
			if len(hashes[k]) > 0 {
				require.NoError(s.t, s.rdb.HSet(s.t.Context(), k, hashes[k]).Err())
			}
			if len(lists[k]) > 0 {
				require.NoError(s.t, s.rdb.ZAdd(s.t.Context(), k, lists[k]...).Err())
			}
		}
	}
}

func (s *shop) pay(id string) string { return s.payWith("pay-"+id, id) }

func (s *shop) payWith(paymentID, id string) string {
	o := s.work.orders[id].order
	states, err := s.stock.Commit(s.t.Context(), o.Holder(), o.ProductIDs())
	require.NoError(s.t, err)
	for _, state := range states {
		require.Equal(s.t, product.HoldStateCommitted, state)
	}
	p := s.payment(paymentID, o)
	o.Pay(p, time.Now())
	s.record(o, true, order.NewAttempt(p, true))
	return id
}

func (s *shop) payment(id string, o order.Order) order.PaymentEvent {
	return order.PaymentEvent{
		PaymentID: id, Provider: "sandbox", Type: order.PaymentSucceeded, OrderID: o.ID,
		Amount: o.Amounts[order.AmountTotal], Currency: "EUR", OccurredAt: time.Now(),
	}
}

// fail notes an attempt that failed.
func (s *shop) fail(id string) {
	o := s.work.orders[id].order
	p := s.payment("failed-"+id, o)
	p.Type, p.Amount = order.PaymentFailed, 0
	o.Attempt("payment_failed", p, true, time.Now())
	s.record(o, true, order.NewAttempt(p, false))
}

// payTwice pays a paid or closed order once more: that is refunded.
func (s *shop) payTwice(id string) {
	e := s.work.orders[id]
	p := s.payment("again-"+id, e.order)
	s.record(e.order, e.running, order.NewAttempt(p, false))
	r := order.RefundOf(p, order.RefundDouble)
	r.DueAt = time.Now().UTC()
	s.work.owe(r)
	doc, err := json.Marshal(r)
	require.NoError(s.t, err)
	require.NoError(s.t, s.docs.PutRefund(s.t.Context(), id, r.PaymentID, r.ID, doc))
}

// dispute has the buyer's bank reclaim the payment of an order.
func (s *shop) dispute(id string) {
	d := order.Dispute{
		ID: "dp_" + id, Provider: "sandbox", PaymentID: "pay-" + id, OrderID: id, Amount: 1000, Currency: "EUR",
		Reason: "fraudulent", Status: order.DisputeLost, OccurredAt: time.Now().UTC(), Version: 1,
	}
	s.work.mu.Lock()
	s.work.disputes[saga.DisputeID{Provider: d.Provider, DisputeID: d.ID}] = d
	s.work.mu.Unlock()
	doc, err := json.Marshal(d)
	require.NoError(s.t, err)
	require.NoError(s.t, s.docs.PutDispute(s.t.Context(), id, d.Provider, d.ID, doc))
}

func (s *shop) deliver(id string) string {
	o := s.work.orders[id].order
	o.Deliver("operator", time.Now())
	s.record(o, false)
	require.NoError(s.t, s.stock.CloseSales(s.t.Context(), o.Holder(), o.ProductIDs()))
	return id
}

func (s *shop) cancel(id string) string {
	o := s.work.orders[id].order
	_, err := s.stock.Release(s.t.Context(), o.Holder(), 1, o.ProductIDs(), "customer")
	require.NoError(s.t, err)
	o.Close(order.StatusCancelled, order.ReasonCustomer, "customer", time.Now())
	s.record(o, false)
	return id
}

// unwind undoes a sale, as a saga does when other units are gone.
func (s *shop) unwind(id string) string {
	o := s.work.orders[id].order
	for _, p := range o.ProductIDs() {
		_, err := s.stock.Restock(s.t.Context(), o.Holder(), p, product.ReturnID("", id), o.Items(p))
		require.NoError(s.t, err)
	}
	o.Close(order.StatusCancelled, order.ReasonNoStock, order.ActorSystem, time.Now())
	s.record(o, false)
	require.NoError(s.t, s.stock.CloseSales(s.t.Context(), o.Holder(), o.ProductIDs()))
	return id
}

func (s *shop) record(o order.Order, running bool, attempts ...order.Attempt) {
	payments := map[string]order.Attempt{}
	for _, a := range attempts {
		payments[a.Key()] = a
	}
	r, err := order.NewRecord(&o, payments)
	require.NoError(s.t, err)
	require.NoError(s.t, s.docs.Put(s.t.Context(), r))
	s.work.set(o, running, attempts...)
}

func (s *shop) putPayment(orderID string, a order.Attempt) {
	doc, err := json.Marshal(a)
	require.NoError(s.t, err)
	s.do("HSET", paymentsKey(orderID), "payment:"+a.Key(), doc)
}

// do sends one command to Redis: the damage.
func (s *shop) do(args ...any) {
	s.t.Helper()
	require.NoError(s.t, s.rdb.Do(s.t.Context(), args...).Err())
}

// lose deletes keys one by one: in a cluster they are on several nodes.
func (s *shop) lose(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		s.do("DEL", k)
	}
}

// mine keeps the findings that are about this shop: the server may be shared.
func (s *shop) mine(all []Finding) []Finding {
	var mine []Finding
	for _, f := range all {
		_, known := s.work.orders[f.OrderID]
		if known || s.forgotten[f.OrderID] || f.ProductID == s.lamp || f.ProductID == s.shirt {
			mine = append(mine, f)
		}
	}
	return mine
}

func (s *shop) config() Config {
	return Config{Books: NewRedisBooks(s.rdb), Orders: s.work, Looks: 2, Pause: time.Millisecond}
}

func (s *shop) audit() []Finding {
	s.t.Helper()
	r, err := Run(s.t.Context(), s.config())
	require.NoError(s.t, err)
	return s.mine(r.Findings)
}

func (s *shop) repair() (left []Finding, r Report) {
	s.t.Helper()
	r, err := Repairer{Config: s.config(), Stock: s.stock, Records: s.docs}.Run(s.t.Context())
	require.NoError(s.t, err)
	return s.mine(r.Findings), r
}
