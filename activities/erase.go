package activities

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"holdfast/carrier"
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
	Erase func(ctx context.Context, o *order.Order, st order.Stored, viewed int64) (bool, error)
	// Viewed returns which revision of each order the view has, without those that it lacks. Nil means that
	// there is no view.
	Viewed    func(ctx context.Context, orderIDs []string) (map[string]int64, error)
	Workflows interface {
		OrderRuns(ctx context.Context, customerID string, before time.Time) iter.Seq2[saga.OrderRun, error]
		// Runs reports whether the order's workflow is still running.
		Runs(ctx context.Context, orderID string) (bool, error)
		// EraseOrder has a running workflow go on without the person who was erased at this time, and
		// resumes that of an open order for it. It reports whether all runs that know the person may be
		// deleted.
		EraseOrder(ctx context.Context, orderID string, isOpen bool, at time.Time) (bool, error)
		// DeleteOrderRun leaves a run that is still running; gone means that there is none that knows
		// the person.
		DeleteOrderRun(ctx context.Context, r saga.OrderRun) (gone bool, err error)
		// EraseRefund deletes the refund's workflow. It returns false while there is one that knows the
		// person: one that is running is told to go on without.
		EraseRefund(ctx context.Context, id saga.RefundID, at time.Time) (bool, error)
	}
	// Scans removes what carriers wrote about parcels.
	Scans interface {
		Erase(ctx context.Context, numbers ...carrier.Number) error
	}
	Customers interface {
		Erasing(ctx context.Context, e customer.Erasure) error
	}
	Now func() time.Time
	// Within is how long after the request an order may stay open, or owe money, before it is erased
	// all the same. 0 means EraseWithin.
	Within time.Duration
}

// EraseWithin is how long an erasure waits for orders to be closed.
const EraseWithin = 30 * 24 * time.Hour

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
	// Open orders wait until they are closed and their refunds are over, but not for ever.
	Open int `json:"open,omitempty"`
	// Histories are those that still know the person.
	Histories int `json:"histories,omitempty"`
	// Views are the erased orders that the view still shows as they were.
	Views     int  `json:"views,omitempty"`
	Completed bool `json:"completed,omitempty"`
}

// Execute erases what can be erased now. It may be repeated, and may stop at any point.
func (a *Eraser) Execute(ctx context.Context, p EraseParams) (EraseResult, error) {
	var res EraseResult
	defer whileBeating(ctx, func() { activity.RecordHeartbeat(ctx) })()
	erased := map[string]erasedOrder{}
	seen := map[string]bool{}
	for id, err := range a.OrdersOf(ctx, p.CustomerID, p.Before) {
		if err != nil {
			return res, err
		}
		if seen[id] {
			continue
		}
		seen[id] = true
		o, covered, err := a.erase(ctx, id, p)
		if err != nil {
			return res, fmt.Errorf("erase order %s: %w", id, err)
		}
		switch {
		case !o.at.IsZero():
			erased[id] = o
			res.Erased++
		case covered:
			res.Open++
		}
		activity.RecordHeartbeat(ctx, res)
	}
	if err := a.eraseScans(ctx, erased); err != nil {
		return res, err
	}
	if err := a.eraseRefunds(ctx, erased, &res); err != nil {
		return res, err
	}
	if err := a.deleteHistories(ctx, p.CustomerID, erased, &res); err != nil {
		return res, err
	}
	if err := a.lookAtViews(ctx, erased, &res); err != nil {
		return res, err
	}
	res.Completed = p.Last && res.Open == 0 && res.Histories == 0 && res.Views == 0
	state := customer.Erasure{CustomerID: p.CustomerID, RequestedAt: p.Before, Erased: res.Erased, Open: res.Open}
	if res.Completed {
		state.CompletedAt = a.Now().UTC()
	}
	return res, a.Customers.Erasing(ctx, state)
}

// erasedOrder is what is left to do for an order that was erased.
type erasedOrder struct {
	at     time.Time
	isOpen bool
	// refunds are those whose workflows may know the person.
	refunds []saga.RefundID
	// numbers are those of its parcels, which carriers wrote about.
	numbers []carrier.Number
	// revision is the least that an erased order has.
	revision int64
	// forgotten means that no run of its workflow is needed that knows the person.
	forgotten, asked bool
}

// erase erases an order if it may be. at is zero if it can't be yet; covered is whether the erasure is
// about it.
func (a *Eraser) erase(ctx context.Context, id string, p EraseParams) (e erasedOrder, covered bool, err error) {
	for range eraseTries {
		st, viewed, err := a.Read(ctx, id)
		if err != nil {
			return e, true, err
		}
		if st.Err != nil || !st.Found { // an audit names and repairs it, or it is being placed
			return e, true, nil
		}
		o, err := st.Order()
		switch {
		case err != nil: // it must not keep the customer's other orders
			activity.GetLogger(ctx).Error("an order that is to be erased can't be read", "order_id", id, "error", err)
			return e, true, nil
		case o.CustomerID != p.CustomerID, o.PlacedAt.After(p.Before):
			return e, false, nil
		case !o.ErasedAt.IsZero():
			return a.erased(ctx, &o, st, max(st.Revision, viewed)), true, nil
		}
		if may, err := a.mayErase(ctx, &o, st.Payments, p); err != nil || !may {
			return e, true, err
		}
		o.Erase(a.Now().UTC().Truncate(time.Millisecond))
		done, err := a.Erase(ctx, &o, st, viewed)
		if err != nil || done {
			return a.erased(ctx, &o, st, max(st.Revision, viewed)+1), true, err
		}
	}
	return e, true, nil // it is looked at again
}

