package reindex_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/search"
	"holdfast/search/projector"
	"holdfast/search/reindex"
	"holdfast/worker/views"
)

// view is the documents of a view, in memory.
type view map[string]document

type document struct {
	revision int64
	doc      any
}

func (v view) put(id string, revision int64, doc any, bad error) search.Result {
	switch {
	case bad != nil:
		return search.Result{ID: id, Outcome: search.OutcomePoisoned, Reason: bad.Error()}
	case revision <= v[id].revision:
		return search.Result{ID: id, Outcome: search.OutcomeIgnored}
	}
	v[id] = document{revision, doc}
	return search.Result{ID: id, Outcome: search.OutcomeStored}
}

// index is a search.Index in memory, as far as a rebuild uses one.
type index struct {
	search.Index
	mu    sync.Mutex
	views map[search.View]view // nil where a view was lost
	// largest is how many documents were put or walked over at once.
	largest int
	// swapping is called between the last check and the swap, putting before each put into
	// a new view; they may be nil.
	swapping func()
	putting  func() error
	// failing is called before each call; it may be nil.
	failing func() error
	begun   int // rebuilds
}

func (x *index) fails() error {
	if x.failing == nil {
		return nil
	}
	return x.failing()
}

func (x *index) Put(_ context.Context, b search.Batch) (search.Results, error) {
	if err := x.fails(); err != nil {
		return search.Results{}, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.put(x.views, b), nil
}

func (x *index) put(into map[search.View]view, b search.Batch) (r search.Results) {
	x.largest = max(x.largest, len(b.Orders))
	for _, p := range b.Products {
		r.Products = append(r.Products, into[search.ViewProducts].put(p.ID, p.Revision(), p, p.Validate()))
	}
	for _, o := range b.Orders {
		r.Orders = append(r.Orders, into[search.ViewOrders].put(o.ID, o.Revision, o, o.Validate()))
	}
	return r
}

func (x *index) GetOrder(_ context.Context, id string) (search.Order, error) {
	if err := x.fails(); err != nil {
		return search.Order{}, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	v := x.views[search.ViewOrders]
	d, ok := v[id]
	switch {
	case v == nil:
		return search.Order{}, &search.UnavailableError{Doing: "read an order", Cause: search.ErrNoView}
	case !ok:
		return search.Order{}, search.ErrNotFound
	}
	return d.doc.(search.Order), nil
}

func (x *index) WalkOrders(_ context.Context, after string, limit int) (page []search.Order, err error) {
	if err := x.fails(); err != nil {
		return nil, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	v := x.views[search.ViewOrders]
	if v == nil {
		return nil, &search.UnavailableError{Doing: "walk over orders", Cause: search.ErrNoView}
	}
	x.largest = max(x.largest, limit)
	for _, id := range slices.Sorted(maps.Keys(v)) {
		if id > after && len(page) < limit {
			page = append(page, v[id].doc.(search.Order))
		}
	}
	return page, nil
}

func (x *index) Rebuild(_ context.Context, v search.View) (search.Rebuild, error) {
	if err := x.fails(); err != nil {
		return nil, err
	}
	x.begun++
	return &rebuild{of: x, name: v, into: view{}}, nil
}

type rebuild struct {
	of   *index
	name search.View
	into view
}

func (r *rebuild) Put(_ context.Context, b search.Batch) (search.Results, error) {
	if err := r.of.fails(); err != nil {
		return search.Results{}, err
	}
	if r.of.putting != nil {
		if err := r.of.putting(); err != nil {
			return search.Results{}, err
		}
	}
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	return r.of.put(map[search.View]view{r.name: r.into}, b), nil
}

func (r *rebuild) Revisions(_ context.Context, ids []string) (map[string]int64, error) {
	if err := r.of.fails(); err != nil {
		return nil, err
	}
	there := map[string]int64{}
	for _, id := range ids {
		if d, ok := r.into[id]; ok {
			there[id] = d.revision
		}
	}
	return there, nil
}

func (r *rebuild) Refresh(context.Context) error { return r.of.fails() }

func (r *rebuild) Swap(context.Context) error {
	if r.of.swapping != nil {
		r.of.swapping()
	}
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	r.of.views[r.name] = r.into
	return r.of.fails() // an answer may be lost
}

func (r *rebuild) Abandon(context.Context) error { return nil }

// lost are orders by their workflows.
type lost struct {
	orders map[string]search.Order
	stuck  []string
	// asked is called before the workflows are listed; it may be nil.
	asked func()
}

func (l lost) OrderIDs(context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if l.asked != nil {
			l.asked()
		}
		for _, id := range append(slices.Sorted(maps.Keys(l.orders)), l.stuck...) {
			if !yield(id, nil) {
				return
			}
		}
	}
}

func (l lost) Order(_ context.Context, id string) (search.Order, bool, error) {
	if slices.Contains(l.stuck, id) {
		return search.Order{}, false, errors.Join(reindex.ErrUnreadable, errors.New("its code fails"))
	}
	o, ok := l.orders[id]
	return o, ok, nil
}

// house is some products and orders on Redis, and their views.
type house struct {
	*testing.T
	rdb   redis.UniversalClient
	docs  *records.Store
	stock *inventory.Store
	index *index
	lost  lost
	log   strings.Builder
}

func newHouse(t *testing.T) *house {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), "redis://"+miniredis.RunT(t).Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	return &house{
		T: t, rdb: rdb, docs: records.New(rdb), stock: inventory.New(rdb),
		index: &index{views: map[search.View]view{search.ViewProducts: {}, search.ViewOrders: {}}},
	}
}

func (h *house) rebuilder() *reindex.Rebuilder {
	return &reindex.Rebuilder{
		Index: h.index, Entities: views.NewEntities(h.rdb), Changes: views.NewChanges(h.rdb), Lost: h.lost,
		Log: slog.New(slog.NewTextHandler(&h.log, nil)),
	}
}

// run rebuilds a view.
func (h *house) run(v search.View) reindex.Report {
	h.Helper()
	report, err := h.rebuilder().Run(h.Context(), v)
	require.NoError(h, err)
	return report
}

func closedOrder(id string, version int64) order.Order {
	return order.Order{
		ID: id, Version: version, CustomerID: "ada", Status: order.StatusDelivered, Currency: "EUR",
		PlacedAt: time.UnixMilli(1_790_000_000_000), UpdatedAt: time.UnixMilli(1_790_000_000_000 + version),
	}
}

// putOrder stores an order's document on Redis, with one payment.
func (h *house) putOrder(id string, version int64) {
	h.Helper()
	h.putDocument(closedOrder(id, version))
}

func (h *house) putDocument(o order.Order) {
	h.Helper()
	r, err := order.NewRecord(&o, nil)
	require.NoError(h, err)
	r.Payments = map[string][]byte{"pay": []byte(`{"id":"pay"}`)}
	require.NoError(h, h.docs.Put(h.Context(), r))
}

func (h *house) putProduct(id, title string) {
	h.Helper()
	_, _, err := h.stock.Put(h.Context(), id, product.Spec{
		Description: product.Description{Title: title}, Currency: "EUR", Variants: []product.VariantSpec{{SKU: "S", Price: 100}},
	}, nil)
	require.NoError(h, err)
}

func (h *house) refund(id string) {
	h.Helper()
	require.NoError(h, h.docs.PutRefund(h.Context(), id, "pay", "full", []byte(`{"status":"due"}`)))
}

const refundField = "refund:pay/full"

func (h *house) stored(id string) order.Stored {
	h.Helper()
	all, err := h.docs.ReadMany(h.Context(), []string{id})
	require.NoError(h, err)
	return all[0]
}

// project does what a projector does with an order, so that the view that answers has it.
func (h *house) project(id string) {
	h.Helper()
	st := h.stored(id)
	doc, err := projector.OrderDocument(st)
	if errors.Is(err, search.ErrNotFound) {
		if doc, err = h.index.GetOrder(h.Context(), id); errors.Is(err, search.ErrNotFound) {
			return
		}
		doc, _ = projector.WithPayments(doc, st)
	}
	require.NoError(h, err)
	_, err = h.index.Put(h.Context(), search.Batch{Orders: []search.Order{doc}})
	require.NoError(h, err)
}

// putCold creates an order that only the view has.
func (h *house) putCold(id string, version int64) {
	h.Helper()
	h.putOrder(id, version)
	h.project(id)
	gone, err := h.docs.Forget(h.Context(), id, h.stored(id).Revision)
	require.NoError(h, err)
	require.True(h, gone)
}

func (h *house) order(id string) search.Order {
	h.Helper()
	o, err := h.index.GetOrder(h.Context(), id)
	require.NoError(h, err, id)
	return o
}

// fromWorkflow is an order's document made from its workflow.
func fromWorkflow(t *testing.T, id string) search.Order {
	t.Helper()
	o := closedOrder(id, 3)
	doc, err := json.Marshal(o)
	require.NoError(t, err)
	return search.FromOrder(o, doc, 1, nil)
}
