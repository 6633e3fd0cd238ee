package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"holdfast/order"
)

// forgetAtOnce is how many orders are read in one round trip.
const forgetAtOnce = 100

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
		ReadMany(ctx context.Context, orderIDs []string) ([]order.Stored, error)
		// Forget deletes an order if it still has this revision.
		Forget(ctx context.Context, orderID string, revision int64) (bool, error)
	}
	View OrdersView
	// Keep is how long an order stays after its last change.
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
	stored, err := a.Orders.ReadMany(ctx, ids)
	if err != nil {
		return err
	}
	res.Seen += len(stored)
	revisions, over := map[string]int64{}, []string{}
	for _, st := range stored {
		ok, err := a.over(st)
		switch {
		case err != nil:
			res.Unreadable++
		case ok:
			over, revisions[st.OrderID] = append(over, st.OrderID), st.Revision
		}
	}
	if len(over) == 0 {
		return nil
	}
	inView, err := a.View.Revisions(ctx, over)
	if err != nil {
		return fmt.Errorf("ask the view for %d orders: %w", len(over), err)
	}
	for _, id := range over {
		// A revision that is not the same may be of anything: no more than equal ones tell
		// that the view says the same.
		switch {
		case inView[id] < revisions[id]:
			res.Missing++
			continue
		case inView[id] > revisions[id]:
			res.Ahead++
			activity.GetLogger(ctx).Warn("an order stays: the view is ahead of it",
				"order", id, "revision", revisions[id], "view", inView[id])
			continue
		}
		gone, err := a.Orders.Forget(ctx, id, revisions[id])
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
	}
	return nil
}

// over tells whether nothing will happen to an order any more, and nothing has for
// long. Payments alone are of an order that left before: they follow it.
func (a *Forgetter) over(st order.Stored) (bool, error) {
	if st.Err != nil || st.Revision == 0 {
		return false, st.Err
	}
	before := a.Now().Add(-a.Keep)
	// A revision is at least the time of the change, in ms: it tells of payments too.
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
	for field, doc := range payments {
		if !strings.HasPrefix(field, "refund:") {
			continue
		}
		var r order.Refund
		if err := json.Unmarshal(doc, &r); err != nil {
			return false, fmt.Errorf("its %s: %w", field, err)
		}
		if !r.Status.Over() {
			return false, nil
		}
	}
	return true, nil
}
