package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"go.temporal.io/sdk/activity"

	"holdfast/order"
)

// forgetAtOnce is how many orders are read in one round trip. Candidates are read whole, up
// to a megabyte each.
const forgetAtOnce = 50

// OrdersView is the copy of the orders that answers searches and keeps them permanently.
type OrdersView interface {
	// Revisions returns the stored revision of each order that is there.
	Revisions(ctx context.Context, orderIDs []string) (map[string]int64, error)
}

// Forgetter moves finished orders out of Redis. It never deletes an order that the view
// doesn't have at exactly the same revision.
type Forgetter struct {
	Orders interface {
		// StoredIDs may return an order more than once.
		StoredIDs(ctx context.Context) iter.Seq2[string, error]
		// ReadOlder reads orders whose revision is below the given one; of all others it
		// returns only the revision.
		ReadOlder(ctx context.Context, orderIDs []string, below int64) ([]order.Stored, error)
		// Forget deletes an order if it still has this revision.
		Forget(ctx context.Context, orderID string, revision int64) (bool, error)
	}
	View OrdersView
	// Workflows returns which of these orders have no workflow that is open or was closed
	// at or after this time: an order's document may have been closed long before its
	// workflow.
	Workflows interface {
		ClosedBefore(ctx context.Context, orderIDs []string, at time.Time) (map[string]bool, error)
	}
	// Keep is how long an order stays after its last change and after its workflow closed.
	// It is longer than Temporal's retention: while a workflow is known, an audit may have
	// to restore its order in Redis.
	Keep time.Duration
	// Moved counts for a metric; nil disables it.
	Moved func(n int)
	Now   func() time.Time
}

// ForgetResult counts the orders that were checked, by outcome.
type ForgetResult struct {
	// Seen counts the orders that were read; most are counted twice, see StoredIDs.
	Seen int `json:"seen"`
	// Moved counts the orders that have left Redis.
	Moved int `json:"moved"`
	// Missing counts orders that could leave, but the view doesn't have them in their
	// current state.
	Missing int `json:"missing,omitempty"`
	// Ahead counts orders that could leave, but the view has a newer revision than Redis:
	// it describes another history. An audit of the views names them.
	Ahead int `json:"ahead,omitempty"`
	// Open counts orders that could leave, but their workflow hasn't been closed for long
	// enough.
	Open int `json:"open,omitempty"`
	// Changed counts orders that changed while they were checked.
	Changed int `json:"changed,omitempty"`
	// Unreadable counts orders that can't be parsed; they stay, for an audit to name.
	Unreadable int `json:"unreadable,omitempty"`
}

// Execute goes over all orders once. It may be repeated, and may stop at any point.
func (a *Forgetter) Execute(ctx context.Context) (ForgetResult, error) {
	var res ForgetResult
	ids := make([]string, 0, forgetAtOnce)
	flush := func() error {
		err := a.forget(ctx, ids, &res)
		ids = ids[:0]
		activity.RecordHeartbeat(ctx, res)
		return err
	}
	for id, err := range a.Orders.StoredIDs(ctx) {
		if err != nil {
			return res, err
		}
		if ids = append(ids, id); len(ids) == forgetAtOnce {
			if err := flush(); err != nil {
				return res, err
			}
		}
	}
	return res, flush()
}

func (a *Forgetter) forget(ctx context.Context, ids []string, res *ForgetResult) error {
	if len(ids) == 0 {
		return nil
	}
	before := a.Now().Add(-a.Keep)
	// A revision is at least the time of the change in ms, payments included.
	stored, err := a.Orders.ReadOlder(ctx, ids, before.UnixMilli())
	if err != nil {
		return err
	}
	res.Seen += len(stored)
	revisions, over := map[string]int64{}, []string{}
	for _, st := range stored {
		ok, err := isOver(st, before)
		switch {
		case err != nil:
			res.Unreadable++
		case ok:
			over, revisions[st.OrderID] = append(over, st.OrderID), st.Revision
		}
	}
	if over, err = a.seen(ctx, over, revisions, res); err != nil || len(over) == 0 {
		return err
	}
	closed, err := a.Workflows.ClosedBefore(ctx, over, before)
	if err != nil {
		return fmt.Errorf("ask when %d orders' workflows closed: %w", len(over), err)
	}
	for _, id := range over {
		if !closed[id] {
			res.Open++
			continue
		}
		if err := a.move(ctx, id, revisions[id], res); err != nil {
			return err
		}
	}
	return nil
}

// seen returns the orders that the view has in their current state. Only an equal revision
// proves that the view stores the same.
func (a *Forgetter) seen(ctx context.Context, ids []string, revisions map[string]int64, res *ForgetResult) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	inView, err := a.View.Revisions(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("ask the view for %d orders: %w", len(ids), err)
	}
	var same []string
	for _, id := range ids {
		switch here, there := revisions[id], inView[id]; {
		case there < here:
			res.Missing++
		case there > here:
			res.Ahead++
			activity.GetLogger(ctx).Warn("an order stays: the view is ahead of it", "order_id", id, "revision", here, "view", there)
		default:
			same = append(same, id)
		}
	}
	return same, nil
}

func (a *Forgetter) move(ctx context.Context, id string, revision int64, res *ForgetResult) error {
	gone, err := a.Orders.Forget(ctx, id, revision)
	switch {
	case err != nil:
		return err
	case !gone: // it has changed, and must be checked again
		res.Changed++
	default:
		res.Moved++
		if a.Moved != nil {
			a.Moved(1)
		}
	}
	return nil
}

// isOver reports whether an order is finished and has been since before. Payments without a
// document belong to an order that has already left Redis: they follow it.
func isOver(st order.Stored, before time.Time) (bool, error) {
	if st.Err != nil || st.Revision == 0 {
		return false, st.Err
	}
	if st.Revision >= before.UnixMilli() {
		return false, nil
	}
	if st.Found {
		var o order.Order
		if err := json.Unmarshal(st.Doc, &o); err != nil {
			return false, fmt.Errorf("its document: %w", err)
		}
		if o.ID != st.OrderID {
			return false, fmt.Errorf("its document is of order %q", o.ID)
		}
		if !o.Closed() || !o.UpdatedAt.Before(before) {
			return false, nil
		}
	}
	return settled(st.Payments)
}

// settled reports whether no more money is to be refunded.
func settled(payments map[string][]byte) (bool, error) {
	money, err := order.ReadPayments(payments)
	if err != nil {
		return false, fmt.Errorf("its %w", err)
	}
	for _, r := range money.Refunds {
		if !r.Status.Over() {
			return false, nil
		}
	}
	return true, nil
}
