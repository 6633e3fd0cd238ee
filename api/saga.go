package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/saga"
)

// Bounds of one conversation with Temporal.
const (
	decideTimeout   = 5 * time.Second // an update: until it is decided
	describeTimeout = time.Second
	resultTimeout   = 2 * time.Second
	startTimeout    = 5 * time.Second
)

// contextWithin is a name for what each call to Temporal gets.
func contextWithin(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

// placed is how a placement came out: with its document where it is not refused.
type placed struct {
	decided bool
	doc     []byte
}

// place starts the order's workflow, or finds the one that an earlier call
// started, and waits for its decision.
func (s *Server) place(ctx context.Context, p order.Placement, total *int64) (placed, error) {
	outcome, err := s.startAndAsk(ctx, p, total)
	timedOut, finished := undecided(err), alreadyFinished(err)
	switch {
	case timedOut && ctx.Err() != nil:
		return placed{}, ctx.Err()
	case timedOut:
		return s.placeUndecided(ctx, p)
	case finished:
		outcome, err = s.outcomeOfClosed(ctx, p.OrderID)
	}
	if err != nil {
		return placed{}, fmt.Errorf("place order %s: %w", p.OrderID, temporalError(err))
	}
	if outcome.Fingerprint != p.Fingerprint {
		return placed{}, errMismatch
	}
	if outcome.Status == order.Rejected {
		return placed{}, rejection(CallerOf(ctx), outcome)
	}
	doc, err := s.document(ctx, p.OrderID, outcome.Version)
	return placed{decided: true, doc: doc}, err
}

func (s *Server) startAndAsk(ctx context.Context, p order.Placement, total *int64) (order.Outcome, error) {
	ctx, cancel := contextWithin(ctx, decideTimeout)
	defer cancel()
	start := s.cfg.Temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: saga.OrderWorkflowID(p.OrderID), TaskQueue: saga.TaskQueue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		Memo:                     map[string]any{saga.FingerprintMemo: p.Fingerprint},
		TypedSearchAttributes:    saga.StartAttributes(p),
		StaticSummary:            saga.OrderSummary(p, total),
	}, saga.OrderType, p)
	var outcome order.Outcome
	handle, err := s.cfg.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateID: saga.PlaceUpdate, UpdateName: saga.PlaceUpdate,
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, &outcome)
	}
	return outcome, err
}

// alreadyFinished tells whether the workflow has closed and Temporal has no
// answer of the update to give: it closed before, or while the update waited.
func alreadyFinished(err error) bool {
	var (
		started *serviceerror.WorkflowExecutionAlreadyStarted
		aborted *temporal.ApplicationError
	)
	return errors.As(err, &started) || errors.As(err, &aborted) || isNotFound(err)
}

// placeUndecided answers a placement whose time was up. Only Temporal can say
// whether the order was taken: a timeout alone may also mean that it is away.
func (s *Server) placeUndecided(ctx context.Context, p order.Placement) (placed, error) {
	dctx, cancel := contextWithin(ctx, describeTimeout)
	defer cancel()
	d, err := s.cfg.Temporal.DescribeWorkflow(dctx, saga.OrderWorkflowID(p.OrderID), "")
	if err != nil {
		return placed{}, fmt.Errorf("%w: describe order %s: %w", errTemporal, p.OrderID, err)
	}
	var first string
	if memo, ok := d.Memo.GetFields()[saga.FingerprintMemo]; ok &&
		converter.GetDefaultDataConverter().FromPayload(memo, &first) == nil && first != p.Fingerprint {
		return placed{}, errMismatch
	}
	o := order.New(p, d.WorkflowStartTime)
	doc, err := json.Marshal(o)
	return placed{doc: doc}, err
}

// outcomeOfClosed reads a placement's answer out of the workflow's result.
func (s *Server) outcomeOfClosed(ctx context.Context, orderID string) (order.Outcome, error) {
	r, err := s.result(ctx, orderID)
	if err != nil {
		return order.Outcome{}, err
	}
	return order.Outcome{
		Status: r.Status, Version: r.Version, Reason: r.Reason, Shortages: r.Shortages, Fingerprint: r.Fingerprint,
	}, nil
}

// result is what a closed workflow decided.
func (s *Server) result(ctx context.Context, orderID string) (order.Result, error) {
	ctx, cancel := contextWithin(ctx, resultTimeout)
	defer cancel()
	var r order.Result
	err := s.cfg.Temporal.GetWorkflow(ctx, saga.OrderWorkflowID(orderID), "").Get(ctx, &r)
	if _, ok := errors.AsType[*temporal.WorkflowExecutionError](err); ok { // terminated by hand: it has no result, and will never have one
		return order.Result{}, fmt.Errorf("%w: %w", errEndedByHand, err)
	}
	return r, err
}

// rejection says why an order was not taken.
func rejection(caller Caller, o order.Outcome) error {
	if o.Reason == order.Unavailable {
		return errStockUnasked
	}
	return refusal(shortagesFor(caller, o.Shortages))
}

// placementAnswer names an outcome for the metrics.
func placementAnswer(p placed, err error) string {
	switch {
	case err == nil && p.decided:
		return "held"
	case err == nil:
		return "undecided"
	case errors.Is(err, errMismatch):
		return "mismatch"
	case problemOf(err).Shortages != nil:
		return "rejected"
	}
	return "unavailable"
}
