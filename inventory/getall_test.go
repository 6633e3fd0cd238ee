package inventory_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

func TestGetAllReadsWhatGetReads(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), inventory.New(rdb)
		none, err := store.GetAll(ctx, nil)
		require.NoError(t, err)
		require.Empty(t, none)

		want := map[string]product.Product{}
		ids := []string{redistest.ID("nothing")}
		for range 20 { // in several buckets
			id := redistest.ID("shirt")
			_, _, err := store.Put(ctx, id, shirt(5, 0), nil)
			require.NoError(t, err)
			want[id], err = store.Get(ctx, id)
			require.NoError(t, err)
			ids = append(ids, id)
		}
		got, err := store.GetAll(ctx, ids)
		require.NoError(t, err)
		require.Equal(t, want, got)

		require.NoError(t, rdb.Close())
		_, err = store.GetAll(ctx, ids)
		require.Error(t, err)
	})
}
