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

// forgetAtOnce is how many orders are read in one round trip. Those that may leave
// come whole, up to a megabyte each.
const forgetAtOnce = 50

// OrdersView is the copy of the orders that answers searches, and that keeps them
// for good.
type OrdersView interface {
	// Revisions tells which revision of which order is there.
	Revisions(ctx context.Context, orderIDs []string) (map[string]int64, error)
}

// Forgetter moves orders out of Redis that nothing will happen to any more. It
// never deletes what the view doesn't have at exactly this revision.
type Forgetter struct {
	Orders interface {
		// StoredIDs may name an order more than once.
		StoredIDs(ctx context.Context) iter.Seq2[string, error]
		// ReadOlder reads orders of a revision below this one, and no more of others than
		// their revision.
		ReadOlder(ctx context.Context, orderIDs []string, below int64) ([]order.Stored, error)
		// Forget deletes an order if it still has this revision.
		Forget(ctx context.Context, orderID string, revision int64) (bool, error)
	}
	View OrdersView
	// Workflows tells which of these orders have no workflow that is open or was closed
	// at this time or later: an order's document may have been closed long before.
	Workflows interface {
		ClosedBefore(ctx context.Context, orderIDs []string, at time.Time) (map[string]bool, error)
	}
	// Keep is how long an order stays after its last change, and after its workflow closed.
	// It is longer than Temporal keeps closed workflows: where one is known, an audit
	// may have to write again in Redis what it recorded.
	Keep time.Duration
	// Moved counts for a metric; nil counts nothing.
	Moved func(n int)
	Now   func() time.Time
}

// ForgetResult counts what was looked at, and what became of it.
type ForgetResult struct {
	// Seen orders; most of them are counted twice, see StoredIDs.
	Seen int `json:"seen"`
	// Moved orders have left Redis.
	Moved int `json:"moved"`
	// Missing orders could leave, but the view doesn't have them as they are.
	Missing int `json:"missing,omitempty"`
	// Ahead orders could leave, but the view has a newer revision than there is: what it
	// says is of another history than Redis's. An audit of the views names them.
	Ahead int `json:"ahead,omitempty"`
	// Open orders could leave but for their workflow, which isn't closed for as long.
	Open int `json:"open,omitempty"`
	// Changed orders were no longer as they were looked at.
	Changed int `json:"changed,omitempty"`
	// Unreadable orders stay, for an audit to name.
	Unreadable int `json:"unreadable,omitempty"`
}

// Execute goes over all orders once. It may be repeated, and end at any point.
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
	// A revision is at least the time of the change, in ms: it tells of payments too.
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

// seen keeps the orders that the view has as they are. A revision that is not the same
// may be of anything: no more than equal ones tell that the view says the same.
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
	case !gone: // by then it is something else that has to be looked at
		res.Changed++
	default:
		res.Moved++
		if a.Moved != nil {
			a.Moved(1)
		}
	}
	return nil
}

// isOver tells whether nothing will happen to an order any more, and nothing has since
// before. Payments alone are of an order that left before: they follow it.
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
		if !o.Status.Closed() || !o.UpdatedAt.Before(before) {
			return false, nil
		}
	}
	return settled(st.Payments)
}

// settled tells whether no money has to go back any more.
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
