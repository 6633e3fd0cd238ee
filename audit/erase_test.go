package audit

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

// An erased order's workflow may still be there, and has the person. That is no difference, and a repair
// that writes the document again writes it without the person.
func TestARepairBringsNoErasedPersonBack(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		o := s.work.orders[s.delivered].order.Clone()
		o.Address = &order.Address{Recipient: "Ada Lovelace", Line1: "1", City: "London", Country: "GB"}
		o.Metadata = map[string]string{"gift": "for Ada Lovelace"}
		o.Version++
		s.record(o, false)
		require.Empty(t, s.audit())
		st, err := s.docs.ReadMany(t.Context(), []string{o.ID})
		require.NoError(t, err)
		erased, err := st[0].Order()
		require.NoError(t, err)
		erased.Erase(time.Now())
		done, err := s.docs.Erase(t.Context(), &erased, st[0], 0)
		require.NoError(t, err)
		require.True(t, done)
		require.Empty(t, s.audit(), "what was erased is no difference")

		s.do("DEL", orderKey(o.ID))
		require.NotEmpty(t, s.audit())
		left, _ := s.repair()
		require.Empty(t, left)
		doc, version, found, err := s.docs.Get(t.Context(), o.ID)
		require.NoError(t, err)
		require.True(t, found)
		require.Equal(t, o.Version, version)
		require.NotContains(t, string(doc), "Lovelace")
		var again order.Order
		require.NoError(t, json.Unmarshal(doc, &again))
		require.WithinDuration(t, erased.ErasedAt, again.ErasedAt, time.Millisecond)
	})
}

// After a restore of Redis an order may have its person again, or lack the mark that late writes obey. What
// outlived says which.
func TestWhatARestoreBringsBackIsErasedAgain(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		name := func(id string) {
			o := s.work.orders[id].order.Clone()
			o.Address = &order.Address{Recipient: "Ada Lovelace", Line1: "1", City: "London", Country: "GB"}
			o.Version++
			s.record(o, false)
		}
		mark := func(id string) string { return redisdb.Bucket(id) + ":erased:" + id }
		for _, id := range []string{s.delivered, s.cancelled, s.unwound} {
			name(id)
		}
		at := time.Now().UTC().Truncate(time.Millisecond)
		placed := func(id string) int64 { return s.work.orders[id].order.PlacedAt.UnixMilli() }
		require.Empty(t, s.audit())

		// the document is of before, and the mark is there
		s.do("HSET", mark(s.delivered), "placed", placed(s.delivered), "at", at.UnixMilli())
		// the mark is lost
		done, err := s.docs.EraseAgain(t.Context(), s.unwound, at)
		require.NoError(t, err)
		require.True(t, done)
		s.do("DEL", mark(s.unwound))
		kinds := map[Kind]string{}
		for _, f := range s.audit() {
			kinds[f.Kind] = f.OrderID
		}
		require.Equal(t, map[Kind]string{KindErasedDataPresent: s.delivered, KindErasedMarkMissing: s.unwound}, kinds)
		left, _ := s.repair()
		require.Empty(t, left)
		require.Equal(t, int64(1), rdb.Exists(t.Context(), mark(s.unwound)).Val())

		// only the customer's tombstone is there
		customerKey := redisdb.Bucket("customer") + ":customer:customer"
		s.do("HSET", customerKey, "erasedBefore", placed(s.cancelled), "erasure", `{"erased":1,"open":1}`)
		require.Empty(t, s.audit(), "it isn't completed")
		s.do("HSET", customerKey, "erasure", `{"erased":1,"open":0,"completedAt":"2026-01-01T00:00:00Z"}`)
		found := s.audit()
		require.NotEmpty(t, found)
		for _, f := range found {
			require.Equal(t, KindErasedDataPresent, f.Kind)
		}
		left, _ = s.repair()
		require.Empty(t, left)
		for _, id := range []string{s.delivered, s.cancelled, s.unwound} {
			doc, _, _, err := s.docs.Get(t.Context(), id)
			require.NoError(t, err)
			require.NotContains(t, string(doc), "Lovelace")
		}
		s.do("DEL", customerKey)
	})
}
