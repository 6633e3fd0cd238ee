package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/webhook"
	"holdfast/webhook/registry"
)

func TestMain(m *testing.M) { redistest.Main(m) }

var errAway = errors.New("away")

// postOffice starts deliveries as Temporal does: each one once.
type postOffice struct {
	mu      sync.Mutex
	started map[[2]string]webhook.Delivery
	asked   int
	// fails returns whether a start fails, and whether it was carried out all the same; nil
	// means never.
	fails func(n int) (failed, begun bool)
}

func (o *postOffice) start(ctx context.Context, d webhook.Delivery) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	failed, begun := false, true
	if o.fails != nil {
		failed, begun = o.fails(o.asked)
	}
	id := [2]string{d.EndpointID, d.Event.ID}
	if _, again := o.started[id]; begun && !again && ctx.Err() == nil {
		o.started[id] = d
	}
	if failed {
		return errAway
	}
	return ctx.Err()
}

// types counts the events sent to an endpoint, by type.
func (o *postOffice) types(endpoint string) map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := map[string]int{}
	for id, d := range o.started {
		if id[0] == endpoint {
			all[d.Event.Type]++
		}
	}
	return all
}

// of is the one delivery of a type.
func (o *postOffice) of(t *testing.T, eventType string) webhook.Event {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []webhook.Event
	for _, d := range o.started {
		if d.Event.Type == eventType {
			found = append(found, d.Event)
		}
	}
	require.Len(t, found, 1, eventType)
	return found[0]
}

// shop is what happens, and the endpoints that receive it.
type shop struct {
	t         *testing.T
	rdb       redis.UniversalClient
	stock     *inventory.Store
	docs      *records.Store
	endpoints *registry.Store
	office    *postOffice
}

func newShop(t *testing.T, rdb redis.UniversalClient) *shop {
	t.Helper()
	return &shop{
		t: t, rdb: rdb, stock: inventory.New(rdb), docs: records.New(rdb), endpoints: registry.New(rdb),
		office: &postOffice{started: map[[2]string]webhook.Delivery{}},
	}
}

func (s *shop) register(events ...string) string {
	s.t.Helper()
	e, _, err := s.endpoints.Add(s.t.Context(), webhook.Registration{URL: "https://hooks.example/?key=hidden", Events: events})
	require.NoError(s.t, err)
	return e.ID
}

func (s *shop) update(endpoint string, status webhook.Status) {
	s.t.Helper()
	_, err := s.endpoints.Update(s.t.Context(), endpoint, webhook.Patch{Status: &status})
	require.NoError(s.t, err)
}

func (s *shop) dispatcher() *Dispatcher {
	s.t.Helper()
	d, err := New(Options{
		Redis: s.rdb, Endpoints: s.endpoints, Orders: s.docs, Start: s.office.start,
		ClaimAfter: 200 * time.Millisecond, Look: 10 * time.Millisecond, MaxBackoff: 20 * time.Millisecond,
	})
	require.NoError(s.t, err)
	return d
}

// run dispatches until the test ends or stop is called, which waits for it.
func (s *shop) run() (stop func()) {
	s.t.Helper()
	d := s.dispatcher()
	ctx, cancel := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	running.Go(func() { d.Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	s.t.Cleanup(stop)
	return stop
}

func (s *shop) put(id string, status product.Status) {
	s.t.Helper()
	stock := int64(10)
	_, _, err := s.stock.Put(s.t.Context(), id, product.Spec{
		Description: product.Description{Title: id}, Currency: "EUR", Status: status,
		Variants: []product.VariantSpec{{SKU: "S", Price: 100, Stock: &stock}},
	}, nil)
	require.NoError(s.t, err)
}

// goes takes an order's document to a status.
func (s *shop) goes(id string, version int64, status order.Status) {
	s.t.Helper()
	r, err := order.NewRecord(&order.Order{
		ID: id, Version: version, CustomerID: "ada", Status: status, Currency: "EUR",
		Amounts: map[string]int64{order.AmountTotal: 700}, PlacedAt: time.UnixMilli(1_790_000_000_000),
	}, nil)
	require.NoError(s.t, err)
	require.NoError(s.t, s.docs.Put(s.t.Context(), r))
}

// settled waits until everything that was written is acknowledged.
func (s *shop) settled() {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.unread() == 0 }, 20*time.Second, 5*time.Millisecond)
}

// unread counts the buckets with unacknowledged entries.
func (s *shop) unread() int {
	ctx, n := s.t.Context(), 0
	for _, b := range redisdb.AllBuckets() {
		stream, err := s.rdb.XInfoStream(ctx, redisdb.EventsKey(b)).Result()
		if err != nil || stream.LastGeneratedID == "" || stream.LastGeneratedID == "0-0" {
			continue // nothing was ever written there
		}
		groups, err := s.rdb.XInfoGroups(ctx, redisdb.EventsKey(b)).Result()
		done := false
		for _, g := range groups {
			done = done || (g.Name == webhook.Group && g.Pending == 0 && g.LastDeliveredID == stream.LastGeneratedID)
		}
		if err != nil || !done {
			n++
		}
	}
	return n
}

func data(t *testing.T, e webhook.Event) map[string]any {
	t.Helper()
	var m struct {
		Type      string
		Timestamp time.Time
		Data      map[string]any
	}
	require.NoError(t, json.Unmarshal(e.Body, &m))
	require.Equal(t, e.Type, m.Type)
	require.Equal(t, e.At, m.Timestamp)
	return m.Data
}
