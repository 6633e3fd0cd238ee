package activities

import (
	"context"
	"sync"

	"go.temporal.io/sdk/activity"

	"holdfast/saga"
)

// Rebuild builds a search view anew from the homes of what it shows.
type Rebuild struct {
	// Run does it, and tells how far it is. A run that begins while another one goes
	// on takes its place.
	Run func(ctx context.Context, p saga.RebuildParams, progress func(saga.RebuildProgress)) (saga.RebuildResult, error)
}

// Execute runs from the beginning, also after a worker died in its midst.
func (a *Rebuild) Execute(ctx context.Context, p saga.RebuildParams) (saga.RebuildResult, error) {
	var res saga.RebuildResult
	err := beating(ctx, func(tell func(saga.RebuildProgress)) (err error) {
		res, err = a.Run(ctx, p, tell)
		return err
	})
	return res, err
}

// beating runs a long step and tells Temporal that it lives, with what it told last.
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
