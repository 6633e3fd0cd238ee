package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"holdfast/product"
	"holdfast/saga"
)

const (
	// holdersPage is how many holds are read at once.
	holdersPage = 200
	// signalsAtOnce keeps one delisting from crowding out the orders. Holds without a
	// workflow are settled separately, so signals never wait for them.
	signalsAtOnce     = 32
	settlementsAtOnce = 8
	// tellAtMost bounds one signal.
	tellAtMost = 10 * time.Second
	// The pause before the list is read again while it still contains orders, which release
	// their stock by themselves, and the maximum that the pause grows to while nothing
	// changes.
	lookAgainAfter = 250 * time.Millisecond
	lookAgainLate  = 5 * time.Second
	// settleAfter is how long after its signal an order that still holds is checked for
	// whether it still runs. Among thousands of orders the last ones release after a minute
	// or more.
	settleAfter = 2 * time.Minute
	// An order that can't be signalled or settled is retried after a pause that doubles.
	retryFirst, retryLast = time.Second, time.Minute
	// holdersFor is how long one attempt runs. It then fails, so that the workflow's page
	// shows what it waits for, and the next attempt continues.
	holdersFor = 10 * time.Minute
)

// CancelAll signals every order that holds a product of an ended listing, until none of
// them holds it.
type CancelAll struct {
	Holds interface {
		HoldsOf(ctx context.Context, productID, cursor string, limit int) ([]product.LiveHold, string, error)
	}
	// Signal sends the delisting to an order's workflow. A fixed request id makes
	// repetitions, from any attempt or worker, count as one message. It returns a
	// serviceerror.NotFound if that workflow is closed or unknown, but Temporal accepts a
	// message that it accepted before even if the workflow has ended since.
	Signal func(ctx context.Context, orderID string, d saga.Delisting) error
	// Runs reports whether an order's workflow is running.
	Runs    func(ctx context.Context, orderID string) (bool, error)
	Settler *Settler
	// For is how long one attempt runs. Defaults to ten minutes.
	For time.Duration
}

// HoldersResult counts the orders that were signalled.
type HoldersResult struct {
	Signalled int `json:"signalled"`
}

// HoldersProgress is what an attempt's heartbeats contain, and all that the next attempt
// remembers: the ids of 50,000 orders would be too much. The next attempt signals all
// orders that still hold again, which their workflows treat as the same message.
type HoldersProgress struct {
	// Told counts the signalled orders, including those of earlier attempts.
	Told int `json:"told"`
	// Left counts the orders that held the product when last checked.
	Left int `json:"left"`
	// Failing counts the orders that can't be signalled or settled; Error is the error of
	// one of them.
	Failing int    `json:"failing,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Execute returns when no order holds the product under this or an earlier listing. An
// order that can't be signalled or settled doesn't delay the others.
func (a *CancelAll) Execute(ctx context.Context, p saga.Delisting) (HoldersResult, error) {
	t := newSignalling(a, p)
	t.again = activity.GetInfo(ctx).Attempt > 1
	if activity.HasHeartbeatDetails(ctx) {
		t.again = true
		var last HoldersProgress
		if err := activity.GetHeartbeatDetails(ctx, &last); err == nil {
			t.earlier = max(last.Told-last.Left, 0)
		}
	}
	defer t.wait()
	defer whileBeating(ctx, func() { activity.RecordHeartbeat(ctx, t.progress()) })()

	until, pause := time.Now().Add(cmp.Or(a.For, holdersFor)), lookAgainAfter
	for before := -1; ; {
		left, err := t.readHolds(ctx)
		if err == nil && left == 0 {
			t.wait()
			return HoldersResult{Signalled: t.progress().Told}, nil
		}
		pause = min(2*pause, lookAgainLate)
		if left != before {
			before, pause = left, lookAgainAfter
		}
		if !time.Now().Before(until) || ctx.Err() != nil {
			return HoldersResult{}, t.failure(errors.Join(err, ctx.Err()))
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(pause, time.Until(until))):
		}
	}
}

// readHolds reads the list once, starts what is due, and returns the number of orders on it.
func (t *signalling) readHolds(ctx context.Context) (left int, err error) {
	var due []*holder
	for cursor := ""; ; {
		page, next, err := t.Holds.HoldsOf(ctx, t.params.ProductID, cursor, holdersPage)
		if err != nil {
			return 0, fmt.Errorf("read the holds of product %s: %w", t.params.ProductID, err)
		}
		for _, h := range page {
			if h.Listing > t.params.Listing {
				continue // made after a relisting: not part of this delisting
			}
			left++
			if one := t.begin(ctx, h.OrderID); one != nil {
				due = append(due, one)
			}
		}
		if cursor = next; cursor == "" || ctx.Err() != nil {
			t.settleSome(ctx, due)
			t.seen(left)
			return left, ctx.Err()
		}
	}
}
