package records_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// parcels is a store with one order that has packages and facts.
type parcels struct {
	t     testing.TB
	rdb   redis.UniversalClient
	store *records.Store
	id    string
	at    time.Time
}

func newParcels(t testing.TB, rdb redis.UniversalClient) *parcels {
	return &parcels{t, rdb, records.New(rdb), redistest.ID("order"), time.UnixMilli(1_795_895_898_291)}
}

func (p *parcels) key() string { return redisdb.Bucket(p.id) + ":order:" + p.id }

func (p *parcels) packagesKey() string { return redisdb.Bucket(p.id) + ":packages:" + p.id }

// record has one package per name, in the state that follows the colon.
func (p *parcels) record(version int64, facts []order.Fact, packages ...string) order.Record {
	r := order.Record{
		OrderID: p.id, Version: version, PlacedAt: p.at, Status: order.StatusPacked, CustomerID: "c",
		Doc: fmt.Appendf(nil, `{"version":%d}`, version), Facts: facts,
	}
	for _, text := range packages {
		id, state, _ := strings.Cut(text, ":")
		if r.Packages == nil {
			r.Packages = map[string][]byte{}
		}
		r.Packages[id] = fmt.Appendf(nil, `{"id":%q,"state":%q}`, id, state)
	}
	return r
}

func (p *parcels) put(r order.Record, changed ...string) {
	p.t.Helper()
	if len(changed) > 0 {
		r.Changed = changed
	}
	require.NoError(p.t, p.store.Put(p.t.Context(), r))
}

// packages are those that a reader sees, as record takes them, whichever way it reads.
func (p *parcels) packages() []string {
	p.t.Helper()
	read := func(doc []byte) (all []string) {
		var o struct {
			Packages []struct{ ID, State string } `json:"packages"`
		}
		require.NoError(p.t, json.Unmarshal(doc, &o))
		for _, parcel := range o.Packages {
			all = append(all, parcel.ID+":"+parcel.State)
		}
		return all
	}
	doc, _, _, err := p.store.Get(p.t.Context(), p.id)
	require.NoError(p.t, err)
	stored, err := p.store.ReadMany(p.t.Context(), []string{p.id})
	require.NoError(p.t, err)
	require.NoError(p.t, stored[0].Err)
	require.Equal(p.t, read(doc), read(stored[0].Doc))
	return read(doc)
}

// published are the names of the facts on the stream, in order, and how many entries had the field.
func (p *parcels) published() (names []string, entries int) {
	return publishedSince(p.t.Context(), p.t, p.rdb, p.id)
}

func publishedSince(ctx context.Context, t testing.TB, rdb redis.UniversalClient, id string) (names []string, entries int) {
	t.Helper()
	all, err := rdb.XRange(ctx, redisdb.EventsKey(redisdb.Bucket(id)), "-", "+").Result()
	require.NoError(t, err)
	for _, e := range all {
		text, there := e.Values["facts"].(string)
		if e.Values["id"] != id || !there {
			continue
		}
		var facts []order.Fact
		require.NoError(t, json.Unmarshal([]byte(text), &facts))
		entries++
		for _, f := range facts {
			names = append(names, f.Name)
		}
	}
	return names, entries
}

func node(name string) order.Fact {
	return order.Fact{ID: "id-" + name, Kind: order.FactNode, Name: name}
}

func nodes(names ...string) (all []order.Fact) {
	for _, n := range names {
		all = append(all, node(n))
	}
	return all
}

func TestPackagesAreStoredApartAndReadWithTheDocument(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		p := newParcels(t, rdb)
		p.put(p.record(1, nodes("paid")))
		require.Empty(t, p.packages())
		p.put(p.record(2, nodes("paid"), "a:packed"), "a")
		p.put(p.record(3, nodes("paid"), "a:packed", "b:packed"), "b")
		p.put(p.record(4, nodes("paid"), "a:left", "b:packed"), "a")
		require.Equal(t, []string{"a:left", "b:packed"}, p.packages())
		p.put(p.record(3, nodes("paid"), "a:late", "b:late")) // late
		p.put(p.record(4, nodes("paid"), "a:again", "b:again"))
		require.Equal(t, []string{"a:left", "b:packed"}, p.packages())
		p.put(p.record(5, nodes("paid"), "a:left", "b:left")) // all are sent
		require.Equal(t, []string{"a:left", "b:left"}, p.packages())
	})
}

