package live_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/client"
	"holdfast/web/live"
)

// book is an order whose versions are published by the test.
type book struct {
	mu      sync.Mutex
	order   client.Order
	changed chan struct{}
	reads   atomic.Int64
}

func newBook() *book {
	return &book{order: client.Order{ID: "o", Version: 1, Status: client.OrderReserving}, changed: make(chan struct{})}
}

func (b *book) set(version int64, status client.OrderStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.order.Version, b.order.Status = version, status
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *book) read(ctx context.Context, _ string, above int64, wait time.Duration) (client.Order, error) {
	b.reads.Add(1)
	for {
		b.mu.Lock()
		o, changed := b.order, b.changed
		b.mu.Unlock()
		if o.Version > above {
			return o, nil
		}
		select {
		case <-ctx.Done():
			return o, ctx.Err()
		case <-time.After(wait):
			return o, nil
		case <-changed:
		}
	}
}

func beat() error { return nil }

func TestAllPagesOfAnOrderShareOneWait(t *testing.T) {
	orders, b := live.New(), newBook()
	defer orders.Close()
	const pages = 4
	seen := make(chan int64, 100)
	var wg sync.WaitGroup
	for i := range pages {
		wg.Go(func() {
			err := orders.Follow(t.Context(), "o", "ada", live.Visitor{Session: fmt.Sprint(i)}, 1, b.read, func(o client.Order) error {
				seen <- o.Version
				return nil
			}, beat)
			require.NoError(t, err)
		})
	}
	require.Eventually(t, func() bool { return b.reads.Load() == 2 }, 5*time.Second, 5*time.Millisecond, "one that answers at once, one that waits")
	b.set(2, client.OrderCancelled)
	wg.Wait() // the order is over, so all streams end
	require.Len(t, seen, pages, "each page saw it once")
	require.LessOrEqual(t, b.reads.Load(), int64(3))
}

func TestAPageSeesWhatChangedBeforeItsStreamBegan(t *testing.T) {
	orders, b := live.New(), newBook()
	defer orders.Close()
	b.set(7, client.OrderExpired)
	var got int64
	require.NoError(t, orders.Follow(t.Context(), "o", "ada", live.Visitor{Session: "1"}, 3, b.read, func(o client.Order) error {
		got = o.Version
		return nil
	}, beat))
	require.EqualValues(t, 7, got)
}

func TestAVisitorHasAFewStreamsOnly(t *testing.T) {
	ada := live.Visitor{Session: "ada", Network: "192.0.2.1"}
	orders, b := live.New(), newBook()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var began atomic.Int64
	for range live.MostOfVisitor {
		wg.Go(func() {
			_ = orders.Follow(ctx, "o", "ada", ada, 0, b.read, func(client.Order) error { began.Add(1); return nil }, beat)
		})
	}
	require.Eventually(t, func() bool { return began.Load() == live.MostOfVisitor }, 5*time.Second, 5*time.Millisecond)
	none := func(client.Order) error { return errors.New("never") }
	require.ErrorIs(t, orders.Follow(ctx, "o", "ada", ada, 0, b.read, none, beat), live.ErrTooMany)
	cancel()
	wg.Wait()
	orders.Close()
	require.ErrorIs(t, orders.Follow(t.Context(), "o", "ada", ada, 0, b.read, none, beat), live.ErrTooMany, "it is closing")
}

// Whoever makes many sessions doesn't take the streams of all others.
func TestANetworkHasAShareOfTheStreams(t *testing.T) {
	orders, b := live.New(), newBook()
	defer orders.Close()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var began, refused atomic.Int64
	follow := func(v live.Visitor) error {
		return orders.Follow(ctx, "o", "ada", v, 0, b.read, func(client.Order) error { began.Add(1); return nil }, beat)
	}
	for i := range live.MostOfNetwork + 1 {
		wg.Go(func() {
			if follow(live.Visitor{Session: fmt.Sprint(i), Network: "192.0.2.1"}) != nil {
				refused.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool { return began.Load() == live.MostOfNetwork && refused.Load() == 1 }, 5*time.Second, 5*time.Millisecond)
	wg.Go(func() { _ = follow(live.Visitor{Session: "0", Network: "192.0.2.2"}) })
	require.Eventually(t, func() bool { return began.Load() == live.MostOfNetwork+1 }, 5*time.Second, 5*time.Millisecond)
	cancel()
	wg.Wait()
}
