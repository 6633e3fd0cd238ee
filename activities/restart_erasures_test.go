package activities_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/activities"
	"holdfast/customer"
	"holdfast/customers"
	"holdfast/redisdb/redistest"
	"holdfast/saga"
)

// erasures are the workflows of erasures.
type erasures struct {
	running map[string]bool
	started []saga.Erasure
	err     error
}

func (e *erasures) RunningErasures(context.Context) (map[string]bool, error) { return e.running, nil }

func (e *erasures) StartErasure(_ context.Context, of saga.Erasure) error {
	if e.err == nil {
		e.started = append(e.started, of)
	}
	return e.err
}

// An erasure that was recorded is carried out, even if the call that recorded it couldn't start it.
func TestALostErasureIsRestarted(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		store, wfs := customers.New(rdb), &erasures{running: map[string]bool{"runs": true}}
		asked := time.Now().UTC().Truncate(time.Millisecond)
		for id, at := range map[string]time.Time{
			"lost": asked, "runs": asked, "just-asked": asked.Add(6 * time.Minute), "completed": asked,
		} {
			_, err := store.Erase(t.Context(), id, at)
			require.NoError(t, err)
		}
		_, err := store.Erase(t.Context(), "lost", asked.Add(time.Minute))
		require.NoError(t, err)
		require.NoError(t, store.Erasing(t.Context(), customer.Erasure{CustomerID: "completed", RequestedAt: asked, CompletedAt: asked}))
		a := &activities.Erasures{Customers: store, Workflows: wfs, Now: func() time.Time { return asked.Add(7 * time.Minute) }}
		wfs.err = errors.New("Temporal is away")
		_, err = a.Restart(t.Context())
		require.ErrorIs(t, err, wfs.err)
		wfs.err = nil
		n, err := a.Restart(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.Equal(t, []saga.Erasure{{CustomerID: "lost", Before: asked.Add(time.Minute), Since: asked}}, wfs.started)

		require.NoError(t, store.Erasing(t.Context(), customer.Erasure{CustomerID: "lost", RequestedAt: asked.Add(time.Minute), CompletedAt: asked}))
		n, err = a.Restart(t.Context())
		require.NoError(t, err)
		require.Zero(t, n)
		_, err = store.Erase(t.Context(), "lost", asked.Add(time.Hour))
		require.NoError(t, err)
		e, err := store.Erasure(t.Context(), "lost")
		require.NoError(t, err)
		require.Equal(t, asked.Add(time.Hour), e.Since, "that is another erasure")
	})
}
