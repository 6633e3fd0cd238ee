package inventory_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/product"
	"holdfast/redisdb"
)

// sameError compares kind and content of a refusal.
func (m *machine) sameError(t *rapid.T, want, got error) {
	if want != nil {
		m.saw(strings.TrimLeft(fmt.Sprintf("%T", want), "*"), false)
	}
	requireRefused(t, want, got)
}

// check compares everything that the store knows with the model, and the books
// with themselves.
func (m *machine) check(t *rapid.T) {
	for _, e := range m.products {
		e.refresh()
		m.checkProduct(t, e)
		m.checkHolds(t, e)
	}
	m.did = map[string]effect{}
}

func (m *machine) checkProduct(t *rapid.T, e *entity) {
	before := e.now
	got, err := m.store.Get(m.ctx, e.id)
	if !e.exists {
		require.ErrorIs(t, err, product.ErrNotFound)
	} else {
		require.NoError(t, err)
		did := m.did[e.id]
		if did.kind != "" {
			require.Greater(t, got.Version, before.Version, "version")
		} else {
			require.Equal(t, before.Version, got.Version, "nothing happened, so the version stays")
		}
		if did.doc {
			require.Equal(t, got.Version, got.DocVersion, "docVersion")
		} else {
			require.Equal(t, before.DocVersion, got.DocVersion, "the description stays, so docVersion does")
		}
		require.Equal(t, got.Version, got.UpdatedAt.UnixMilli(), "it was changed when its version says")
		if !before.CreatedAt.IsZero() {
			require.Equal(t, before.CreatedAt, got.CreatedAt, "when it was created stays")
		}
		e.now.Version, e.now.DocVersion = got.Version, got.DocVersion
		e.now.CreatedAt, e.now.UpdatedAt = got.CreatedAt, got.UpdatedAt
		require.Equal(t, e.now, got)
	}
	m.checkEvents(t, e)
	m.checkBuyers(t, e)
	live := map[string]int64{}
	for _, h := range e.holds {
		for _, it := range h.Items {
			if h.State == product.HoldStateHeld {
				live[it.SKU] += it.Quantity
			}
		}
	}
	for _, v := range got.Variants {
		require.NoError(t, v.Stock.Check(), "variant %s", v.SKU)
		require.Equal(t, live[v.SKU], v.Stock.Held, "held is the sum of the live holds of %s", v.SKU)
	}
}

// checkBuyers requires that what each customer holds is the sum of the live holds that
// count, even if the model agrees: both might drift.
func (m *machine) checkBuyers(t *rapid.T, e *entity) {
	live, want := map[string]int64{}, map[string]int64{}
	for _, h := range e.holds {
		if h.State == product.HoldStateHeld && h.CustomerID != "" {
			live[h.CustomerID] += units(h.Items)
		}
	}
	for customer, n := range e.buyers {
		if n != 0 {
			want[customer] = n
		}
	}
	require.Equal(t, want, live, "what the customers hold is the sum of their live holds")
	fields, err := m.rdb.HGetAll(m.ctx, redisdb.Bucket(e.id)+":buyers:"+e.id).Result()
	require.NoError(t, err)
	got := map[string]int64{}
	for customer, n := range fields {
		got[customer], err = strconv.ParseInt(n, 10, 64)
		require.NoError(t, err)
	}
	require.Equal(t, want, got)
}

// checkEvents requires exactly the event that the command must leave, with the
// stock as it is now.
func (m *machine) checkEvents(t *rapid.T, e *entity) {
	entries, err := m.rdb.XRange(m.ctx, redisdb.EventsKey(redisdb.Bucket(e.id)), m.read[e.id], "+").Result()
	require.NoError(t, err)
	var events []map[string]any
	for _, x := range entries {
		if x.ID != m.read[e.id] && x.Values["id"] == e.id {
			events = append(events, x.Values)
		}
	}
	if len(entries) > 0 {
		m.read[e.id] = entries[len(entries)-1].ID
	}
	did := m.did[e.id]
	if did.kind == "" {
		require.Empty(t, events, "nothing happened, so there is no event")
		return
	}
	require.Len(t, events, 1)
	event := events[0]
	require.Equal(t, did.kind, event["type"])
	require.Equal(t, did.order, event["order"])
	require.Equal(t, strconv.FormatInt(e.now.Version, 10), event["version"])
	checkStock(t, e, did, event["stock"].(string))
}

func checkStock(t *rapid.T, e *entity, did effect, encoded string) {
	var stocks []struct {
		SKU string `json:"sku"`
		product.Stock
	}
	require.NoError(t, json.Unmarshal([]byte(encoded), &stocks))
	var skus []string
	for _, s := range stocks {
		skus = append(skus, s.SKU)
		want := *e.ledger[s.SKU]
		if did.kind == "hold.made" || did.kind == "hold.released" { // these two leave the ledger alone
			want.Adjusted, want.Committed, want.Restocked = 0, 0, 0
		}
		require.Equal(t, want, s.Stock, "stock of %s in the event", s.SKU)
	}
	require.Equal(t, did.skus, skus)
}

func (m *machine) checkHolds(t *rapid.T, e *entity) {
	bucket := redisdb.Bucket(e.id)
	var live, overdue []string
	for _, order := range m.orders {
		want := e.holds[order]
		if want == nil {
			want = &product.HoldDetail{ProductID: e.id, OrderID: order, State: product.HoldStateNone}
		}
		got, err := m.store.HoldDetail(m.ctx, e.id, order)
		require.NoError(t, err)
		require.Equal(t, *want, got)
		ttl, err := m.rdb.TTL(m.ctx, bucket+":hold:"+e.id+":"+order).Result()
		require.NoError(t, err)
		switch want.State {
		case product.HoldStateHeld:
			require.Equal(t, time.Duration(-1), ttl, "a live hold stays")
			live = append(live, fmt.Sprintf("%d %s", want.Deadline.UnixMilli(), order))
			overdue = append(overdue, fmt.Sprintf("%d %s/%s", want.Deadline.UnixMilli(), e.id, order))
		case product.HoldStateNone:
		case product.HoldStateCommitted:
			if !e.expires[order] {
				require.Equal(t, time.Duration(-1), ttl, "a sale is remembered as long as its order is open")
				continue
			}
			require.Greater(t, ttl, 29*24*time.Hour, "a closed sale is remembered")
		case product.HoldStateReleased:
			require.Greater(t, ttl, 29*24*time.Hour, "an ended hold is remembered")
		}
	}
	slices.Sort(live)
	slices.Sort(overdue)
	require.Equal(t, live, m.zset(t, bucket+":holds:"+e.id, ""))
	require.Equal(t, overdue, m.zset(t, bucket+":deadlines", e.id+"/"))
}

// zset lists "score member" of the members with the prefix.
func (m *machine) zset(t *rapid.T, key, prefix string) []string {
	members, err := m.rdb.ZRangeWithScores(m.ctx, key, 0, -1).Result()
	require.NoError(t, err)
	var list []string
	for _, z := range members {
		if member := z.Member.(string); strings.HasPrefix(member, prefix) {
			list = append(list, fmt.Sprintf("%d %s", int64(z.Score), member))
		}
	}
	slices.Sort(list)
	return list
}
