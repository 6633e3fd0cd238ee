package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/saga"
)

const (
	// erasureSettles is how long after the request the lists of orders are sure to have all that it
	// covers. No look before that is the last one.
	erasureSettles = time.Minute
	// erasurePause is how often the orders that were open are looked at.
	erasurePause = 6 * time.Hour
	// erasureRounds keeps the history short.
	erasureRounds = 100
)

// Erasure erases a customer's orders, each once it is closed or has been open for too long, and the
// histories of their workflows. What customers said about themselves was erased before it started.
func Erasure(ctx workflow.Context, e saga.Erasure) error {
	asked := workflow.GetSignalChannel(ctx, saga.EraseSignal)
	heard := func() (more bool) {
		for at := (time.Time{}); asked.ReceiveAsync(&at); {
			if at.After(e.Before) {
				e.Before, more = at, true
			}
		}
		return more
	}
	if e.Since.IsZero() {
		e.Since = e.Before
	}
	alone := 0
	for range erasureRounds {
		heard()
		begun := workflow.Now(ctx)
		due := workflow.Now(ctx).Sub(e.Before) >= erasureSettles
		var res activities.EraseResult
		err := workflow.ExecuteActivity(activities.LongWalk(ctx, "erase the customer's closed orders"), activities.NameEraseOrders,
			activities.EraseParams{Erasure: e, Last: due}).Get(ctx, &res)
		if err != nil {
			return err
		}
		if begun.Sub(e.Since) >= activities.EraseWithin { // what was placed by then didn't wait
			e.Since = e.Before
		}
		if heard() {
			continue
		}
		if res.Completed {
			return nil
		}
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d orders are erased, %d wait until they are closed", res.Erased, res.Open))
		left := e.Since.Add(activities.EraseWithin).Sub(workflow.Now(ctx))
		pause := pauseAfter(res, due, &alone)
		if res.Open > 0 && left > 0 {
			pause = min(pause, left)
		}
		woken, cancel := workflow.WithCancel(ctx)
		workflow.NewSelector(ctx).
			AddFuture(workflow.NewTimer(woken, pause), func(workflow.Future) {}).
			AddReceive(asked, func(workflow.ReceiveChannel, bool) {}).
			Select(ctx)
		cancel()
	}
	heard()
	return workflow.NewContinueAsNewError(ctx, Erasure, e)
}

// pauseAfter returns when to look again. alone counts the looks that left nothing but histories, or what
// the lists don't show yet: that is over soon, unless an order's workflow is stuck.
func pauseAfter(res activities.EraseResult, due bool, alone *int) time.Duration {
	switch {
	case !due:
		return erasureSettles
	case res.Open > 0:
		*alone = 0
		return erasurePause
	}
	*alone++
	return min(erasureSettles<<min(*alone-1, 10), erasurePause)
}
