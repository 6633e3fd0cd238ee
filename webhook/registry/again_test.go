package registry

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/redisdb/redistest"
	"holdfast/webhook"
)

// The client repeats a request if its answer was lost: what it finds is its own success,
// and the secret has to reach the caller.
func TestARotationThatIsSentAgainIsOneSecret(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		for name, rotations := range map[string]int{"with room for more": 1, "as the last": webhook.MaxSecrets - 1} {
			for _, key := range []string{"", "k"} {
				t.Run(name+", key "+key, func(t *testing.T) {
					s, ctx, now := New(rdb), t.Context(), time.Now()
					e, _, err := s.Add(ctx, webhook.Registration{URL: "https://a.example"})
					require.NoError(t, err)
					for range rotations - 1 {
						_, _, err := s.Rotate(ctx, e.ID, "", now)
						require.NoError(t, err)
					}
					lost := &redistest.Lossy{Word: "whsec_"} // what changes an endpoint names its secrets
					lost.Lose.Store(1)
					_, made, err := New(lost.Client(t, rdb)).Rotate(ctx, e.ID, key, now)
					require.NoError(t, err)
					require.Negative(t, lost.Lose.Load(), "an answer was lost, and the next one was read")
					got, err := s.Get(ctx, e.ID)
					require.NoError(t, err)
					require.Len(t, got.Secrets, rotations+1)
					require.Equal(t, made, got.Secrets[0])
				})
			}
		}
	})
}

func TestARotationThatIsSentAgainBehindAnotherOneIsOneSecret(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx, now := New(rdb), t.Context(), time.Now()
		e, _, err := s.Add(ctx, webhook.Registration{URL: "https://a.example"})
		require.NoError(t, err)
		lost := &redistest.Lossy{Word: "whsec_", Meanwhile: func() {
			_, _, err := s.Rotate(ctx, e.ID, "", now)
			require.NoError(t, err)
		}}
		lost.Lose.Store(1)
		_, made, err := New(lost.Client(t, rdb)).Rotate(ctx, e.ID, "", now)
		require.NoError(t, err)
		got, err := s.Get(ctx, e.ID)
		require.NoError(t, err)
		require.Len(t, got.Secrets, 3)
		require.Equal(t, made.Value, got.Secrets[1].Value)
	})
}

func TestTheLastRegistrationThatFitsIsNotRefusedWhenItIsSentAgain(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s, ctx := New(rdb), t.Context()
		for range webhook.MaxEndpoints - 1 {
			_, _, err := s.Add(ctx, webhook.Registration{URL: "https://a.example"})
			require.NoError(t, err)
		}
		lost := &redistest.Lossy{Word: "whsec_"}
		lost.Lose.Store(1)
		e, made, err := New(lost.Client(t, rdb)).Add(ctx, webhook.Registration{URL: "https://b.example"})
		require.NoError(t, err)
		require.Negative(t, lost.Lose.Load(), "an answer was lost, and the next one was read")
		got, err := s.Get(ctx, e.ID)
		require.NoError(t, err)
		require.Equal(t, []webhook.Secret{made}, got.Secrets)
		_, _, err = s.Add(ctx, webhook.Registration{URL: "https://c.example"})
		require.ErrorIs(t, err, webhook.ErrTooMany)
	})
}
