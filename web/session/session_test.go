package session_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/web/session"
)

func onBoth(t *testing.T, test func(t *testing.T, s session.Store)) {
	t.Run("memory", func(t *testing.T) { test(t, session.NewMemory()) })
	t.Run("redis", func(t *testing.T) {
		rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
		t.Cleanup(func() { _ = rdb.Close() }) // the test is over
		test(t, session.NewRedis(rdb))
	})
}

func TestASessionLastsUntilItEndsOrExpires(t *testing.T) {
	onBoth(t, func(t *testing.T, store session.Store) {
		ctx := t.Context()
		none, err := store.Get(ctx, "unknown")
		require.NoError(t, err)
		require.Nil(t, none)

		id := session.NewID()
		s := session.Session{Kind: session.KindGuest, Token: "t", Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Second)}
		s.Remember("o-1")
		require.NoError(t, store.Put(ctx, id, s))
		got, err := store.Get(ctx, id)
		require.NoError(t, err)
		require.Equal(t, &s, got)

		got.Remember("o-2") // a copy: what isn't stored is not there
		again, err := store.Get(ctx, id)
		require.NoError(t, err)
		require.Equal(t, []string{"o-1"}, again.Orders)

		require.NoError(t, store.Delete(ctx, id))
		gone, err := store.Get(ctx, id)
		require.NoError(t, err)
		require.Nil(t, gone)

		s.Expires = time.Now().Add(-time.Second)
		require.NoError(t, store.Put(ctx, id, s))
		gone, err = store.Get(ctx, id)
		require.NoError(t, err)
		require.Nil(t, gone)
	})
}

func TestASessionRemembersItsNewestOrders(t *testing.T) {
	var s session.Session
	for i := range 30 {
		s.Remember(fmt.Sprint("o-", i))
	}
	s.Remember("o-15")
	require.Len(t, s.Orders, session.MostOrders)
	require.Equal(t, []string{"o-15", "o-29"}, s.Orders[:2])
}

func TestMemoryIsBounded(t *testing.T) {
	m := session.NewMemory()
	soon := time.Now().Add(time.Minute)
	require.NoError(t, m.Put(t.Context(), "first", session.Session{Expires: soon}))
	for i := range 11_000 {
		require.NoError(t, m.Put(t.Context(), fmt.Sprint(i), session.Session{Expires: soon.Add(time.Hour)}))
	}
	first, err := m.Get(t.Context(), "first")
	require.NoError(t, err)
	require.Nil(t, first, "it would have expired first")
	last, err := m.Get(t.Context(), "10999")
	require.NoError(t, err)
	require.NotNil(t, last)
}
