package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// CancelOrder implements ServerInterface.
func (s *Server) CancelOrder(c *gin.Context, id ID, params CancelOrderParams) {
	in := CancelRequest{}
	err := checkKey(params.IdempotencyKey)
	if err == nil {
		err = decodeOptional(c, &in)
	}
	caller := CallerOf(c.Request.Context())
	if err == nil {
		in.Reason, err = cancelReason(in.Reason, caller)
	}
	if err == nil {
		err = s.checkOwner(c.Request.Context(), id)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	s.request(c, request{
		orderID: id, update: saga.CancelUpdate, key: params.IdempotencyKey,
		arg:    saga.CancelRequest{Reason: in.Reason, Actor: caller.Subject},
		wanted: order.Cancelled, closed: errNotCancellable,
	})
}

// cancelReason says on whose behalf an order is cancelled: an operator may do
// it for the customer.
func cancelReason(asked order.Reason, caller Caller) (order.Reason, error) {
	switch {
	case asked == order.ByCustomer, asked == "" && caller.Role != Operator:
		return order.ByCustomer, nil
	case (asked == order.ByOperator || asked == "") && caller.Role == Operator:
		return order.ByOperator, nil
	}
	return "", product.Invalid{{Path: "reason", Reason: "must be customer or operator"}}
}

// DeliverOrder implements ServerInterface.
func (s *Server) DeliverOrder(c *gin.Context, id ID, params DeliverOrderParams) {
	err := checkKey(params.IdempotencyKey)
	if err == nil {
		err = decodeOptional(c, &struct{}{})
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	s.request(c, request{
		orderID: id, update: saga.DeliverUpdate, key: params.IdempotencyKey,
		arg:    saga.DeliverRequest{Actor: CallerOf(c.Request.Context()).Subject},
		wanted: order.Delivered, closed: errNotDeliverable,
	})
}

// request is something that a caller wants of an order's saga.
type request struct {
	orderID string
	update  string
	arg     any
	key     *string
	// wanted is the status that the request leads to; closed is what a caller
	// is told whose order ended otherwise.
	wanted order.Status
	closed error
}

func (s *Server) request(c *gin.Context, r request) {
	ctx := c.Request.Context()
	answer, err := s.update(ctx, r)
	ending := err == nil && answer.Verdict == saga.Ending // an earlier call's cancellation waits
	if ending || (undecided(err) && ctx.Err() == nil) {
		s.answerUndecided(c, r.orderID)
		return
	}
	if alreadyFinished(err) {
		answer, err = s.answerOfClosed(ctx, r)
	}
	if err == nil {
		err = verdictError(answer.Verdict, r.closed)
	} else {
		err = temporalError(err)
	}
	if err != nil {
		s.fail(c, fmt.Errorf("%s order %s: %w", r.update, r.orderID, err))
		return
	}
	doc, err := s.document(ctx, r.orderID, answer.Version)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeOrder(c, http.StatusOK, doc)
}

// update asks the order's saga. Calls without a key share the id of their kind,
// so that any number of them at a time is one update. Temporal remembers what an
// update was answered as long as it knows the workflow, and a refusal need not be
// true any more by the next call: then this call asks for itself.
func (s *Server) update(ctx context.Context, r request) (saga.Answer, error) {
	ctx, cancel := contextWithin(ctx, decideTimeout)
	defer cancel()
	if r.key != nil {
		answer, _, err := s.updateAs(ctx, r, actionID(r.update, r.key))
		return answer, err
	}
	answer, lasting, err := s.updateAs(ctx, r, r.update)
	if lasting && (err != nil || answer.Verdict != saga.Done) {
		answer, _, err = s.updateAs(ctx, r, actionID(r.update, nil))
	}
	return answer, err
}

// updateAs sends the request under an id. A lasting answer is one that Temporal
// gives again under this id; what the saga's validator refuses, it forgets.
func (s *Server) updateAs(ctx context.Context, r request, id string) (answer saga.Answer, lasting bool, err error) {
	handle, err := s.cfg.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: saga.OrderWorkflowID(r.orderID), UpdateID: id, UpdateName: r.update,
		Args: []any{r.arg}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, &answer)
	}
	failed, ok := errors.AsType[*temporal.ApplicationError](err)
	if ok && failed.Type() == saga.RefusedError {
		err = failed.Details(&answer)
		return answer, false, err
	}
	return answer, err == nil || ok, err
}

// answerUndecided: the saga has the request, or Temporal is away; only Temporal
// can say which.
func (s *Server) answerUndecided(c *gin.Context, orderID string) {
	ctx, cancel := contextWithin(c.Request.Context(), describeTimeout)
	defer cancel()
	if _, err := s.cfg.Temporal.DescribeWorkflow(ctx, saga.OrderWorkflowID(orderID), ""); err != nil {
		s.fail(c, fmt.Errorf("%w: describe order %s: %w", errTemporal, orderID, err))
		return
	}
	doc, err := s.document(c.Request.Context(), orderID, 0)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeOrder(c, http.StatusAccepted, doc)
}

// answerOfClosed answers for a saga that has ended, by its result.
func (s *Server) answerOfClosed(ctx context.Context, r request) (saga.Answer, error) {
	result, err := s.result(ctx, r.orderID)
	switch {
	case errors.Is(err, errEndedByHand):
		return saga.Answer{Verdict: saga.TooLateClosed}, nil
	case isNotFound(err):
		return s.answerOfForgotten(ctx, r)
	case err != nil:
		return saga.Answer{}, err
	}
	return judge(r, orderHead{Status: result.Status, Version: result.Version}), nil
}

// answerOfForgotten answers for an order of which only the document is left.
func (s *Server) answerOfForgotten(ctx context.Context, r request) (saga.Answer, error) {
	_, head, err := s.readOrder(ctx, r.orderID)
	return judge(r, head), err
}

func judge(r request, o orderHead) saga.Answer {
	a := saga.Answer{Verdict: saga.TooLateClosed, Status: o.Status, Version: o.Version}
	if o.Status == r.wanted {
		a.Verdict = saga.Done
	}
	return a
}
