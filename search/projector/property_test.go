package projector

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/search"
	"holdfast/streams"
)

// reader is another registered group, which may miss no entry.
type reader struct {
	seen map[string]bool
}

// Whatever is written, whenever projectors are killed, the index goes down and the streams
// are trimmed: in the end the view equals the entities, each event was stored exactly once,
// and another group has read every entry.
func TestNothingIsLost(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		rapid.Check(t, func(r *rapid.T) {
			if err := emptyAll(t.Context(), rdb); err != nil {
				r.Fatal(err)
			}
			newMachine(t, r, rdb).run()
		})
	})
}

// emptyAll deletes all keys of all masters.
func emptyAll(ctx context.Context, rdb redis.UniversalClient) error {
	if c, ok := rdb.(*redis.ClusterClient); ok {
		return c.ForEachMaster(ctx, func(ctx context.Context, m *redis.Client) error { return m.FlushAll(ctx).Err() })
	}
	return rdb.FlushAll(ctx).Err()
}

// machine makes random steps in a house, one after the other.
type machine struct {
	*house
	r        *rapid.T
	products []string
	versions map[string]int64
	// put counts the entries of products.
	put   map[string]bool
	other reader
	// running projectors, each on a connection that can be cut.
	projectors []*Projector
	killers    []*mortal
	clients    []redis.UniversalClient
}

func newMachine(t *testing.T, r *rapid.T, rdb redis.UniversalClient) *machine {
	t.Helper()
	m := &machine{
		house: newHouse(t, rdb), r: r, products: names("p", 6), versions: map[string]int64{},
		put: map[string]bool{}, other: reader{seen: map[string]bool{}},
	}
	require.NoError(t, streams.Register(t.Context(), rdb, "other"))
	m.born()
	return m
}

func (m *machine) run() {
	steps := []func(){
		m.write, m.write, m.write, m.round, m.round, m.killed, m.born, m.trim, m.read, m.away, m.forget,
	}
	for range rapid.IntRange(1, 30).Draw(m.r, "steps") {
		rapid.SampledFrom(steps).Draw(m.r, "step")()
	}
	m.end()
	for _, c := range m.clients {
		require.NoError(m.t, c.Close())
	}
}

func (m *machine) write() {
	id := rapid.SampledFrom(m.products).Draw(m.r, "id")
	switch rapid.SampledFrom([]string{"product", "order", "refund"}).Draw(m.r, "kind") {
	case "product":
		m.putProduct(id, rapid.StringMatching("[a-z]{3}").Draw(m.r, "title"))
	case "order":
		m.versions[id]++
		m.putOrder("o"+id, m.versions[id], "pay")
	case "refund":
		doc := rapid.SampledFrom([]string{`{"id":"a"}`, `{"id":"b"}`}).Draw(m.r, "doc")
		require.NoError(m.t, m.docs.PutRefund(m.t.Context(), "o"+id, "pay", "full", []byte(doc)))
	}
	m.note()
}

// note remembers all current entries: this runs before each trim.
func (m *machine) note() {
	for b, tag := range redisdb.AllBuckets() {
		all, err := m.rdb.XRange(m.t.Context(), redisdb.EventsKey(tag), "-", "+").Result()
		require.NoError(m.t, err)
		for _, e := range all {
			m.put[streams.Entry{Bucket: b, ID: e.ID}.EventID()] = e.Values["entity"] == kindProduct
		}
	}
}

// born starts one more projector.
func (m *machine) born() {
	o := m.options()
	client, err := redisdb.Sibling(m.rdb, 2)
	require.NoError(m.t, err)
	killer := &mortal{}
	client.AddHook(killer)
	m.clients = append(m.clients, client)
	o.Redis, o.ClaimAfter, o.MaxBackoff = client, time.Millisecond, time.Millisecond
	p, err := New(o)
	require.NoError(m.t, err)
	m.projectors, m.killers = append(m.projectors, p), append(m.killers, killer)
	require.NoError(m.t, streams.Register(m.t.Context(), m.rdb, Group))
}

func (m *machine) any() int { return rapid.IntRange(0, len(m.projectors)-1).Draw(m.r, "projector") }

