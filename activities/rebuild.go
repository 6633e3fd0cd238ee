package activities

import (
	"context"
	"sync"

	"go.temporal.io/sdk/activity"

	"holdfast/saga"
)

// Rebuild rebuilds a search view from the entities that it copies.
type Rebuild struct {
	// Run does it and reports its progress. A run that starts while another one is going
	// replaces it.
	Run func(ctx context.Context, p saga.RebuildParams, progress func(saga.RebuildProgress)) (saga.RebuildResult, error)
}

// Execute starts from the beginning, also after a worker died half-way.
func (a *Rebuild) Execute(ctx context.Context, p saga.RebuildParams) (saga.RebuildResult, error) {
	var res saga.RebuildResult
	err := beating(ctx, func(tell func(saga.RebuildProgress)) (err error) {
		res, err = a.Run(ctx, p, tell)
		return err
	})
	return res, err
}

// beating runs a long step and sends Temporal heartbeats with its latest progress.
func beating(ctx context.Context, run func(tell func(saga.RebuildProgress)) error) error {
	var mu sync.Mutex
	last := saga.RebuildProgress{}
	told := func() saga.RebuildProgress {
		mu.Lock()
		defer mu.Unlock()
		return last
	}
	defer whileBeating(ctx, func() { activity.RecordHeartbeat(ctx, told()) })()
	return run(func(now saga.RebuildProgress) {
		mu.Lock()
		last = now
		mu.Unlock()
		activity.RecordHeartbeat(ctx, now)
	})
}
