package customers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/customer"
	"holdfast/customers"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// Whatever is written and erased in whatever order, late and repeated messages included, the
// store does what the model does: the customers, the counts by level, the list and the events.
func TestAnySequenceOfWritesKeepsTheCustomers(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		seen := map[string]int{}
		all := &model{customers: map[string]*entry{}}
		rapid.Check(t, func(r *rapid.T) {
			m := &machine{
				ctx: t.Context(), rdb: rdb, store: customers.New(rdb), model: all, seen: seen, base: time.Now().Truncate(time.Millisecond),
				ids: []string{redistest.ID("c"), redistest.ID("c"), redistest.ID("c")}, read: map[string]string{}, types: map[string][]string{},
			}
			for _, id := range m.ids {
				m.read[id] = "-"
				if last, err := rdb.XRevRangeN(t.Context(), redisdb.EventsKey(redisdb.Bucket(id)), "+", "-", 1).Result(); err == nil && len(last) > 0 {
					m.read[id] = "(" + last[0].ID
				}
			}
			r.Repeat(map[string]func(*rapid.T){
				"profile": m.profile, "standing": m.standing, "both": m.both, "again": m.again, "again2": m.again,
				"erase": m.erase, "": m.check,
			})
			m.list(r)
		})
		if testing.Short() {
			return // too few sequences to get every answer
		}
		for _, answer := range []string{"done", "done, again", "stale", "exists", "erased", "removed", "nothing to erase", "back"} {
			assert.Positive(t, seen[answer], "no sequence got the answer %q", answer)
		}
		t.Log(seen)
	})
}

// machine drives a few customers, of the store and of the model, side by side.
type machine struct {
	ctx   context.Context
	rdb   redis.UniversalClient
	store *customers.Store
	model *model
	ids   []string
	base  time.Time
	// sent are the changes so far: any of them may come again.
	sent []customer.Change
	seen map[string]int
	// read is how far each customer's stream was read, and types what was found.
	read  map[string]string
	types map[string][]string
}

// at is when a change was asked for, before, between and after the erasures.
func (m *machine) at(t *rapid.T) time.Time {
	return m.base.Add(time.Duration(rapid.SampledFrom([]int{0, 0, 0, 2, 4}).Draw(t, "asked for")) * time.Hour)
}

func (m *machine) id(t *rapid.T) string { return rapid.SampledFrom(m.ids).Draw(t, "id") }

func drawProfile(t *rapid.T) *customer.Profile {
	p := &customer.Profile{
		Name: rapid.SampledFrom([]string{"", "Ada", `"<A> & Ø`}).Draw(t, "name"), Email: rapid.SampledFrom([]string{"", "ada@example.com"}).Draw(t, "e-mail"),
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "addresses") {
		p.Addresses = append(p.Addresses, customer.Address{
			ID: fmt.Sprint("a", i), Address: order.Address{Recipient: "Ada", Line1: "1", City: "London", Country: "GB"},
		})
		p.DefaultAddress = "a0"
	}
	return p
}

func drawStanding(t *rapid.T) *customer.Standing {
	s := &customer.Standing{Level: rapid.SampledFrom([]int{0, 1, 2, customer.MaxLevel}).Draw(t, "level")}
	s.ExternalReference = rapid.SampledFrom([]string{"", "CRM-1"}).Draw(t, "reference")
	if rapid.Bool().Draw(t, "with metadata") {
		s.Metadata = product.Metadata{"b": "1", "a": "two\nlines"}
	}
	return s
}

func (m *machine) profile(t *rapid.T) { m.put(t, drawProfile(t), nil) }

func (m *machine) standing(t *rapid.T) { m.put(t, nil, drawStanding(t)) }

func (m *machine) both(t *rapid.T) { m.put(t, drawProfile(t), drawStanding(t)) }

func (m *machine) put(t *rapid.T, p *customer.Profile, s *customer.Standing) {
	ch := customer.Change{ID: m.id(t), Profile: p, Standing: s, At: m.at(t)}
	switch e := m.model.of(ch.ID); rapid.IntRange(0, 5).Draw(t, "condition") {
	case 0:
		ch.IfMatch = new(customer.NotThere)
	case 1:
		ch.IfMatch = new(e.version)
	case 2:
		ch.IfMatch = new(e.version - 1)
	}
	m.sent = append(m.sent, ch)
	m.apply(t, ch, "")
}

// again repeats a change, however old.
func (m *machine) again(t *rapid.T) {
	if len(m.sent) == 0 {
		t.Skip("nothing was sent")
	}
	m.apply(t, rapid.SampledFrom(m.sent).Draw(t, "change"), ", again")
}

