package registry

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"holdfast/redisdb/redistest"
	"holdfast/streams"
	"holdfast/webhook"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func TestEndpoints(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		groups := func() []string {
			all, err := streams.Groups(ctx, rdb)
			require.NoError(t, err)
			return all
		}
		e, made, err := s.Add(ctx, webhook.Registration{URL: "https://a.example", Description: "first"})
		require.NoError(t, err)
		require.Equal(t, []string{}, e.Events)
		require.True(t, strings.HasPrefix(made.Value, "whsec_"))
		require.Equal(t, []webhook.Secret{made}, e.Secrets)
		require.Equal(t, []string{webhook.Group}, groups())
		got, err := s.Get(ctx, e.ID)
		require.NoError(t, err)
		require.Equal(t, e, got)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", got, got, got, got), e.Secrets[0].Value)

		now := time.Now()
		rotated, second, err := s.Rotate(ctx, e.ID, "", now)
		require.NoError(t, err)
		require.Equal(t, second, rotated.Secrets[0])
		require.Equal(t, []string{rotated.Secrets[0].Value, e.Secrets[0].Value}, rotated.Signing(now))
		require.NoError(t, errOf(s.Disable(ctx, rotated, now)))
		require.NoError(t, errOf(s.Disable(ctx, rotated, now.Add(time.Hour))))
		got, err = s.Get(ctx, e.ID)
		require.NoError(t, err)
		require.Equal(t, webhook.StatusDisabled, got.Status)
		require.WithinDuration(t, now, *got.DisabledAt, 0)
		require.False(t, got.Wants(webhook.OrderPaid, now.Add(time.Minute)))

		for range webhook.MaxEndpoints - 1 {
			_, _, err := s.Add(ctx, webhook.Registration{URL: "https://b.example", Events: []string{"order.*"}})
			require.NoError(t, err)
		}
		_, _, err = s.Add(ctx, webhook.Registration{URL: "https://b.example"})
		require.ErrorIs(t, err, webhook.ErrTooMany)
		all, err := s.List(ctx)
		require.NoError(t, err)
		require.Len(t, all, webhook.MaxEndpoints)
		require.True(t, slices.IsSortedFunc(all, func(a, b webhook.Stored) int { return a.CreatedAt.Compare(b.CreatedAt) }))
		for _, one := range all {
			require.Equal(t, []string{webhook.Group}, groups())
			require.NoError(t, s.Remove(ctx, one.ID))
		}
		require.Empty(t, groups())
		require.ErrorIs(t, s.Remove(ctx, e.ID), webhook.ErrNotFound)
		_, _, err = s.Rotate(ctx, e.ID, "", now)
		require.ErrorIs(t, err, webhook.ErrNotFound)
		_, err = s.Get(ctx, e.ID)
		require.ErrorIs(t, err, webhook.ErrNotFound)
	})
}

// Of concurrent changes none is lost.
func TestChangesDontLoseEachOther(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		e, _, err := s.Add(ctx, webhook.Registration{URL: "https://a.example"})
		require.NoError(t, err)
		var both errgroup.Group
		both.Go(func() error { return errOf(s.Disable(ctx, e, time.Now())) })
		both.Go(func() error { _, _, err := s.Rotate(ctx, e.ID, "", time.Now()); return err })
		require.NoError(t, both.Wait())
		got, err := s.Get(ctx, e.ID)
		require.NoError(t, err)
		require.Equal(t, webhook.StatusDisabled, got.Status)
		require.Len(t, got.Secrets, 2)
	})
}

func event(n int) webhook.Event {
	return webhook.Event{
		ID: fmt.Sprintf("1-%d-0", n), Type: webhook.OrderPaid, At: time.UnixMilli(int64(n)).UTC(), Body: []byte(`{"n":1}`),
	}
}

func TestTheLog(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		at := time.UnixMilli(1_790_000_000_000).UTC()
		first := webhook.Tried{Attempt: webhook.Attempt{At: at, DurationMs: 7, Status: 500}, Status: webhook.DeliveryPending, NextAt: at.Add(time.Second), Run: "r"}
		require.NoError(t, s.Log(ctx, "wh_a", event(1), first))
		page, more, err := s.Deliveries(ctx, "wh_a", 10, "")
		require.NoError(t, err)
		require.False(t, more)
		next := at.Add(time.Second)
		require.Equal(t, []webhook.Logged{{
			ID: "1-1-0", Type: webhook.OrderPaid, Timestamp: event(1).At, Status: webhook.DeliveryPending, NextAt: &next,
			Attempts: []webhook.Attempt{first.Attempt},
		}}, page)
		tries, err := s.Tries(ctx, "wh_a", "1-1-0", "r")
		require.NoError(t, err)
		require.Equal(t, 1, tries)
		tries, err = s.Tries(ctx, "wh_a", "1-1-0", "replay")
		require.NoError(t, err)
		require.Zero(t, tries, "a replay begins anew")
		require.NoError(t, s.Settle(ctx, "wh_a", "1-1-0", webhook.DeliveryFailed))
		require.NoError(t, s.Settle(ctx, "wh_a", "1-9-0", webhook.DeliveryFailed), "one that was never tried")
		for range maxTries + 5 {
			require.NoError(t, s.Log(ctx, "wh_a", event(2), webhook.Tried{Status: webhook.DeliveryDelivered, Run: "r"}))
		}
		page, _, err = s.Deliveries(ctx, "wh_a", 10, "")
		require.NoError(t, err)
		require.Len(t, page, 2)
		require.Equal(t, webhook.DeliveryFailed, page[1].Status)
		require.Nil(t, page[1].NextAt)
		require.Len(t, page[0].Attempts, maxTries)
		e, err := s.Event(ctx, "wh_a", "1-2-0")
		require.NoError(t, err)
		require.Equal(t, event(2), e)
		_, err = s.Event(ctx, "wh_b", "1-2-0")
		require.ErrorIs(t, err, webhook.ErrNotFound, "another endpoint's")
	})
}

// Pages are complete, and the log of an endpoint is bounded.
func TestPagesAndBound(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		const n = webhook.KeepDeliveries + 20
		for i := range n {
			require.NoError(t, s.Log(ctx, "wh_a", event(i), webhook.Tried{Status: webhook.DeliveryDelivered, Run: "r"}))
		}
		var seen []string
		for after, more := "", true; more; {
			page, left, err := s.Deliveries(ctx, "wh_a", 90, after)
			require.NoError(t, err)
			for _, d := range page {
				seen = append(seen, d.ID)
			}
			after, more = seen[len(seen)-1], left
		}
		require.Len(t, seen, webhook.KeepDeliveries)
		require.Equal(t, event(n-1).ID, seen[0])
		require.Equal(t, event(20).ID, seen[len(seen)-1])
		_, err := s.Event(ctx, "wh_a", event(19).ID)
		require.ErrorIs(t, err, webhook.ErrNotFound, "the hash went with it")
		page, more, err := s.Deliveries(ctx, "wh_a", 10, event(3).ID)
		require.NoError(t, err)
		require.Empty(t, page)
		require.False(t, more)
		_, _, err = s.Add(ctx, webhook.Registration{URL: "https://a.example"})
		require.NoError(t, err)
		require.ErrorIs(t, s.Remove(ctx, "wh_a"), webhook.ErrNotFound)
		_, err = s.Event(ctx, "wh_a", event(n-1).ID)
		require.ErrorIs(t, err, webhook.ErrNotFound, "the log goes with its endpoint")
	})
}

// errOf returns the error of a call that returns something else too.
func errOf[T any](_ T, err error) error { return err }
