package session_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
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

// Of several changes at once none is lost, and none brings an ended session back.
func TestChangesOfASessionAtOnceAreAllKept(t *testing.T) {
	onBoth(t, func(t *testing.T, store session.Store) {
		ctx := t.Context()
		id := session.NewAccountID()
		require.True(t, session.IsAccountID(id))
		require.False(t, session.IsAccountID(session.NewID()))
		require.NoError(t, store.Put(ctx, id, session.Session{
			Account: &session.Account{Subject: "ada", Refresh: "r0"}, Expires: time.Now().Add(time.Hour),
		}))
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				s, err := store.Update(ctx, id, func(s *session.Session) { s.Remember(fmt.Sprint("o-", i)) })
				if assert.NoError(t, err) {
					assert.Contains(t, s.Orders, fmt.Sprint("o-", i))
				}
			})
		}
		wg.Go(func() {
			_, err := store.Update(ctx, id, func(s *session.Session) { s.Account.Refresh = "r1" })
			assert.NoError(t, err)
		})
		wg.Wait()
		s, err := store.Get(ctx, id)
		require.NoError(t, err)
		require.Len(t, s.Orders, 10)
		require.Equal(t, "r1", s.Account.Refresh)

		s.Account.Refresh = "not stored"
		s, err = store.Get(ctx, id)
		require.NoError(t, err)
		require.Equal(t, "r1", s.Account.Refresh)

		require.NoError(t, store.Delete(ctx, id))
		s, err = store.Update(ctx, id, func(s *session.Session) { s.Remember("o-11") })
		require.NoError(t, err)
		require.Nil(t, s)
		s, err = store.Get(ctx, id)
		require.NoError(t, err)
		require.Nil(t, s)
	})
}

// However many claims there are, one more costs the same.
func TestManyClaimsStayCheap(t *testing.T) {
	m := session.NewMemory()
	begun := time.Now()
	for i := range 100_000 {
		_, mine, err := m.Claim(t.Context(), fmt.Sprint(i), time.Hour)
		require.NoError(t, err)
		require.True(t, mine)
	}
	require.Less(t, time.Since(begun), 10*time.Second, "it takes a tenth of a second, or minutes")
}

func TestANameIsClaimedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, store session.Store) {
		ctx := t.Context()
		var free atomic.Int32
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				_, mine, err := store.Claim(ctx, "callback", time.Minute)
				if assert.NoError(t, err) && mine {
					free.Add(1)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, free.Load())
		release, mine, err := store.Claim(ctx, "renew", time.Minute)
		require.NoError(t, err)
		require.True(t, mine)
		release()
		_, mine, err = store.Claim(ctx, "renew", time.Minute)
		require.NoError(t, err)
		require.True(t, mine)
		release() // of a claim that is over
		_, mine, err = store.Claim(ctx, "renew", time.Minute)
		require.NoError(t, err)
		require.False(t, mine)
	})
}

// Anyone can begin guests' sessions; they must not drive out those of staff, which end sooner.
func TestManyGuestsDontSignStaffOut(t *testing.T) {
	store, ctx := session.NewMemory(), t.Context()
	require.NoError(t, store.Put(ctx, "staff", session.Session{Kind: session.KindStaff, Expires: time.Now().Add(time.Hour)}))
	for i := range 25_000 {
		require.NoError(t, store.Put(ctx, fmt.Sprint(i), session.Session{Kind: session.KindGuest, Expires: time.Now().Add(24 * time.Hour)}))
	}
	s, err := store.Get(ctx, "staff")
	require.NoError(t, err)
	require.NotNil(t, s)
	first, err := store.Get(ctx, "0")
	require.NoError(t, err)
	require.Nil(t, first, "memory is bounded")
}
