package replay

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"holdfast/client"
)

// Waiting between two tries of one call.
const (
	firstPause = 50 * time.Millisecond
	maxPause   = 2 * time.Second
)

// errUndecided means that the gateway accepted the call (202) and has no answer yet.
var errUndecided = errors.New("not decided yet")

// patient repeats a call until the gateway gives a final answer, at most for patience: a
// broken connection, a 5xx and "not decided yet" are transient. The call must be safe to
// repeat.
func patient(ctx context.Context, patience time.Duration, again *atomic.Int64, call func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := call(ctx)
		if err == nil || !passing(err) {
			return err
		}
		timer := time.NewTimer(jitter(max(pause, asked(err))))
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("no answer in %s: %w", patience, err)
		case <-timer.C:
		}
		again.Add(1)
	}
}

func passing(err error) bool {
	if p, ok := errors.AsType[*client.Problem](err); ok {
		return p.Transient()
	}
	return true // not decided yet, or a broken connection
}

// asked is how long the gateway asked to wait; at most a few seconds.
func asked(err error) time.Duration {
	if p, ok := errors.AsType[*client.Problem](err); ok {
		return min(p.RetryAfter, maxPause)
	}
	return 0
}

// jitter spreads callers that failed together over the second half of d.
func jitter(d time.Duration) time.Duration {
	return d/2 + rand.N(d/2+1) //nolint:gosec // no secret
}

// decided turns "accepted, but not decided" into a transient error.
func decided(a client.Answer) error {
	if a.Status == http.StatusAccepted {
		return errUndecided
	}
	return nil
}
