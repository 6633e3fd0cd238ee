package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"holdfast/order"
	"holdfast/product"
)

// Fate is what became of an order, as its workflow recorded it.
type Fate struct {
	// Known is false for an order that neither Temporal nor the records know.
	Known bool
	// Running: its own workflow looks after it.
	Running bool
	Status  order.Status
	// PlacedAt says which order of this id it is of; zero where that isn't known, and of a
	// workflow that runs.
	PlacedAt time.Time
	// Provider and PaymentID of the payment that the order took.
	Provider, PaymentID string
	// Ended is the order and its payments as its workflow left them that somebody
	// ended by force; nil otherwise, and where it had not come to anything.
	Ended    *order.Order
	Payments map[string]order.Attempt
}

// Fates asks the orders' workflows what became of them.
type Fates struct {
	Temporal client.Client
	Records  interface {
		Get(ctx context.Context, orderID string) (doc []byte, version int64, found bool, err error)
	}
	// WorkflowID names an order's workflow; Query asks it for the order, and
	// PaymentsQuery for its payments.
	WorkflowID           func(orderID string) string
	Query, PaymentsQuery string
	// Waiting lists, as a query of Temporal's visibility, the workflows that run and
	// whose order is neither paid nor closed.
	Waiting string
	// Ended lists in the same way those that were ended by force before.
	Ended string
}

// Of asks the workflow; where Temporal has forgotten it, the order's document.
func (f *Fates) Of(ctx context.Context, orderID string) (Fate, error) {
	id := f.WorkflowID(orderID)
	d, err := f.Temporal.DescribeWorkflowExecution(ctx, id, "")
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return f.onRecord(ctx, orderID)
	case err != nil:
		return Fate{}, fmt.Errorf("describe workflow %s: %w", id, err)
	}
	var placedAt time.Time // also of a workflow that was reset
	if at := d.GetWorkflowExtendedInfo().GetOriginalStartTime(); at != nil {
		placedAt = at.AsTime()
	}
	switch d.GetWorkflowExecutionInfo().GetStatus() {
	case enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		var res order.Result
		if err := f.Temporal.GetWorkflow(ctx, id, "").Get(ctx, &res); err != nil {
			return Fate{}, fmt.Errorf("read the result of workflow %s: %w", id, err)
		}
		return Fate{Known: true, Status: res.Status, PlacedAt: placedAt, Provider: res.Provider, PaymentID: res.PaymentID}, nil
	case enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, enums.WORKFLOW_EXECUTION_STATUS_FAILED,
		enums.WORKFLOW_EXECUTION_STATUS_CANCELED, enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return f.asFarAsItCame(ctx, id, placedAt) // ended by force: its history still says how far it came
	case enums.WORKFLOW_EXECUTION_STATUS_RUNNING, enums.WORKFLOW_EXECUTION_STATUS_PAUSED,
		enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED:
		return Fate{Known: true, Running: true}, nil
	}
	return Fate{}, fmt.Errorf("workflow %s has a status that this version doesn't know", id)
}

// asFarAsItCame asks the history of a workflow that was ended by force.
func (f *Fates) asFarAsItCame(ctx context.Context, id string, placedAt time.Time) (Fate, error) {
	var o order.Order
	err := f.query(ctx, id, f.Query, &o)
	if _, nothing := errors.AsType[*serviceerror.WorkflowNotReady](err); nothing {
		// None of its tasks was ever completed: it has decided nothing.
		return Fate{Known: true, Status: order.Reserving, PlacedAt: placedAt}, nil
	}
	if err != nil {
		return Fate{}, err
	}
	fate := fateOf(o)
	fate.Ended = &o
	return fate, f.query(ctx, id, f.PaymentsQuery, &fate.Payments)
}

func (f *Fates) query(ctx context.Context, id, query string, into any) error {
	v, err := f.Temporal.QueryWorkflow(ctx, id, "", query)
	if err != nil {
		return fmt.Errorf("query workflow %s: %w", id, err)
	}
	if err := v.Get(into); err != nil {
		return fmt.Errorf("read what workflow %s answers: %w", id, err)
	}
	return nil
}

func (f *Fates) onRecord(ctx context.Context, orderID string) (Fate, error) {
	doc, _, found, err := f.Records.Get(ctx, orderID)
	if err != nil || !found {
		return Fate{}, err
	}
	var o order.Order
	if err := json.Unmarshal(doc, &o); err != nil {
		return Fate{}, fmt.Errorf("read the document of order %s: %w", orderID, err)
	}
	return fateOf(o), nil
}

// of returns what is known of the holder. An id is used again once Temporal has forgotten
// its order: what became of another order of this id is no word about this one.
func (f Fate) of(h product.Holder) Fate {
	if f.Running || sameOrder(f.PlacedAt, h.PlacedAt) {
		return f
	}
	return Fate{}
}

// sameOrder compares two placing times of one order id. Holds keep milliseconds, and those
// of an earlier version none.
func sameOrder(a, b time.Time) bool {
	return a.IsZero() || b.IsZero() || a.UnixMilli() == b.UnixMilli()
}

func fateOf(o order.Order) Fate {
	fate := Fate{Known: true, Status: o.Status, PlacedAt: o.PlacedAt}
	if o.Payment.Status == order.PaymentPaid || o.Status.TookPayment() {
		fate.Provider, fate.PaymentID = o.Payment.Provider, o.Payment.ID
	}
	return fate
}
