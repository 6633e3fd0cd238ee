package activities

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"holdfast/product"
)

const (
	// sweepGrace is how long after its deadline a hold is nobody else's business:
	// its order's own timer gives it back.
	sweepGrace = 5 * time.Minute
	// sweepAtMost bounds one run; the next one comes within a minute.
	sweepAtMost = 5000
	// sweepAtOnce keeps the sweeper from competing with orders.
	sweepAtOnce = 8
)

// Sweeper settles holds that outlived their order.
type Sweeper struct {
	Holds interface {
		Overdue(ctx context.Context, before time.Time, limit int) ([]product.LiveHold, error)
	}
	Settler *Settler
	// Found counts what was settled, for a metric; nil counts nothing.
	Found func(Settling)
	Now   func() time.Time
}

// SweepResult counts the overdue holds by what was done about them.
type SweepResult struct {
	Overdue int              `json:"overdue"`
	Settled map[Settling]int `json:"settled,omitempty"`
	// Failed holds stay for the next run.
	Failed int `json:"failed,omitempty"`
}

// Execute settles each overdue hold. One that fails does not stop the others.
func (a *Sweeper) Execute(ctx context.Context) (SweepResult, error) {
	overdue, err := a.Holds.Overdue(ctx, a.Now().Add(-sweepGrace), sweepAtMost)
	if err != nil {
		return SweepResult{}, fmt.Errorf("look for overdue holds: %w", err)
	}
	res := SweepResult{Overdue: len(overdue), Settled: map[Settling]int{}}
	var mu sync.Mutex
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(sweepAtOnce)
	for i, h := range overdue {
		activity.RecordHeartbeat(ctx, i)
		group.Go(func() error {
			what, err := a.Settler.Settle(gctx, h.ProductID, h.OrderID)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				res.Failed++
				activity.GetLogger(ctx).Warn("an overdue hold could not be settled",
					"product_id", h.ProductID, "order_id", h.OrderID, "error", err)
				return gctx.Err() // only the end of the run stops it
			}
			res.Settled[what]++
			if a.Found != nil && what != LeftAlone {
				a.Found(what)
			}
			return nil
		})
	}
	err = group.Wait()
	return res, err
}
