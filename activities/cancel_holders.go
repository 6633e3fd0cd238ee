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
	// workflow are settled beside the signals, which never wait for them.
	signalsAtOnce     = 32
	settlementsAtOnce = 8
	// tellAtMost bounds one signal.
	tellAtMost = 10 * time.Second
	// The pause between two looks at a list that still has orders on it, which give their
	// stock back by themselves, and what it grows to while nothing changes.
	lookAgainAfter = 250 * time.Millisecond
	lookAgainLate  = 5 * time.Second
	// settleAfter is when an order that was told and still holds is asked whether it still
	// runs. Of thousands of orders the last ones give back after a minute and more.
	settleAfter = 2 * time.Minute
	// An order that can't be told or settled is tried again after a pause that doubles.
	retryFirst, retryLast = time.Second, time.Minute
	// holdersFor is how long one attempt goes on; then it fails, so that whoever looks at
	// the workflow reads what it waits for, and the next attempt goes on.
	holdersFor = 10 * time.Minute
)

// CancelAll tells every order that holds a product of an ended listing, until
// none of them holds it any more.
type CancelAll struct {
	Holds interface {
		HoldsOf(ctx context.Context, productID, cursor string, limit int) ([]product.LiveHold, string, error)
	}
	// Signal tells an order's workflow of the delisting, under a name that makes telling
	// it again no second message, whichever attempt or worker does so. It returns a
	// serviceerror.NotFound where that workflow is closed or unknown; but Temporal takes a
	// message that it has taken before, also for a workflow that was ended since.
	Signal func(ctx context.Context, orderID string, d saga.Delisting) error
	// Runs reports whether an order's workflow runs.
	Runs    func(ctx context.Context, orderID string) (bool, error)
	Settler *Settler
	// For is how long one attempt goes on; it defaults to ten minutes.
	For time.Duration
}

// HoldersResult counts the orders that were told.
type HoldersResult struct {
	Signalled int `json:"signalled"`
}

// HoldersProgress is what the heartbeats tell of an attempt, and all that the next one
// remembers: ids of 50,000 orders are too much for that. It tells again those that still
// hold then, which their workflows take for the same message.
type HoldersProgress struct {
	// Told orders, those of earlier attempts among them.
	Told int `json:"told"`
	// Left orders hold the product as of the last look.
	Left int `json:"left"`
	// Failing orders can't be told or settled; Error says why, of one of them.
	Failing int    `json:"failing,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Execute returns when no order holds the product under this or an earlier
// listing. An order that can't be told or settled keeps none of the others waiting.
func (a *CancelAll) Execute(ctx context.Context, p saga.Delisting) (HoldersResult, error) {
	t := newTelling(a, p)
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
		left, err := t.look(ctx)
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

// look reads the list once, begins what is due, and returns how many orders are on it.
func (t *telling) look(ctx context.Context) (left int, err error) {
	var due []*holder
	for cursor := ""; ; {
		page, next, err := t.Holds.HoldsOf(ctx, t.params.ProductID, cursor, holdersPage)
		if err != nil {
			return 0, fmt.Errorf("read who holds product %s: %w", t.params.ProductID, err)
		}
		for _, h := range page {
			if h.Listing > t.params.Listing {
				continue // made after a relisting: not this delisting's
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
