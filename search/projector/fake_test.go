package projector

import (
	"context"
	"errors"
	"strconv"
	"sync"
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
	"holdfast/search"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// view is an index in memory, as far as a projector uses one.
type view struct {
	mu       sync.Mutex
	products map[string]search.Product
	orders   map[string]search.Order
	events   map[string]search.Event
	// kept counts how often an event was stored.
	kept map[string]int
	// away means that it can't answer. poison are the ids that it never stores.
	away   bool
	poison map[string]bool
	// before is called before a batch is stored, after when it was; both may be nil.
	before, after func()
	puts          int
}

func newView() *view {
	return &view{
		products: map[string]search.Product{}, orders: map[string]search.Order{}, events: map[string]search.Event{},
		kept: map[string]int{}, poison: map[string]bool{},
	}
}

var errAway = &search.UnavailableError{Doing: "put", Cause: errors.New("a test")}

func (v *view) Put(ctx context.Context, b search.Batch) (search.Results, error) {
	if v.before != nil {
		v.before()
	}
	r, err := v.put(ctx, b)
	if v.after != nil && err == nil {
		v.after()
	}
	return r, err
}

func (v *view) put(ctx context.Context, b search.Batch) (search.Results, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.puts++
	if v.away || ctx.Err() != nil {
		return search.Results{}, errAway
	}
	var r search.Results
	for _, d := range b.Products {
		r.Products = append(r.Products, take(v.products, d.ID, d, d.Validate(), v.poison[d.ID]))
	}
	for _, d := range b.Orders {
		r.Orders = append(r.Orders, takeOrder(v.orders, d, v.poison[d.ID]))
	}
	for _, e := range b.Events {
		one := search.Result{ID: e.ID, Outcome: search.OutcomeStored}
		_, there := v.events[e.ID]
		if err := e.Validate(); err != nil || v.poison[e.ID] || v.poison["events of "+e.ProductID] {
			one.Outcome, one.Reason = search.OutcomePoisoned, "poison"
		} else if there {
			one.Outcome = search.OutcomeIgnored
		} else {
			v.events[e.ID] = e
			v.kept[e.ID]++
		}
		r.Events = append(r.Events, one)
	}
	return r, nil
}

func take(all map[string]search.Product, id string, d search.Product, bad error, poison bool) search.Result {
	switch {
	case bad != nil:
		return search.Result{ID: id, Outcome: search.OutcomePoisoned, Reason: bad.Error()}
	case poison:
		return search.Result{ID: id, Outcome: search.OutcomePoisoned, Reason: "poison"}
	case d.Revision() <= all[id].Version:
		return search.Result{ID: id, Outcome: search.OutcomeIgnored}
	}
	all[id] = d
	return search.Result{ID: id, Outcome: search.OutcomeStored}
}

func takeOrder(all map[string]search.Order, d search.Order, poison bool) search.Result {
	bad := d.Validate()
	switch {
	case bad != nil:
		return search.Result{ID: d.ID, Outcome: search.OutcomePoisoned, Reason: bad.Error()}
	case poison:
		return search.Result{ID: d.ID, Outcome: search.OutcomePoisoned, Reason: "poison"}
	case d.Revision <= all[d.ID].Revision:
		return search.Result{ID: d.ID, Outcome: search.OutcomeIgnored}
	}
	all[d.ID] = d
	return search.Result{ID: d.ID, Outcome: search.OutcomeStored}
}

func (v *view) GetOrder(_ context.Context, id string) (search.Order, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.away {
		return search.Order{}, errAway
	}
	d, ok := v.orders[id]
	if !ok {
		return d, search.ErrNotFound
	}
	return d, nil
}

func (v *view) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

func (v *view) order(id string) search.Order {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.orders[id]
}

func (v *view) product(id string) search.Product {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.products[id]
}

// house is a few products and orders, a view, and what was done.
type house struct {
	t     *testing.T
	rdb   redis.UniversalClient
	stock *inventory.Store
	docs  *records.Store
	view  *view
}

func newHouse(t *testing.T, rdb redis.UniversalClient) *house {
	t.Helper()
	return &house{t: t, rdb: rdb, stock: inventory.New(rdb), docs: records.New(rdb), view: newView()}
}

// options that keep tests from waiting.
func (h *house) options() Options {
	return Options{
		Redis: h.rdb, Index: h.view, Products: h.stock, Orders: h.docs,
		ClaimAfter: 200 * time.Millisecond, Housekeeping: 50 * time.Millisecond, MaxBackoff: 50 * time.Millisecond,
		Grace: time.Second,
	}
}

// start runs a projector until the test ends or stop is called, which waits for it.
func (h *house) start(change func(*Options)) (stop func()) {
	h.t.Helper()
	o := h.options()
	if change != nil {
		change(&o)
	}
	p, err := New(o)
	require.NoError(h.t, err)
	ctx, cancel := context.WithCancel(h.t.Context())
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	h.t.Cleanup(stop)
	return stop
}

func (h *house) putProduct(id, title string) product.Product {
	h.t.Helper()
	stock := int64(100)
	p, _, err := h.stock.Put(h.t.Context(), id, product.Spec{
		Description: product.Description{Title: title}, Currency: "EUR",
		Variants: []product.VariantSpec{{SKU: "S", Price: 100, Stock: &stock}},
	}, nil)
	require.NoError(h.t, err)
	return p
}

func (h *house) putOrder(id string, version int64, payments ...string) {
	h.t.Helper()
	o := order.Order{
		ID: id, Version: version, CustomerID: "ada", Status: order.StatusPaid, Currency: "EUR",
		PlacedAt: time.UnixMilli(1_790_000_000_000), UpdatedAt: time.UnixMilli(1_790_000_000_000 + version),
	}
	r, err := order.NewRecord(&o, nil)
	require.NoError(h.t, err)
	r.Payments = map[string][]byte{}
	for _, p := range payments {
		r.Payments[p] = []byte(`{"id":"` + p + `"}`)
	}
	require.NoError(h.t, h.docs.Put(h.t.Context(), r))
}

func (h *house) stored(id string) order.Stored {
	h.t.Helper()
	all, err := h.docs.ReadMany(h.t.Context(), []string{id})
	require.NoError(h.t, err)
	return all[0]
}

// until waits for a condition.
func (h *house) until(what string, ok func() bool) {
	h.t.Helper()
	require.Eventually(h.t, ok, 20*time.Second, 5*time.Millisecond, what)
}

// settled waits until nothing is left to be projected.
func (h *house) settled() {
	h.t.Helper()
	h.until("all entries acknowledged", func() bool { return h.unread() == 0 })
}

// unread counts the entries that the views' group has not acknowledged.
func (h *house) unread() int64 {
	state, err := readPositions(h.t.Context(), h.rdb)
	if !assert.NoError(h.t, err) {
		return 0
	}
	var n int64
	for _, s := range state {
		g, ok := s.groups[Group]
		if !ok && s.length > 0 {
			return s.length
		}
		n += g.lag + g.pending
	}
	return n
}

// same compares the view with the entities.
func (h *house) same(products, orders []string) {
	h.t.Helper()
	for _, id := range products {
		p, err := h.stock.Get(h.t.Context(), id)
		require.NoError(h.t, err)
		require.Equal(h.t, search.FromProduct(p), h.view.product(id))
	}
	for _, id := range orders {
		want, err := OrderDocument(h.stored(id))
		require.NoError(h.t, err)
		require.Equal(h.t, want, h.view.order(id))
	}
}

func names(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = prefix + strconv.Itoa(i)
	}
	return all
}
