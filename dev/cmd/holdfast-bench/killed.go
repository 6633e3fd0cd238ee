package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"holdfast/dev/await"
	"holdfast/redisdb"
)

// underLoad is how long the stack works before it is killed.
const underLoad = 3 * time.Second

// killed is how the stack recovered.
type killed struct {
	inFlight int
	ready    time.Duration // from its start until it reports ready
	done     time.Duration // from then until all orders in flight were paid and sold
}

// printKills kills the stack under load several times.
func (b *growthBench) printKills(ctx context.Context, out report, stack *child, s *shop) error {
	out.printf("\n| killed under load, after %d orders | in flight | ready again after | in flight done, after ready |\n|---:|---:|---:|---:|\n", b.Warm+b.Orders)
	for n := range b.Kills {
		k, err := b.killUnderLoad(ctx, stack, s)
		if err != nil {
			return fmt.Errorf("kill %d: %w", n+1, err)
		}
		out.printf("| %d | %d | %.2f s | %.2f s |\n", n+1, k.inFlight, k.ready.Seconds(), k.done.Seconds())
	}
	out.printf("| to reach | | 1.5 s | 3 s |\n")
	return nil
}

// killUnderLoad kills the stack while customers order, and restarts it at once. Each
// customer then keeps retrying the current order, as customers and providers do; the orders
// in flight are done when all that were ever started are sold.
func (b *growthBench) killUnderLoad(ctx context.Context, stack *child, s *shop) (killed, error) {
	var (
		begun    atomic.Int64
		inFlight atomic.Int64
		over     = make(chan struct{})
		end      = sync.OnceFunc(func() { close(over) })
	)
	before, err := b.soldNow(ctx, stack)
	if err != nil {
		return killed{}, err
	}
	customers, cctx := errgroup.WithContext(ctx)
	defer func() { end(); _ = customers.Wait() }()
	for range b.C {
		customers.Go(func() error {
			for {
				select {
				case <-over:
					return nil
				default:
				}
				key := uuid.NewString()
				begun.Add(1)
				inFlight.Add(1)
				if err := untilDone(cctx, s, key, func() {}); err != nil {
					return err
				}
				inFlight.Add(-1)
			}
		})
	}
	select {
	case <-time.After(underLoad):
	case <-cctx.Done():
		return killed{}, customers.Wait()
	}
	end()
	k := killed{inFlight: int(inFlight.Load())}
	stack.kill()
	if k.ready, err = stack.start(ctx); err != nil {
		return k, err
	}
	ready := time.Now()
	if err := customers.Wait(); err != nil {
		return k, err
	}
	rdb, err := redisdb.Open(ctx, stack.redisURL)
	if err != nil {
		return k, err
	}
	defer rdb.Close() //nolint:errcheck // only read from
	err = soldAll(ctx, rdb, before+begun.Load())
	k.done = time.Since(ready)
	return k, err
}

// untilDone places and pays an order. What failed, or isn't decided yet, is repeated under
// the same key; again is called each time.
func untilDone(ctx context.Context, s *shop, key string, again func()) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	first := true
	return await.Success(ctx, func(ctx context.Context) error {
		if !first {
			again()
		}
		first = false
		id, err := s.place(ctx, "bench", key)
		if err != nil {
			return err
		}
		return s.pay(ctx, id)
	})
}

func (b *growthBench) soldNow(ctx context.Context, stack *child) (int64, error) {
	rdb, err := redisdb.Open(ctx, stack.redisURL)
	if err != nil {
		return 0, err
	}
	defer rdb.Close() //nolint:errcheck // only read from
	return sold(ctx, rdb)
}
