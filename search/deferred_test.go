package search_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

// closable is an index on which only Close and Stale are called.
type closable struct {
	search.Index
	closed atomic.Int32
}

func (c *closable) Close() error {
	c.closed.Add(1)
	return nil
}

func (*closable) Stale(context.Context) ([]search.View, error) {
	return []search.View{search.ViewOrders}, nil
}

func TestADeferredIndexAnswersOnceItIsOpen(t *testing.T) {
	away := errors.New("nobody there")
	var there atomic.Bool
	var told atomic.Int32
	x := &closable{}
	d := search.OpenDeferred(t.Context(), time.Millisecond, func(context.Context) (search.Index, error) {
		if !there.Load() {
			return nil, away
		}
		return x, nil
	}, func(err error) {
		if errors.Is(err, away) {
			told.Add(1)
		}
	})
	require.Eventually(t, func() bool {
		_, err := d.Stale(t.Context())
		return errors.Is(err, search.ErrUnavailable) && errors.Is(err, away)
	}, 5*time.Second, time.Millisecond)
	_, err := d.SearchProducts(t.Context(), search.ProductQuery{})
	require.ErrorIs(t, err, search.ErrUnavailable)
	there.Store(true)
	require.Eventually(t, func() bool {
		stale, err := d.Stale(t.Context())
		return err == nil && len(stale) == 1
	}, 10*time.Second, time.Millisecond)
	require.Positive(t, told.Load())
	require.NoError(t, d.Close())
	require.NoError(t, d.Close())
	require.EqualValues(t, 1, x.closed.Load())
	_, err = d.GetOrder(t.Context(), "o")
	require.ErrorIs(t, err, search.ErrClosed)
}

func TestADeferredIndexIsClosedWhileItOpens(t *testing.T) {
	begun := make(chan struct{})
	x := &closable{}
	d := search.OpenDeferred(t.Context(), 0, func(ctx context.Context) (search.Index, error) {
		close(begun)
		<-ctx.Done()
		return x, nil // it succeeded all the same
	}, nil)
	<-begun
	require.NoError(t, d.Close())
	require.EqualValues(t, 1, x.closed.Load())
	_, err := d.Put(t.Context(), search.Batch{})
	require.ErrorIs(t, err, search.ErrClosed)
}