// The caller says which packages changed. That saves bytes, but nothing depends on it.
func TestAPackageThatTheStoreLacksIsWrittenWhateverTheCallerSays(t *testing.T) {
	damage := map[string]func(p *parcels){
		"it is missing":               func(p *parcels) { p.rdb.HDel(p.t.Context(), p.packagesKey(), "a") },
		"all are missing":             func(p *parcels) { p.rdb.Del(p.t.Context(), p.packagesKey()) },
		"the order is missing":        func(p *parcels) { p.rdb.Del(p.t.Context(), p.key(), p.packagesKey()) },
		"the list of them is missing": func(p *parcels) { p.rdb.HDel(p.t.Context(), p.key(), "packed") },
		"nothing":                     func(*parcels) {},
	}
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		for name, harm := range damage {
			p := newParcels(t, rdb)
			p.put(p.record(1, nodes("paid"), "a:packed", "b:packed"))
			harm(p)
			p.put(p.record(2, nodes("paid"), "a:packed", "b:left"), "b")
			require.Equal(t, []string{"a:packed", "b:left"}, p.packages(), name)
			p.put(p.record(3, nodes("paid"), "a:left", "b:left"), "b")
			require.Equal(t, []string{"a:left", "b:left"}, p.packages(), "%s, and the change of another was not named", name)
		}
	})
}

// restore replaces what is stored of the order by an earlier copy.
func (p *parcels) restore(dumps map[string]string) {
	p.t.Helper()
	for _, key := range []string{p.key(), p.packagesKey()} {
		require.NoError(p.t, p.rdb.Del(p.t.Context(), key).Err())
		if dumps[key] != "" {
			require.NoError(p.t, p.rdb.Restore(p.t.Context(), key, 0, dumps[key]).Err())
		}
	}
}

func (p *parcels) dump() map[string]string {
	p.t.Helper()
	dumps := map[string]string{}
	for _, key := range []string{p.key(), p.packagesKey()} {
		if text, err := p.rdb.Dump(p.t.Context(), key).Result(); err == nil {
			dumps[key] = text
		}
	}
	return dumps
}

// A restore between two records takes the store back. What was published since the copy was made is
// published again, under the same ids, and what never was is not lost.
func TestARestoreBetweenTwoRecordsLosesNoFactAndNoPackage(t *testing.T) {
	for _, url := range []func(testing.TB) redis.UniversalClient{func(t testing.TB) redis.UniversalClient { return redistest.Real(t) }} {
		p := newParcels(t, url(t))
		p.put(p.record(1, nodes("paid"), "a:packed"))
		old := p.dump()
		p.put(p.record(2, nodes("paid", "packed"), "a:packed", "b:packed"), "b")
		p.put(p.record(3, nodes("paid", "packed", "left"), "a:left", "b:packed"), "a")
		before, _ := p.published()
		require.Equal(t, []string{"paid", "packed", "left"}, before)
		p.restore(old)
		p.put(p.record(4, nodes("paid", "packed", "left", "moves"), "a:left", "b:left"), "b")
		require.Equal(t, []string{"a:left", "b:left"}, p.packages(), "the copy had a as it was before")
		after, _ := p.published()
		require.Equal(t, []string{"packed", "left", "moves"}, after[len(before):])
	}
}

func TestALaterPlacementStartsWithoutPackagesAndFacts(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		p := newParcels(t, rdb)
		p.put(p.record(7, nodes("paid", "packed"), "a:left", "b:left"))
		p.at = p.at.Add(time.Hour)
		p.put(p.record(1, nodes("paid")))
		require.Empty(t, p.packages())
		p.put(p.record(2, nodes("paid"), "a:packed"), "a")
		require.Equal(t, []string{"a:packed"}, p.packages())
		names, _ := p.published()
		require.Equal(t, []string{"paid", "packed", "paid"}, names, "the ids of a later placement differ")
	})
}

