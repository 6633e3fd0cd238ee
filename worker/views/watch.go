package views

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/search"
)

// How long the check at a worker's start may take, and how often the views are checked
// after that.
const (
	firstLook  = 2 * time.Second
	lookPause  = 15 * time.Second
	retryPause = 5 * time.Second
	// restAfterRefusal is how long a view is left alone after its rebuild refused what only
	// the old view has: each try reads all of Redis, and the next one would end like the
	// last.
	restAfterRefusal = time.Hour
	// sayEvery is how often the log says that a view waits for an operator.
	sayEvery = time.Minute
)

// watcher starts the rebuilds of stale views.
type watcher struct {
	config Config
	// said is when the log last said why a view is not rebuilt.
	said map[search.View]time.Time
}

func newWatcher(c Config) *watcher { return &watcher{c, map[search.View]time.Time{}} }

// run checks at the start and then regularly, until ctx ends: a view may be lost at any
// time, and during a rollout an older program may have rebuilt it.
func (w *watcher) run(ctx context.Context) {
	looked := w.first(ctx)
	for {
		pause := lookPause
		if !looked {
			pause = retryPause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		err := w.check(ctx)
		if looked = err == nil; !looked && ctx.Err() == nil {
			w.config.Log.WarnContext(ctx, "the views can't be checked", "error", err)
		}
	}
}

// first checks while the worker starts, and reports whether it succeeded. A new system has
// nothing to build its views from.
func (w *watcher) first(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, firstLook)
	defer cancel()
	empty, err := NewEntities(w.config.Redis).Empty(ctx)
	if err == nil && empty {
		return true
	}
	return w.check(ctx) == nil
}

// check starts the rebuild of each stale view: created empty, lost, or of an older shape. A
// running one is left alone. If an operator has to decide, it only logs that.
func (w *watcher) check(ctx context.Context) error {
	stale, err := w.config.Index.Stale(ctx)
	if err != nil {
		return fmt.Errorf("check the views: %w", err)
	}
	var all error
	for _, v := range stale {
		all = errors.Join(all, w.see(ctx, v))
	}
	return all
}

func (w *watcher) see(ctx context.Context, v search.View) error {
	err := coldOrdersLost(ctx, w.config, v)
	if err == nil {
		err = w.refusedRecently(ctx, v)
	}
	_, lost := errors.AsType[*coldLostError](err)
	_, refused := errors.AsType[*restError](err)
	switch {
	case lost, refused:
		if time.Since(w.said[v]) >= sayEvery {
			w.said[v] = time.Now()
			w.config.Log.ErrorContext(ctx, "a view waits for an operator", "view", v, "error", err)
		}
		return nil
	case err != nil:
		return err
	}
	return w.config.Sagas.RebuildStale(ctx, string(v), w.config.TaskQueue)
}

// restError means that a rebuild of the view was refused recently.
type restError struct {
	until time.Time
	cause error
}

func (e *restError) Error() string {
	return fmt.Sprintf("the next rebuild starts after %s, or when an operator requests one: %v", e.until.UTC().Format(time.RFC3339), e.cause)
}

func (e *restError) Unwrap() error { return e.cause }

// refusedRecently returns a restError if the last rebuild of a view, whatever started it,
// recently ended because it would have lost something.
func (w *watcher) refusedRecently(ctx context.Context, v search.View) error {
	at, reason, err := w.config.Sagas.RebuildRefused(ctx, string(v), restAfterRefusal)
	if err != nil || reason == "" {
		return err
	}
	return &restError{at.Add(restAfterRefusal), errors.New(reason)}
}
