package reindex

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"holdfast/search"
)

const (
	// defaultPatience is below the ten minutes for which the streams are kept for a rebuild
	// that can't renew its lease.
	defaultPatience = 5 * time.Minute
	firstPause      = 100 * time.Millisecond
	longestPause    = 10 * time.Second
)

// outage is a period in which a step fails; the zero value means none.
type outage struct {
	since time.Time
	pause time.Duration
}

// gaveUpError ends a rebuild: a service stayed unavailable for too long.
type gaveUpError struct {
	after time.Duration
	cause error
}

func (e *gaveUpError) Error() string { return fmt.Sprintf("tried for %s: %v", e.after, e.cause) }

func (e *gaveUpError) Unwrap() error { return e.cause }

// passes reports whether an error may be transient.
func (r *rebuild) passes(err error) bool {
	if _, final := errors.AsType[*gaveUpError](err); final {
		return false
	}
	for _, final := range []error{search.ErrOutdated, search.ErrNoView, search.ErrRebuildOver, search.ErrClosed} {
		if errors.Is(err, final) {
			return false
		}
	}
	return errors.Is(err, search.ErrUnavailable) || r.Passing != nil && r.Passing(err)
}

// wait pauses before the next try. It returns the error if there is to be none.
func (r *rebuild) wait(ctx context.Context, o *outage, err error) error {
	if ctx.Err() != nil || !r.passes(err) {
		return err
	}
	if o.since.IsZero() {
		*o = outage{time.Now(), firstPause}
		r.Log.WarnContext(ctx, "a rebuild waits", "view", r.view, "error", search.WithCause(err))
	}
	if time.Since(o.since) >= r.Patience {
		return &gaveUpError{r.Patience, err}
	}
	select {
	case <-ctx.Done():
		return err
	case <-time.After(o.pause):
	}
	o.pause = min(2*o.pause, longestPause)
	return nil
}

// steady retries a step for as long as its error may pass: hours of reading are not thrown
// away because a node restarts.
func (r *rebuild) steady(ctx context.Context, try func() error) error {
	var o outage
	for {
		err := try()
		if err == nil {
			return nil
		}
		if err := r.wait(ctx, &o, err); err != nil {
			return err
		}
	}
}

// each iterates over ids in batches. A list that breaks off is started again, and do is
// told that it may have seen these ids before.
func (r *rebuild) each(
	ctx context.Context, list func() iter.Seq2[string, error], size int, do func(ids []string, again bool) error,
) error {
	var o outage
	furthest := 0
	for again := false; ; again = true {
		var broken error
		done := 0
		for ids, err := range inBatches(list(), size) {
			if err != nil {
				broken = err
				break
			}
			if err := do(ids, again); err != nil {
				return err
			}
			if done++; done > furthest { // a list that always breaks at one place makes no progress
				furthest, o = done, outage{}
			}
		}
		if broken == nil {
			return nil
		}
		if err := r.wait(ctx, &o, broken); err != nil {
			return err
		}
	}
}

// inBatches groups ids into batches of this size.
func inBatches(ids iter.Seq2[string, error], size int) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		var batch []string
		for id, err := range ids {
			if err != nil {
				yield(nil, err)
				return
			}
			if batch = append(batch, id); len(batch) == size {
				if !yield(batch, nil) {
					return
				}
				batch = nil
			}
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}