// Whatever is put, however often and in which order: each fact is published once, by the first record
// that is stored with it; one that was taken off the list is published once more when it is back.
func TestFactsArePublishedOnceOverAnySequenceOfRecords(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		rapid.Check(t, func(r *rapid.T) {
			p := newParcels(t, rdb)
			var version int64
			var list, want []string
			for range rapid.IntRange(1, 12).Draw(r, "writes") {
				v := rapid.Int64Range(1, 6).Draw(r, "version")
				names := []string{"placed"}
				names = append(names, rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4, rapid.ID).Draw(r, "facts")...)
				rec := p.record(v, nodes(names...), "x:1", "y:1")
				if rapid.Bool().Draw(r, "named") {
					rec.Changed = []string{"x"}
				}
				require.NoError(t, p.store.Put(t.Context(), rec))
				if v > version {
					for _, n := range names {
						if !slices.Contains(list, n) {
							want = append(want, n)
						}
					}
					version, list = v, names
				}
				got, _ := p.published()
				require.Equal(t, want, got)
			}
		})
	})
}

func TestConcurrentRecordsPublishEachFactOnce(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		p := newParcels(t, rdb)
		var wg sync.WaitGroup
		var names []string
		errs := make(chan error, 60)
		for v := range 20 {
			names = append(names, fmt.Sprintf("n%02d", v))
			r := p.record(int64(v+1), nodes(names...), fmt.Sprintf("a:%d", v), "b:1")
			r.Changed = []string{"a"}
			for range 3 {
				wg.Go(func() { errs <- p.store.Put(t.Context(), r) })
			}
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		got, _ := p.published()
		require.Equal(t, names, got)
		require.Equal(t, []string{"a:19", "b:1"}, p.packages())
	})
}

// An order of before, whose status was published, goes on with a list.
func TestAMissingListCountsAsEverythingUpToTheStoredStatus(t *testing.T) {
	many := nodes("awaiting_payment", "paid", "awaiting_shipment")
	for i := range 100 {
		many = append(many, order.Fact{ID: fmt.Sprint(i), Kind: order.FactAlert, Name: "alert"})
	}
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		for _, row := range []struct {
			status order.Status
			facts  []order.Fact
			news   []string
		}{
			{order.StatusPaid, nodes("awaiting_payment", "paid", "awaiting_shipment"), []string{"awaiting_shipment"}},
			{order.StatusAwaitingPayment, nodes("awaiting_payment", "paid"), []string{"paid"}},
			{order.StatusReserving, nodes("awaiting_payment"), []string{"awaiting_payment"}},
			{order.StatusPacked, append(nodes("awaiting_payment", "paid", "packed"), order.Fact{
				ID: "p", Kind: order.FactNode, Name: "packed", PackageID: "p",
			}, order.Fact{ID: "s", Kind: order.FactStruck, Name: "packed"}), []string{"packed", "packed"}},
			{order.StatusCancelled, append(nodes("awaiting_payment"), order.Fact{
				ID: "o", Kind: order.FactOutcome, Name: "cancelled",
			}, order.Fact{ID: "c", Kind: order.FactClosed, Name: "closed"}), []string{"closed"}},
			{order.StatusPaid, many, nil},
		} {
			p := newParcels(t, rdb)
			before := p.record(1, nil)
			before.Status = row.status
			p.put(before)
			_, entries := p.published()
			require.Zero(t, entries, "its status is what is published")
			p.put(p.record(2, row.facts))
			names, _ := p.published()
			if row.news == nil {
				require.Len(t, names, 101)
				continue
			}
			require.Equal(t, row.news, names, row.status)
			p.put(p.record(3, row.facts))
			again, entries := p.published()
			require.Equal(t, names, again)
			require.Equal(t, 2, entries, "an empty list says that the status isn't the news")
		}
	})
}

