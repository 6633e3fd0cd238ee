package activities

import (
	"context"
	"sync"

	"go.temporal.io/sdk/activity"
)

// Rebuild builds a search view anew from the homes of what it shows.
type Rebuild struct {
	// Run does it, and tells how far it is. A run that begins while another one goes
	// on takes its place.
	Run func(ctx context.Context, p RebuildParams, progress func(RebuildProgress)) (RebuildResult, error)
}

// RebuildParams name the view.
type RebuildParams struct {
	View string `json:"view"`
	// Unasked: no operator asked for it. Then it gives up nothing that a backup may have.
	Unasked bool `json:"unasked,omitempty"`
}

// RebuildProgress is how far a walk over a view is. The details of its heartbeats.
type RebuildProgress struct {
	Stage string `json:"stage"`
	Done  int64  `json:"done"`
	Total int64  `json:"total,omitempty"` // 0 where it isn't known
}

// RebuildResult is what a rebuild did.
type RebuildResult struct {
	View string `json:"view"`
	// Documents in the new view, by where they came from.
	FromHomes     int64 `json:"fromHomes"`
	FromOldView   int64 `json:"fromOldView,omitempty"`
	FromWorkflows int64 `json:"fromWorkflows,omitempty"`
	// Changed documents that were brought in meanwhile.
	Changed int64 `json:"changed,omitempty"`
	// Poisoned documents can't be taken; PoisonedFirst says of some of them why.
	Poisoned      int64    `json:"poisoned,omitempty"`
	PoisonedFirst []string `json:"poisonedFirst,omitempty"`
	Seconds       float64  `json:"seconds"`
}

// Execute runs from the beginning, also after a worker died in its midst.
func (a *Rebuild) Execute(ctx context.Context, p RebuildParams) (RebuildResult, error) {
	var res RebuildResult
	err := beating(ctx, func(tell func(RebuildProgress)) (err error) {
		res, err = a.Run(ctx, p, tell)
		return err
	})
	return res, err
}

// beating runs a long step and tells Temporal that it lives, with what it told last.
func beating(ctx context.Context, run func(tell func(RebuildProgress)) error) error {
	var mu sync.Mutex
	last := RebuildProgress{}
	told := func() RebuildProgress {
		mu.Lock()
		defer mu.Unlock()
		return last
	}
	defer whileBeating(ctx, func() { activity.RecordHeartbeat(ctx, told()) })()
	return run(func(now RebuildProgress) {
		mu.Lock()
		last = now
		mu.Unlock()
		activity.RecordHeartbeat(ctx, now)
	})
}
