package audit

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
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