// A record that is stored between the reading of a document and of its packages must not show.
func TestADocumentIsNeverReadWithPackagesOfAnotherVersion(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		p := newParcels(t, rdb)
		p.put(p.record(1, nodes("paid"), "a:1"))
		between := &betweenReads{then: func() { p.put(p.record(2, nodes("paid"), "a:2")) }}
		rdb.AddHook(between)
		doc, version, _, err := p.store.Get(t.Context(), p.id)
		require.NoError(t, err)
		require.True(t, between.reached)
		require.Equal(t, int64(2), version)
		require.JSONEq(t, `{"version":2,"packages":[{"id":"a","state":"2"}]}`, string(doc))
	})
}

// betweenReads splits the first pipeline that reads packages, and does something in between.
type betweenReads struct {
	then    func()
	reached bool
}

func (*betweenReads) DialHook(next redis.DialHook) redis.DialHook { return next }

func (*betweenReads) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (b *betweenReads) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if b.reached || len(cmds) != 2 || cmds[1].Name() != "hgetall" {
			return next(ctx, cmds)
		}
		b.reached = true
		if err := next(ctx, cmds[:1]); err != nil {
			return err
		}
		b.then()
		return next(ctx, cmds[1:])
	}
}

// What an order has published is forgotten with it.
func TestForgetDeletesThePackages(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		p, ctx := newParcels(t, rdb), t.Context()
		p.put(p.record(1, nodes("paid"), "a:packed"))
		stored, err := p.store.ReadMany(ctx, []string{p.id})
		require.NoError(t, err)
		older, err := p.store.ReadOlder(ctx, []string{p.id}, stored[0].Revision+1)
		require.NoError(t, err)
		require.Equal(t, stored, older, "with its packages")
		older, err = p.store.ReadOlder(ctx, []string{p.id}, stored[0].Revision)
		require.NoError(t, err)
		require.Equal(t, order.Stored{OrderID: p.id, Revision: stored[0].Revision}, older[0])
		done, err := p.store.Forget(ctx, p.id, stored[0].Revision)
		require.NoError(t, err)
		require.True(t, done)
		require.Zero(t, rdb.Exists(ctx, p.key(), p.packagesKey()).Val())
	})
}

// A repair publishes by the same comparison, and replaces all packages.
func TestMendWritesPackagesAndPublishesWhatIsMissing(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		p, ctx := newParcels(t, rdb), t.Context()
		right := p.record(3, nodes("paid", "packed", "left"), "a:left", "b:packed")
		seen := order.Record{Version: 3, Doc: right.Doc}
		mend := func(seen order.Record) bool {
			t.Helper()
			done, err := p.store.Mend(ctx, seen, right)
			require.NoError(t, err)
			require.Equal(t, []string{"a:left", "b:packed"}, p.packages()) //nolint:contextcheck // it has the test's
			return done
		}
		p.put(right)
		require.NoError(t, rdb.HSet(ctx, p.packagesKey(), "a", `{"id":"a","state":"old"}`, "c", `{"id":"c"}`).Err())
		require.NoError(t, rdb.HSet(ctx, p.key(), "published", "id-paid").Err())
		require.True(t, mend(seen))
		require.False(t, mend(order.Record{}))
		names, _ := p.published()
		require.Equal(t, []string{"paid", "packed", "left", "packed", "left"}, names)
		require.NoError(t, rdb.Del(ctx, p.key(), p.packagesKey()).Err())
		require.True(t, mend(order.Record{}), "lost, all of it")
		names, _ = p.published()
		require.Equal(t, []string{"paid", "packed", "left"}, names[5:])
		p.put(p.record(4, nodes("paid", "packed", "left"), "a:left", "b:left"), "b")
		require.Equal(t, []string{"a:left", "b:left"}, p.packages(), "goes on from what was mended")
		names, _ = p.published()
		require.Len(t, names, 8)

		earlier := p.record(9, nil)
		earlier.PlacedAt, earlier.Status = p.at.Add(-time.Hour), order.StatusPaid
		require.NoError(t, rdb.Del(ctx, p.key(), p.packagesKey()).Err())
		p.put(earlier)
		require.True(t, mend(order.Record{Version: 9, Doc: earlier.Doc}))
		names, _ = p.published()
		require.Equal(t, []string{"paid", "packed", "left"}, names[8:], "what an earlier placement published doesn't count")
	})
}

