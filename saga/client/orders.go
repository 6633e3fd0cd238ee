package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	sdk "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/saga"
)

// Place starts the order's workflow, or finds the one that an earlier call started, and
// waits for its decision.
func (c *Client) Place(ctx context.Context, p order.Placement) (saga.Placed, error) {
	outcome, err := c.startAndPlace(ctx, p)
	return c.placed(ctx, p, outcome, err)
}

// Placed is Place for an order that an earlier call may have started: it starts none, and
// returns saga.ErrNotFound if Temporal knows no workflow of the order.
func (c *Client) Placed(ctx context.Context, p order.Placement) (saga.Placed, error) {
	outcome, err := c.awaitPlacement(ctx, p.OrderID)
	return c.placed(ctx, p, outcome, err)
}

func (c *Client) placed(ctx context.Context, p order.Placement, outcome order.Outcome, err error) (saga.Placed, error) {
	switch {
	case isUndecided(err) && ctx.Err() != nil:
		return saga.Placed{}, ctx.Err()
	case isUndecided(err):
		return c.undecidedPlacement(ctx, p)
	case isFinished(err):
		outcome, err = c.Outcome(ctx, p.OrderID)
	}
	return saga.Placed{Decided: true, Outcome: outcome}, typed(err)
}

func (c *Client) startAndPlace(ctx context.Context, p order.Placement) (outcome order.Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	return outcome, c.startAndUpdate(ctx, sdk.StartWorkflowOptions{
		ID: saga.OrderWorkflowID(p.OrderID), TaskQueue: saga.TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		Memo:                     map[string]any{saga.FingerprintMemo: p.Fingerprint},
		TypedSearchAttributes:    saga.StartAttributes(p),
		StaticSummary:            saga.OrderSummary(p),
	}, saga.OrderType, p, saga.PlaceUpdate, &outcome)
}

// awaitPlacement waits for the decision of a workflow that is there already.
func (c *Client) awaitPlacement(ctx context.Context, orderID string) (outcome order.Outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	handle, err := c.temporal.UpdateWorkflow(ctx, sdk.UpdateWorkflowOptions{
		WorkflowID: saga.OrderWorkflowID(orderID), UpdateID: saga.PlaceUpdate, UpdateName: saga.PlaceUpdate,
		WaitForStage: sdk.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return order.Outcome{}, err
	}
	return outcome, handle.Get(ctx, &outcome)
}

// undecidedPlacement handles a placement that timed out. Only Temporal can say whether it
// has the order: a timeout alone may also mean that Temporal is away.
func (c *Client) undecidedPlacement(ctx context.Context, p order.Placement) (saga.Placed, error) {
	d, err := c.describe(ctx, p.OrderID)
	if err != nil {
		return saga.Placed{}, err
	}
	first := p.Fingerprint
	if memo, ok := d.Memo.GetFields()[saga.FingerprintMemo]; ok {
		var kept string
		if converter.GetDefaultDataConverter().FromPayload(memo, &kept) == nil {
			first = kept
		}
	}
	return saga.Placed{Outcome: order.Outcome{Fingerprint: first}, Begun: d.WorkflowStartTime}, nil
}

func (c *Client) describe(ctx context.Context, orderID string) (*sdk.WorkflowExecutionDescription, error) {
	ctx, cancel := context.WithTimeout(ctx, describeTimeout)
	defer cancel()
	d, err := c.temporal.DescribeWorkflow(ctx, saga.OrderWorkflowID(orderID), "")
	if err != nil {
		return nil, fmt.Errorf("%w: describe order %s: %w", saga.ErrUnanswered, orderID, err)
	}
	return d, nil
}

// Outcome reads a placement's answer from the result of the order's workflow, which has
// closed.
func (c *Client) Outcome(ctx context.Context, orderID string) (order.Outcome, error) {
	var r order.Result
	if err := c.result(ctx, saga.OrderWorkflowID(orderID), &r); err != nil {
		return order.Outcome{}, err
	}
	return order.Outcome{
		Status: r.Status, Version: r.Version, Reason: r.Reason, Shortages: r.Shortages, Coupons: r.Coupons, Fingerprint: r.Fingerprint,
	}, nil
}

// Cancel asks the order's workflow to end unpaid. For this and the other requests, the
// error is a saga.ErrUndecided if the workflow has the request but didn't decide in time,
// and a saga.ErrNotFound if the order is closed and Temporal has forgotten it.
func (c *Client) Cancel(ctx context.Context, orderID string, key *string, r saga.CancelRequest) (saga.Answer, error) {
	return c.request(ctx, request{orderID: orderID, update: saga.CancelUpdate, key: key, arg: r, wanted: order.StatusCancelled})
}

// Deliver reports to the order's workflow that the order was delivered.
func (c *Client) Deliver(ctx context.Context, orderID string, key *string, r saga.DeliverRequest) (saga.Answer, error) {
	return c.request(ctx, request{orderID: orderID, update: saga.DeliverUpdate, key: key, arg: r, wanted: order.StatusDelivered})
}

// Pay asks the order's workflow for a payment that the buyer can use.
func (c *Client) Pay(ctx context.Context, orderID string, key *string, r saga.PayRequest) (saga.Answer, error) {
	return c.request(ctx, request{orderID: orderID, update: saga.PayUpdate, key: key, arg: r, apart: true})
}

// request is a caller's request to an order's workflow.
type request struct {
	orderID, update string
	key             *string
	arg             any
	// wanted is the status that the request leads to; empty if it leads to none.
	wanted order.Status
	// apart means that two calls without a key are two requests.
	apart bool
	// change means that it changes a paid order: it waits its turn, and a closed order refuses it.
	change bool
}

func (c *Client) request(ctx context.Context, r request) (saga.Answer, error) {
	answer, err := c.send(ctx, r)
	switch {
	case isUndecided(err):
		return answer, c.isTaken(ctx, r.orderID, err)
	case err == nil && answer.Verdict == saga.VerdictEnding && r.wanted != "": // an earlier call's cancellation is waiting
		return answer, c.isTaken(ctx, r.orderID, saga.ErrUndecided)
	case isFinished(err):
		answer, err = c.answerOfClosed(ctx, r)
	}
	return answer, typed(err)
}

// isTaken returns a saga.ErrUndecided if Temporal has the order, and so the request, and a
// saga.ErrUnanswered if Temporal is away; only Temporal can say which.
func (c *Client) isTaken(ctx context.Context, orderID string, undecided error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w: %w", saga.ErrUnanswered, undecided)
	}
	if _, err := c.describe(ctx, orderID); err != nil {
		return err
	}
	return saga.ErrUndecided
}

