package activities

import (
	"context"
	"fmt"
	"time"

	"holdfast/customer"
	"holdfast/saga"
)

const (
	// restartAfter is how long an erasure may be without a workflow: the call that asked for it starts it.
	restartAfter = 5 * time.Minute
	// restartAtMost bounds the erasures of each bucket that a run looks at.
	restartAtMost = 1000
)

// Erasures restarts erasures that were asked for and that no workflow is at work on: the call that recorded
// one could not start it, or its workflow was terminated.
type Erasures struct {
	Customers interface {
		// Unfinished lists what was asked for before this time and isn't completed, limit of each bucket.
		Unfinished(ctx context.Context, before time.Time, limit int) (ids []string, err error)
		Erasure(ctx context.Context, id string) (customer.Erasure, error)
	}
	Workflows interface {
		// RunningErasures returns the customers whose erasures have a running workflow, according to a list
		// that may lag.
		RunningErasures(ctx context.Context) (map[string]bool, error)
		// StartErasure changes nothing but when the orders are looked at next, if it is running.
		StartErasure(ctx context.Context, e saga.Erasure) error
	}
	Now func() time.Time
}

// Restart returns how many it has restarted. Most of the time there is nothing to do.
func (a *Erasures) Restart(ctx context.Context) (int, error) {
	waiting, err := a.Customers.Unfinished(ctx, a.Now().Add(-restartAfter), restartAtMost)
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	running, err := a.Workflows.RunningErasures(ctx)
	if err != nil {
		return 0, err
	}
	restarted := 0
	for _, id := range waiting {
		if running[id] {
			continue
		}
		e, err := a.Customers.Erasure(ctx, id)
		if err == nil {
			err = a.Workflows.StartErasure(ctx, saga.Erasure{CustomerID: id, Before: e.RequestedAt, Since: e.Since})
		}
		if err != nil {
			return restarted, fmt.Errorf("restart the erasure of customer %s: %w", id, err)
		}
		restarted++
	}
	return restarted, nil
}