// mayErase reports whether the order is closed and nothing is left to do for it, or has been open for too
// long.
func (a *Eraser) mayErase(ctx context.Context, o *order.Order, payments map[string][]byte, p EraseParams) (bool, error) {
	since := p.Since
	if since.IsZero() {
		since = p.Before
	}
	if !o.PlacedAt.After(since) && a.Now().Sub(since) >= cmp.Or(a.Within, EraseWithin) {
		return true, nil
	}
	if !o.Closed() {
		return false, nil
	}
	return a.over(ctx, o.ID, payments)
}

// erased returns what is left to do. Refunds that are open, or that staff asked for, may have a note in
// their workflow.
func (a *Eraser) erased(ctx context.Context, o *order.Order, st order.Stored, revision int64) erasedOrder {
	e := erasedOrder{at: o.ErasedAt, isOpen: !o.Closed(), revision: revision}
	money, err := order.ReadPayments(st.Payments)
	if err != nil {
		activity.GetLogger(ctx).Error("the payments of an erased order can't be read", "order_id", o.ID, "error", err)
	}
	for _, r := range money.Refunds {
		if r.Reason == order.RefundRequested || !r.Status.Over() {
			e.refunds = append(e.refunds, saga.RefundID{PaymentID: r.PaymentID, RefundID: r.ID})
		}
	}
	if o.Fulfilment == nil {
		return e
	}
	for _, p := range o.Packages {
		for _, n := range p.TrackingNumbers {
			if number := (carrier.Number{Adapter: p.Carrier, Number: n}); number.Check() == nil {
				e.numbers = append(e.numbers, number)
			}
		}
	}
	return e
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
		deleted, err := a.Workflows.EraseRefund(ctx, saga.RefundID{PaymentID: r.PaymentID, RefundID: r.ID}, a.Now())
		if err != nil || !deleted {
			return false, err
		}
	}
	return true, nil
}

// eraseScans removes what carriers wrote about the parcels of erased orders, whether or not an order was
// told.
func (a *Eraser) eraseScans(ctx context.Context, erased map[string]erasedOrder) error {
	for id, o := range erased {
		if len(o.numbers) == 0 {
			continue
		}
		if err := a.Scans.Erase(ctx, o.numbers...); err != nil {
			return fmt.Errorf("erase the scans of order %s: %w", id, err)
		}
	}
	return nil
}

// eraseRefunds has no refund's workflow know the person of an erased order.
func (a *Eraser) eraseRefunds(ctx context.Context, erased map[string]erasedOrder, res *EraseResult) error {
	for _, o := range erased {
		for _, r := range o.refunds {
			forgotten, err := a.Workflows.EraseRefund(ctx, r, o.at)
			if err != nil {
				return err
			}
			if !forgotten {
				res.Histories++
			}
			activity.RecordHeartbeat(ctx, *res)
		}
	}
	return nil
}

// deleteHistories deletes the workflows of orders that were erased a while ago. One that is still running
// goes on without the person first.
func (a *Eraser) deleteHistories(ctx context.Context, customerID string, erased map[string]erasedOrder, res *EraseResult) error {
	for run, err := range a.Workflows.OrderRuns(ctx, customerID, time.Time{}) {
		if err != nil {
			return err
		}
		o, is := erased[run.OrderID]
		if !is { // not erased yet, or placed later
			continue
		}
		if !o.asked {
			o.asked, o.forgotten = true, a.forgotten(ctx, run.OrderID, o)
			erased[run.OrderID] = o
		}
		gone := false
		if o.forgotten && a.Now().Sub(o.at) >= historyStays {
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

// viewedAtOnce is how many orders the view is asked for at a time.
const viewedAtOnce = 500

// lookAtViews counts the erased orders that the view still shows as they were.
func (a *Eraser) lookAtViews(ctx context.Context, erased map[string]erasedOrder, res *EraseResult) error {
	if a.Viewed == nil {
		return nil
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(erased)), viewedAtOnce) {
		viewed, err := a.Viewed(ctx, ids)
		if err != nil {
			return fmt.Errorf("ask the view whether it still shows %d erased orders: %w", len(ids), err)
		}
		for id, revision := range viewed {
			if revision < erased[id].revision {
				res.Views++
			}
		}
		activity.RecordHeartbeat(ctx, *res)
	}
	return nil
}

// forgotten reports whether no run of the order's workflow is needed that knows the person. One that can't
// be reached must not keep the customer's other orders.
func (a *Eraser) forgotten(ctx context.Context, orderID string, o erasedOrder) bool {
	done, err := a.Workflows.EraseOrder(ctx, orderID, o.isOpen, o.at)
	if err != nil {
		activity.GetLogger(ctx).Warn("the workflow of an erased order still knows its person", "order_id", orderID, "error", err)
	}
	return done && err == nil
}
