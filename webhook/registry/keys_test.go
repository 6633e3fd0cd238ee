package registry

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"holdfast/redisdb/redistest"
	"holdfast/webhook"
)

// A caller whose answer was lost asks again: the receiver must get the secret that signs.
func TestARepeatedRegistrationIsTheSameWebhook(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		r := webhook.Registration{URL: "https://a.example", Events: []string{"order.*"}, Key: "k"}
		first, secret, err := s.Add(ctx, r)
		require.NoError(t, err)
		again, same, err := s.Add(ctx, r)
		require.NoError(t, err)
		require.Equal(t, first, again)
		require.Equal(t, secret, same)
		other := r
		other.URL = "https://b.example"
		_, _, err = s.Add(ctx, other)
		require.ErrorIs(t, err, webhook.ErrKeyReused)

		_, _, err = s.Rotate(ctx, first.ID, "k", time.Now()) // another call: its own use of the key
		require.NoError(t, err)
		_, same, err = s.Add(ctx, r)
		require.NoError(t, err)
		require.Equal(t, secret.Value, same.Value, "the first one still signs")
		all, err := s.List(ctx)
		require.NoError(t, err)
		require.Len(t, all, 1)

		require.NoError(t, s.Remove(ctx, first.ID))
		_, _, err = s.Add(ctx, r)
		require.ErrorIs(t, err, webhook.ErrSecretGone, "a late repetition brings nothing back")
		keys, err := rdb.Keys(ctx, "*").Result()
		require.NoError(t, err)
		for _, k := range keys {
			ttl, err := rdb.PTTL(ctx, k).Result()
			require.NoError(t, err)
			require.True(t, ttl > 0 && ttl <= webhook.KeepKeys, "%s is kept for %s", k, ttl)
		}
	})
}

func TestARepeatedRotationIsTheSameSecret(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx, now := New(rdb), t.Context(), time.Now()
		e, _, err := s.Add(ctx, webhook.Registration{URL: "https://a.example"})
		require.NoError(t, err)
		var mu sync.Mutex
		made := map[string]bool{}
		var group errgroup.Group
		for range 8 { // at once
			group.Go(func() error {
				_, secret, err := s.Rotate(ctx, e.ID, "k", now)
				mu.Lock()
				defer mu.Unlock()
				made[secret.Value] = true
				return err
			})
		}
		require.NoError(t, group.Wait())
		require.Len(t, made, 1)
		got, err := s.Get(ctx, e.ID)
		require.NoError(t, err)
		require.Len(t, got.Secrets, 2)

		_, other, err := s.Rotate(ctx, e.ID, "l", now.Add(time.Hour))
		require.NoError(t, err)
		require.False(t, made[other.Value])
		_, same, err := s.Rotate(ctx, e.ID, "k", now.Add(2*time.Hour))
		require.NoError(t, err)
		require.True(t, made[same.Value], "it still signs")
		_, _, err = s.Rotate(ctx, e.ID, "k", now.Add(26*time.Hour))
		require.ErrorIs(t, err, webhook.ErrSecretGone, "replaced 25 hours before")
		_, _, err = s.Rotate(ctx, e.ID, "m", now.Add(26*time.Hour)) // forgets the one that ended
		require.NoError(t, err)
		_, _, err = s.Rotate(ctx, e.ID, "k", now.Add(26*time.Hour))
		require.ErrorIs(t, err, webhook.ErrSecretGone, "the key is remembered, the secret is not")

		again, _, err := s.Add(ctx, webhook.Registration{URL: "https://b.example"})
		require.NoError(t, err)
		_, _, err = s.Rotate(ctx, again.ID, "k", now.Add(26*time.Hour))
		require.NoError(t, err, "keys count per webhook")
	})
}

// None ends early because another one is created; and there is a limit.
func TestEachOldSecretSignsForItsOwnTime(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx, now := New(rdb), t.Context(), time.Now()
		e, first, err := s.Add(ctx, webhook.Registration{URL: "https://a.example"})
		require.NoError(t, err)
		secrets := []string{first.Value}
		for hour := range webhook.MaxSecrets - 1 {
			_, made, err := s.Rotate(ctx, e.ID, fmt.Sprint("k", hour), now.Add(time.Duration(hour)*time.Hour))
			require.NoError(t, err)
			secrets = append([]string{made.Value}, secrets...)
		}
		signing := func(at time.Duration) []string {
			got, err := s.Get(ctx, e.ID)
			require.NoError(t, err)
			return got.Signing(now.Add(at))
		}
		require.Equal(t, secrets, signing(4*time.Hour))
		_, _, err = s.Rotate(ctx, e.ID, "one more", now.Add(23*time.Hour))
		require.ErrorIs(t, err, webhook.ErrTooManySecrets)
		_, same, err := s.Rotate(ctx, e.ID, "k0", now.Add(23*time.Hour))
		require.NoError(t, err, "a repetition is none more")
		require.Equal(t, secrets[len(secrets)-2], same.Value)
		for gone := range webhook.MaxSecrets - 1 {
			require.Equal(t, secrets[:len(secrets)-1-gone], signing(24*time.Hour+time.Duration(gone)*time.Hour), "each had 24 hours")
		}
		_, _, err = s.Rotate(ctx, e.ID, "one more", now.Add(24*time.Hour))
		require.NoError(t, err)
		require.Len(t, signing(24*time.Hour), webhook.MaxSecrets)
	})
}

// Secrets are stored where they sign, and nowhere else.
func TestKeysKeepNoSecrets(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		e, _, err := s.Add(ctx, webhook.Registration{URL: "https://a.example", Key: "my key"})
		require.NoError(t, err)
		_, _, err = s.Rotate(ctx, e.ID, "my key", time.Now())
		require.NoError(t, err)
		keys, err := rdb.Keys(ctx, "*").Result()
		require.NoError(t, err)
		require.Len(t, keys, 4)
		for _, k := range keys {
			require.NotContains(t, k, "my key")
			if kind, err := rdb.Type(ctx, k).Result(); kind == "string" {
				require.NoError(t, err)
				require.NotContains(t, rdb.Get(ctx, k).Val(), "whsec_", k)
			}
		}
	})
}