// send asks the order's workflow. Calls without a key share one update id per kind of
// request, so that any number of them at a time is one update. Temporal remembers an
// update's answer as long as it knows the workflow, but what an order refused or couldn't
// do may be possible at the next call: then this call asks under an id of its own.
func (c *Client) send(ctx context.Context, r request) (saga.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	id, repeatable := r.update, r.key == nil
	if r.apart {
		id, repeatable = updateID(r.update, r.key), r.key != nil
	} else if r.key != nil {
		id = updateID(r.update, r.key)
	}
	if r.change {
		answer, _, err := c.sendPatiently(ctx, r, id)
		return answer, err
	}
	answer, lasting, err := c.sendAs(ctx, r, id)
	if repeatable && lasting && (err != nil || answer.Verdict != saga.VerdictDone) {
		answer, _, err = c.sendAs(ctx, r, updateID(r.update, nil))
	}
	return answer, err
}

// sendAs sends the request under an id. A lasting answer is one that Temporal returns again
// under this id; it doesn't keep what the workflow's validator refuses.
func (c *Client) sendAs(ctx context.Context, r request, id string) (answer saga.Answer, lasting bool, err error) {
	err = c.update(ctx, saga.OrderWorkflowID(r.orderID), r.update, id, r.arg, &answer)
	failed, ok := errors.AsType[*temporal.ApplicationError](err)
	if ok && failed.Type() == saga.RefusedError {
		err = failed.Details(&answer)
		return answer, false, err
	}
	return answer, err == nil || ok, err
}

// answerOfClosed answers for a workflow that has ended, from its result.
func (c *Client) answerOfClosed(ctx context.Context, r request) (saga.Answer, error) {
	o, err := c.Outcome(ctx, r.orderID)
	switch {
	case errors.Is(err, saga.ErrEndedByForce):
		return saga.Answer{Verdict: saga.VerdictTooLateClosed}, nil
	case err != nil:
		return saga.Answer{}, err
	case r.change:
		return saga.Answer{Verdict: saga.VerdictTooLateClosed, Status: o.Status, Version: o.Version}, nil
	}
	return saga.AnswerOfClosed(r.wanted, o.Status, o.Version), nil
}

// updateID names one use of a call: by its key, or at random.
func updateID(call string, key *string) string {
	if key != nil {
		return call + "/" + *key
	}
	return call + "/" + uuid.NewString()
}