func (m *machine) apply(t *rapid.T, ch customer.Change, again string) {
	e := m.model.of(ch.ID)
	before := e.version
	created, changed, wrong := m.model.put(ch, same)
	got, isNew, err := m.store.Put(m.ctx, ch)
	m.seen[nameOf(err)+again]++
	if wrong != nil {
		require.ErrorIs(t, err, wrong)
		return
	}
	require.NoError(t, err)
	require.Equal(t, created, isNew)
	if changed {
		require.Greater(t, got.Version, before)
		e.version = got.Version
		if created {
			e.created = got.CreatedAt
		}
		if created && !e.erasedBefore.IsZero() {
			m.seen["back"]++
		}
	}
	m.same(t, ch.ID, got)
}

func (m *machine) erase(t *rapid.T) {
	id := m.id(t)
	before := m.base.Add(time.Duration(rapid.SampledFrom([]int{-1, 1, 3}).Draw(t, "before")) * time.Hour)
	wanted := m.model.erase(id, before)
	removed, err := m.store.Erase(m.ctx, id, before)
	require.NoError(t, err)
	require.Equal(t, wanted, removed)
	if removed {
		m.seen["removed"]++
		fields, err := m.rdb.HGetAll(m.ctx, redisdb.Bucket(id)+":customer:"+id).Result()
		require.NoError(t, err)
		require.Len(t, fields, 3, "its version and two times: %v", fields)
	} else {
		m.seen["nothing to erase"]++
	}
	if e := m.model.of(id); removed {
		version, err := m.rdb.HGet(m.ctx, redisdb.Bucket(id)+":customer:"+id, "version").Int64()
		require.NoError(t, err)
		require.Greater(t, version, e.version)
		e.version = version
	}
}

// same compares a customer with the model's.
func (m *machine) same(t *rapid.T, id string, got customer.Customer) {
	e := m.model.of(id)
	want := customer.Customer{ID: id}
	if e.there {
		want = customer.Customer{
			ID: id, Profile: e.profile, Standing: e.standing, Version: e.version,
			CreatedAt: e.created, UpdatedAt: time.UnixMilli(e.version).UTC(),
		}
	}
	require.Equal(t, want, got)
}

func (m *machine) check(t *rapid.T) {
	for _, id := range m.ids {
		got, err := m.store.Get(m.ctx, id)
		require.NoError(t, err)
		m.same(t, id, got)
		require.Equal(t, m.model.of(id).events, m.events(t, id))
	}
}

// events returns the types of a customer's entries, and requires that they name the customer and
// say nothing else about them.
func (m *machine) events(t *rapid.T, id string) []string {
	entries, err := m.rdb.XRange(m.ctx, redisdb.EventsKey(redisdb.Bucket(id)), m.read[id], "+").Result()
	require.NoError(t, err)
	last := int64(0)
	for _, entry := range entries {
		m.read[id] = "(" + entry.ID
		if entry.Values["id"] != id {
			continue
		}
		var version int64
		_, err := fmt.Sscan(fmt.Sprint(entry.Values["version"]), &version)
		require.NoError(t, err)
		require.Greater(t, version, last)
		last = version
		m.types[id] = append(m.types[id], fmt.Sprint(entry.Values["type"]))
		require.Equal(t, map[string]any{
			"v": "1", "type": entry.Values["type"], "entity": "customer", "id": id, "version": entry.Values["version"],
			"at": entry.Values["at"], "order": "", "stock": "[]",
		}, entry.Values)
	}
	return m.types[id]
}

// list counts all customers by level, and walks through those that were written in this sequence.
func (m *machine) list(t *rapid.T) {
	levels, err := m.store.Levels(m.ctx)
	require.NoError(t, err)
	require.Equal(t, m.model.levels(), levels)
	var found []string
	for from, last := "", int64(0); ; {
		page, next, err := m.store.List(m.ctx, m.base, 7, from)
		require.NoError(t, err)
		for _, c := range page {
			require.GreaterOrEqual(t, c.Version, last)
			last = c.Version
			m.same(t, c.ID, c)
			found = append(found, c.ID)
		}
		if from = next; from == "" {
			break
		}
	}
	var wanted []string
	for id, e := range m.model.customers {
		if e.there && e.version >= m.base.UnixMilli() {
			wanted = append(wanted, id)
		}
	}
	slices.Sort(found)
	slices.Sort(wanted)
	require.Equal(t, wanted, found)
}

// same reports whether two values are written the same.
func same(a, b any) bool {
	one, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	other, err := json.Marshal(b)
	if err != nil {
		panic(err)
	}
	return string(one) == string(other)
}
