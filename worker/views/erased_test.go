package views

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/search"
)

// What a rebuild copies from the old view, or learns from a workflow, may be of before the order was
// erased.
func TestARebuildCopiesNoErasedPerson(t *testing.T) {
	rdb, err := redisdb.Open(t.Context(), "redis://"+miniredis.RunT(t).Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	docs, now := records.New(rdb), time.Now().UTC().Truncate(time.Millisecond)
	o := order.Order{
		ID: "o", Version: 3, CustomerID: "c", Status: order.StatusExpired, PlacedAt: now, UpdatedAt: now,
		Address: &order.Address{Recipient: "Ada Lovelace", Line1: "1", City: "London", Country: "GB"},
	}
	r, err := order.NewRecord(&o, nil)
	require.NoError(t, err)
	require.NoError(t, docs.Put(t.Context(), r))
	st, err := docs.ReadMany(t.Context(), []string{"o"})
	require.NoError(t, err)
	before := search.FromOrder(o, st[0].Doc, st[0].Revision, map[string][]byte{"refund:p/r": []byte(`{"id":"r","note":"for Ada Lovelace"}`)})
	erased := o.Clone()
	erased.Erase(now)
	done, err := docs.Erase(t.Context(), &erased, st[0], 0)
	require.NoError(t, err)
	require.True(t, done)

	e := NewEntities(rdb)
	whole, err := e.WithPayments(t.Context(), []search.Order{before})
	require.NoError(t, err)
	require.Greater(t, whole[0].Revision, before.Revision)
	require.Empty(t, whole[0].Recipient)
	require.Empty(t, whole[0].Address)
	require.NotContains(t, string(whole[0].Document), "Lovelace")
	require.NotContains(t, string(whole[0].Payments["refund:p/r"]), "Lovelace")
	twice, err := e.WithPayments(t.Context(), whole)
	require.NoError(t, err)
	require.Equal(t, whole, twice)
}