func (m *machine) round() {
	if len(m.projectors) > 0 {
		_, err := m.projectors[m.any()].round(m.t.Context(), m.t.Context())
		require.NoError(m.t, err)
	}
}

// killed: a projector dies before the index has taken its batch, or after it.
func (m *machine) killed() {
	if len(m.projectors) == 0 {
		return
	}
	i := m.any()
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	die := func() {
		m.killers[i].dead.Store(true)
		cancel()
	}
	if rapid.Bool().Draw(m.r, "after put") {
		m.view.after = die
	} else {
		m.view.before = die
	}
	_, _ = m.projectors[i].round(ctx, ctx)
	m.view.before, m.view.after = nil, nil
	m.projectors = append(m.projectors[:i:i], m.projectors[i+1:]...)
	m.killers = append(m.killers[:i:i], m.killers[i+1:]...)
}

// away: the index can't answer for some tries of a round.
func (m *machine) away() {
	if len(m.projectors) == 0 {
		return
	}
	tries := 0
	m.view.away = true
	m.view.before = func() {
		if tries++; tries > 2 {
			m.view.set(func() { m.view.away = false })
		}
	}
	ctx, cancel := context.WithCancel(m.t.Context())
	defer cancel()
	var back sync.WaitGroup
	back.Go(func() { // a round that puts nothing may wait for GetOrder
		_ = sleep(ctx, 20*time.Millisecond)
		m.view.set(func() { m.view.away = false })
	})
	_, err := m.projectors[m.any()].round(ctx, ctx)
	require.NoError(m.t, err)
	cancel()
	back.Wait()
	m.view.before = nil
}

// read is the other group's.
func (m *machine) read() { m.readOthers(int64(rapid.IntRange(1, 5).Draw(m.r, "count"))) }

func (m *machine) readOthers(count int64) {
	ctx := m.t.Context()
	for b, tag := range redisdb.AllBuckets() {
		got, err := m.rdb.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: "other", Consumer: "c", Streams: []string{redisdb.EventsKey(tag), ">"}, Count: count, Block: -1,
		}).Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		require.NoError(m.t, err)
		for _, e := range got[0].Messages {
			m.other.seen[streams.Entry{Bucket: b, ID: e.ID}.EventID()] = true
			require.NoError(m.t, m.rdb.XAck(ctx, redisdb.EventsKey(tag), "other", e.ID).Err())
		}
	}
}

// forget moves out an order that the view has.
func (m *machine) forget() {
	id := "o" + rapid.SampledFrom(m.products).Draw(m.r, "id")
	st := m.stored(id)
	if st.Revision > 0 && m.view.order(id).Revision >= st.Revision {
		_, err := m.docs.Forget(m.t.Context(), id, st.Revision)
		require.NoError(m.t, err)
	}
}

func (m *machine) end() {
	m.born()
	last := m.projectors[len(m.projectors)-1]
	for deadline := time.Now().Add(10 * time.Second); ; {
		_, err := last.round(m.t.Context(), m.t.Context())
		require.NoError(m.t, err)
		if m.unread() == 0 {
			break
		}
		require.True(m.t, time.Now().Before(deadline), "it doesn't end")
	}
	for range 20 {
		m.readOthers(100)
	}
	for id, ofProduct := range m.put {
		require.True(m.r, m.other.seen[id], "the other group never had %s", id)
		if ofProduct {
			require.Equal(m.r, 1, m.view.kept[id], "event %s", id)
		}
	}
	for _, id := range m.products {
		if p, err := m.stock.Get(m.t.Context(), id); err == nil {
			require.Equal(m.r, search.FromProduct(p), m.view.product(id))
		}
		st := m.stored("o" + id)
		d := m.view.order("o" + id)
		require.Equal(m.r, m.versions[id], d.Version)
		if d.Version == 0 {
			continue // payments without an order wait for it
		}
		require.GreaterOrEqual(m.r, d.Revision, st.Revision)
		for field, doc := range st.Payments {
			require.JSONEq(m.r, string(doc), string(d.Payments[field]))
		}
	}
	require.Empty(m.r, m.letters())
	m.trim()
	for _, tag := range redisdb.AllBuckets() {
		require.Zero(m.r, m.rdb.XLen(m.t.Context(), redisdb.EventsKey(tag)).Val(), "all groups had all")
	}
}
