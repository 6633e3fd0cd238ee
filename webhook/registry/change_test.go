package registry

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"holdfast/redisdb/redistest"
	"holdfast/webhook"
)

func added(t *testing.T, s *Store) webhook.Stored {
	t.Helper()
	e, _, err := s.Add(t.Context(), webhook.Registration{URL: "https://a.example", Events: []string{"order.*"}, Description: "first"})
	require.NoError(t, err)
	return e
}

func TestAChangeTouchesOnlyWhatItNames(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		e := added(t, s)
		changed, err := s.Update(ctx, e.ID, webhook.Patch{URL: new("https://b.example")})
		require.NoError(t, err)
		want := e
		want.URL = "https://b.example"
		require.Equal(t, want, changed)
		changed, err = s.Update(ctx, e.ID, webhook.Patch{Events: &[]string{}, Description: new("")})
		require.NoError(t, err)
		want.Events, want.Description = []string{}, ""
		require.Equal(t, want, changed)
		for range 2 {
			changed, err = s.Update(ctx, e.ID, webhook.Patch{Status: new(webhook.StatusDisabled)})
			require.NoError(t, err)
			require.Equal(t, webhook.StatusDisabled, changed.Status)
		}
		at := *changed.DisabledAt
		require.False(t, at.Before(e.CreatedAt))
		changed, err = s.Update(ctx, e.ID, webhook.Patch{Status: new(webhook.StatusActive)})
		require.NoError(t, err)
		require.Nil(t, changed.DisabledAt)
		require.False(t, changed.Wants(webhook.OrderPaid, changed.EnabledAt.Add(-time.Millisecond)), "it was disabled then")
		require.True(t, changed.Wants(webhook.OrderPaid, changed.EnabledAt))
		got, err := s.Get(ctx, e.ID)
		require.NoError(t, err)
		require.Equal(t, changed, got)
		require.Equal(t, e.Secrets, got.Secrets)
		_, err = s.Update(ctx, "wh_none", webhook.Patch{})
		require.ErrorIs(t, err, webhook.ErrNotFound)
	})
}

func TestChangesAtOnceAreAllMade(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		e := added(t, s)
		var all errgroup.Group
		for _, p := range []webhook.Patch{
			{URL: new("https://b.example")}, {Events: &[]string{"refund.*"}}, {Description: new("second")}, {Status: new(webhook.StatusDisabled)},
		} {
			all.Go(func() error { _, err := s.Update(ctx, e.ID, p); return err })
		}
		require.NoError(t, all.Wait())
		got, err := s.Get(ctx, e.ID)
		require.NoError(t, err)
		require.Equal(t, "https://b.example", got.URL)
		require.Equal(t, []string{"refund.*"}, got.Events)
		require.Equal(t, "second", got.Description)
		require.Equal(t, webhook.StatusDisabled, got.Status)
	})
}

// The client repeats a request whose answer was lost. A later change must stay.
func TestAChangeThatIsSentAgainDoesNotUndoALaterOne(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		e := added(t, s)
		lost := &redistest.Lossy{Word: "whsec_", Meanwhile: func() {
			_, err := s.Update(ctx, e.ID, webhook.Patch{Status: new(webhook.StatusActive)})
			require.NoError(t, err)
		}}
		lost.Lose.Store(1)
		changed, err := New(lost.Client(t, rdb)).Update(ctx, e.ID, webhook.Patch{Status: new(webhook.StatusDisabled)})
		require.NoError(t, err)
		require.Negative(t, lost.Lose.Load(), "an answer was lost, and the next one was read")
		require.Equal(t, webhook.StatusActive, changed.Status)
		got, err := s.Get(ctx, e.ID)
		require.NoError(t, err)
		require.Equal(t, webhook.StatusActive, got.Status)
		require.False(t, got.EnabledAt.IsZero(), "the change was made, and then the later one")
	})
}

// A 410 means that the URL to which the message was sent is gone, at that time.
func TestALate410DoesNotDisableAWebhookThatWasChangedSince(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx, now := New(rdb), t.Context(), time.Now()
		status := func(id string) webhook.Status {
			got, err := s.Get(ctx, id)
			require.NoError(t, err)
			return got.Status
		}
		moved := added(t, s)
		_, err := s.Update(ctx, moved.ID, webhook.Patch{URL: new("https://b.example")})
		require.NoError(t, err)
		require.NoError(t, errOf(s.Disable(ctx, moved, now)))
		require.Equal(t, webhook.StatusActive, status(moved.ID))

		enabled := added(t, s)
		require.NoError(t, errOf(s.Disable(ctx, enabled, now)))
		require.Equal(t, webhook.StatusDisabled, status(enabled.ID))
		_, err = s.Update(ctx, enabled.ID, webhook.Patch{Status: new(webhook.StatusActive)})
		require.NoError(t, err)
		require.NoError(t, errOf(s.Disable(ctx, enabled, now)), "an attempt that is repeated")
		require.Equal(t, webhook.StatusActive, status(enabled.ID))

		again, err := s.Get(ctx, enabled.ID)
		require.NoError(t, err)
		require.NoError(t, errOf(s.Disable(ctx, again, now)))
		require.Equal(t, webhook.StatusDisabled, status(enabled.ID))
	})
}