// large is an order with as many packages as possible, each with its scans, one of which changes.
func (p *parcels) large(version int64, moved int) (r order.Record, whole int) {
	facts := nodes("awaiting_payment", "paid", "awaiting_shipment")
	packages := map[string][]byte{}
	for i := range order.MaxPackages {
		id := fmt.Sprintf("p%016x", i)
		at := 6
		if i < moved {
			at++
		}
		for n := range at {
			facts = append(facts, order.Fact{
				ID: fmt.Sprintf("%012x%012x", i, n), Kind: order.FactNode, Name: "out_for_delivery", PackageID: id, OccurredAt: p.at,
			})
		}
		packages[id] = fmt.Appendf(nil, `{"id":%q,"moved":%t,"text":%q}`, id, i < moved, strings.Repeat("x", 4000))
		whole += len(packages[id])
	}
	r = p.record(version, facts)
	r.Packages = packages
	for _, f := range facts {
		doc, err := json.Marshal(f)
		require.NoError(p.t, err)
		whole += len(doc)
	}
	return r, whole
}

// A scan of one package of a large order sends and writes neither all packages nor all facts.
func TestAChangeOfOnePackageOfALargeOrderIsSmall(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		p := newParcels(t, rdb)
		first, whole := p.large(1, 0)
		p.put(first)
		names, _ := p.published()
		require.Len(t, names, len(first.Facts))
		calls, bytes := 0, 0
		hook := &counter{calls: &calls, bytes: &bytes}
		rdb.AddHook(hook)
		next, _ := p.large(2, 1)
		begun := time.Now()
		p.put(next, fmt.Sprintf("p%016x", 0))
		took := time.Since(begun)
		require.Equal(t, 1, calls, "one round trip")
		require.Less(t, bytes, 60_000)
		names, _ = p.published()
		require.Len(t, names, len(next.Facts))
		t.Logf("%d packages, %d facts, %d bytes in all: %d bytes sent in %s", len(next.Packages), len(next.Facts), whole, bytes, took)

		unnamed, _ := p.large(3, 2)
		*hook.calls, *hook.bytes = 0, 0
		p.put(unnamed, fmt.Sprintf("p%016x", 0)) // its caller named another one
		require.Equal(t, 2, calls, "the store asks for what it lacks")
		require.Less(t, bytes, 120_000)
		names, _ = p.published()
		require.Len(t, names, len(unnamed.Facts))
	})
}

func TestASmallOrderIsPutInOneRoundTrip(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		p := newParcels(t, rdb)
		p.put(p.record(1, nodes("awaiting_payment")))
		calls, bytes := 0, 0
		rdb.AddHook(&counter{calls: &calls, bytes: &bytes})
		p.put(p.record(2, nodes("awaiting_payment", "paid", "awaiting_shipment")))
		p.put(p.record(3, nodes("awaiting_payment", "paid", "awaiting_shipment", "packed"), "a:packed"), "a")
		p.put(p.record(4, append(nodes("awaiting_payment", "paid", "awaiting_shipment", "packed", "left"), order.Fact{
			ID: "left", Kind: order.FactNode, Name: "left", PackageID: "a",
		}), "a:left"), "a")
		require.Equal(t, 3, calls)
	})
}

// counter counts the calls of scripts on an order, and the bytes of their arguments.
type counter struct {
	calls, bytes *int
}

func (*counter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *counter) count(cmd redis.Cmder) {
	if len(cmd.Args()) < 4 {
		return
	}
	if key, _ := cmd.Args()[3].(string); cmd.Name() != "evalsha" || !strings.Contains(key, ":order:") {
		return
	}
	*c.calls++
	for _, a := range cmd.Args() {
		switch a := a.(type) {
		case string:
			*c.bytes += len(a)
		case []byte:
			*c.bytes += len(a)
		}
	}
}

func (c *counter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.count(cmd)
		return next(ctx, cmd)
	}
}

func (c *counter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			c.count(cmd)
		}
		return next(ctx, cmds)
	}
}
