package inventory_test

import (
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func TestGetManyTellsEachProductsOwnError(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, store := t.Context(), inventory.New(rdb)
		fine, other, missing, damaged, foreign := redistest.ID("p"), redistest.ID("p"), redistest.ID("p"), redistest.ID("p"), redistest.ID("p")
		for _, id := range []string{fine, other, damaged} {
			_, _, err := store.Put(ctx, id, shirt(5, 0), nil)
			require.NoError(t, err)
		}
		key := func(id string) string { return redisdb.Bucket(id) + ":product:" + id }
		require.NoError(t, rdb.HSet(ctx, key(damaged), "onhand:S", "many").Err())
		require.NoError(t, rdb.Set(ctx, key(foreign), "x", 0).Err())
		ids := []string{fine, missing, damaged, foreign, other}
		all, err := store.GetMany(ctx, ids)
		require.NoError(t, err)
		for i, l := range all {
			require.Equal(t, ids[i], l.ID)
			switch l.ID {
			case fine, other:
				require.NoError(t, l.Err)
				p, err := store.Get(ctx, l.ID)
				require.NoError(t, err)
				require.Equal(t, p, l.Product)
			default:
				require.Error(t, l.Err)
				require.Equal(t, l.ID == missing, errors.Is(l.Err, product.ErrNotFound))
			}
		}
		all, err = store.GetMany(ctx, nil)
		require.NoError(t, err)
		require.Empty(t, all)
	})
}
