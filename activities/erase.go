package activities

import (
	"context"
	"fmt"
	"iter"
	"time"

	"go.temporal.io/sdk/activity"

	"holdfast/customer"
	"holdfast/order"
	"holdfast/saga"
)

const (
	// eraseTries is how often an order is read again that changed meanwhile.
	eraseTries = 3
	// historyStays is how long an order's workflow outlives its erasure. By then every gateway that
	// looked for the mark before it was there has found or started what it wanted.
	historyStays = 30 * time.Second
)

// Eraser erases the orders of a customer.
type Eraser struct {
	// OrdersOf iterates over all orders of the customer that were placed up to a time, wherever they
	// are, some of them twice. It fails if one of these places can't be asked.
	OrdersOf func(ctx context.Context, customerID string, before time.Time) iter.Seq2[string, error]
	// Read returns an order as it is stored in Redis or else in the view. viewed is the view's
	// revision if only the view has it, else 0.
	Read func(ctx context.Context, orderID string) (st order.Stored, viewed int64, err error)
	// Erase replaces what is stored by the erased order, unless that has changed since it was read.
	Erase     func(ctx context.Context, o *order.Order, st order.Stored, viewed int64) (bool, error)
	Workflows interface {
		OrderRuns(ctx context.Context, customerID string, before time.Time) iter.Seq2[saga.OrderRun, error]
		// Runs reports whether the order's workflow is still running.
		Runs(ctx context.Context, orderID string) (bool, error)
		// DeleteOrderRun leaves a run that is still running; gone means that there is none.
		DeleteOrderRun(ctx context.Context, r saga.OrderRun) (gone bool, err error)
		// DeleteRefund deletes nothing, and returns false, while the refund's workflow is running.
		DeleteRefund(ctx context.Context, id saga.RefundID) (bool, error)
	}
	Customers interface {
		Erasing(ctx context.Context, e customer.Erasure) error
	}
	Now func() time.Time
}

// EraseParams says what to erase.
type EraseParams struct {
	saga.Erasure
	// Last means that the lists of orders have all that the erasure covers: if nothing is left, it is
	// completed.
	Last bool `json:"last,omitempty"`
}

// EraseResult counts the customer's orders.
type EraseResult struct {
	Erased int `json:"erased"`
	// Open orders wait until they are closed and their refunds are over.
	Open int `json:"open,omitempty"`
	// Histories are those that still exist.
	Histories int  `json:"histories,omitempty"`
	Completed bool `json:"completed,omitempty"`
}

// Execute erases what can be erased now. It may be repeated, and may stop at any point.
func (a *Eraser) Execute(ctx context.Context, p EraseParams) (EraseResult, error) {
	var res EraseResult
	defer whileBeating(ctx, func() { activity.RecordHeartbeat(ctx) })()
	erased := map[string]time.Time{} // since when
	seen := map[string]bool{}
	for id, err := range a.OrdersOf(ctx, p.CustomerID, p.Before) {
		if err != nil {
			return res, err
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		at, covered, err := a.erase(ctx, id, p)
		if err != nil {
			return res, fmt.Errorf("erase order %s: %w", id, err)
		}
		switch {
		case !at.IsZero():
			erased[id] = at
			res.Erased++
		case covered:
			res.Open++
		}
		activity.RecordHeartbeat(ctx, res)
	}
	if err := a.deleteHistories(ctx, p.CustomerID, erased, &res); err != nil {
		return res, err
	}
	res.Completed = p.Last && res.Open == 0 && res.Histories == 0
	state := customer.Erasure{CustomerID: p.CustomerID, RequestedAt: p.Before, Erased: res.Erased, Open: res.Open}
	if res.Completed {
		state.CompletedAt = a.Now().UTC()
	}
	return res, a.Customers.Erasing(ctx, state)
}

// erase returns when the order was erased, the zero time if it can't be yet, and whether the erasure
// covers it.
func (a *Eraser) erase(ctx context.Context, id string, p EraseParams) (at time.Time, covered bool, err error) {
	for range eraseTries {
		st, viewed, err := a.Read(ctx, id)
		if err != nil {
			return at, true, err
		}
		if st.Err != nil || !st.Found { // an audit names and repairs it, or it is being placed
			return at, true, nil
		}
		o, err := st.Order()
		switch {
		case err != nil: // it must not keep the customer's other orders
			activity.GetLogger(ctx).Error("an order that is to be erased can't be read", "order_id", id, "error", err)
			return at, true, nil
		case o.CustomerID != p.CustomerID, o.PlacedAt.After(p.Before):
			return at, false, nil
		case !o.ErasedAt.IsZero():
			return o.ErasedAt, true, nil
		case !o.Closed():
			return at, true, nil
		}
		over, err := a.over(ctx, id, st.Payments)
		if err != nil || !over {
			return at, true, err
		}
		now := a.Now().UTC().Truncate(time.Millisecond)
		o.Erase(now)
		done, err := a.Erase(ctx, &o, st, viewed)
		if err != nil || done {
			return now, true, err
		}
	}
	return at, true, nil // it is looked at again
}

// over reports whether nothing is left to do for a closed order: its workflow has ended, and all money
// that came and wasn't taken has gone back. Then the histories of its refunds that have a note, or words
// of the provider's, are deleted.
func (a *Eraser) over(ctx context.Context, id string, payments map[string][]byte) (bool, error) {
	running, err := a.Workflows.Runs(ctx, id)
	if err != nil || running {
		return false, err
	}
	money, err := order.ReadPayments(payments)
	if err != nil {
		activity.GetLogger(ctx).Error("the payments of an order that is to be erased can't be read", "order_id", id, "error", err)
		return false, nil
	}
	back := refunded(money)
	for _, p := range money.Attempts {
		if p.Type == order.PaymentSucceeded && !p.Taken && !back[p.Key()] {
			return false, nil
		}
	}
	for _, r := range money.Refunds {
		if !r.Status.Over() {
			return false, nil
		}
	}
	for _, r := range money.Refunds {
		if r.Note == "" && r.Detail == "" {
			continue
		}
		deleted, err := a.Workflows.DeleteRefund(ctx, saga.RefundID{PaymentID: r.PaymentID, RefundID: r.ID})
		if err != nil || !deleted {
			return false, err
		}
	}
	return true, nil
}

// deleteHistories deletes the workflows of orders that were erased a while ago.
func (a *Eraser) deleteHistories(ctx context.Context, customerID string, erased map[string]time.Time, res *EraseResult) error {
	for run, err := range a.Workflows.OrderRuns(ctx, customerID, time.Time{}) {
		if err != nil {
			return err
		}
		at, is := erased[run.OrderID]
		if !is { // open, or placed later
			continue
		}
		gone := false
		if a.Now().Sub(at) >= historyStays {
			if gone, err = a.Workflows.DeleteOrderRun(ctx, run); err != nil {
				return err
			}
		}
		if !gone {
			res.Histories++
		}
		activity.RecordHeartbeat(ctx, *res)
	}
	return nil
}
