package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	common "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"holdfast/order"
	"holdfast/refund"
	"holdfast/saga"
)

// deliver hands the event to the order's saga. A success for an order that is
// closed or unknown becomes a refund: money is never turned away. So does one that
// Temporal will never take: its refund waits until the order has ended.
func (s *Server) deliver(ctx context.Context, e order.PaymentEvent) error {
	ctx, cancel := contextWithin(ctx, startTimeout)
	defer cancel()
	switch e.Type { //nolint:exhaustive // all others are the order's
	case order.RefundCameBack:
		return refund.CameBack(ctx, s.cfg.Temporal, e)
	case order.PaymentDisputed:
		return refund.Disputed(ctx, s.cfg.Temporal, e)
	}
	said := saying(e)
	repeated := e.Type == order.PaymentSucceeded && (s.successes.note(said) || s.isOld(e))
	err := s.signal(ctx, e, said)
	if err == nil && repeated {
		err = s.findRunning(ctx, e.OrderID)
	}
	_, never := errors.AsType[*serviceerror.InvalidArgument](err)
	switch {
	case e.Type == order.PaymentSucceeded && (isNotFound(err) || never):
		return refund.Start(ctx, s.cfg.Temporal, order.RefundOf(e, order.RefundLate))
	case isNotFound(err):
		return nil
	}
	return err
}

// findRunning returns a NotFound error where the order's saga doesn't run. Temporal answers
// a signal whose id it has had as taken, also one of a saga that was terminated before it
// read the first: only asking tells them apart. Whoever is told that it ended starts a
// refund, which looks for itself whether the order took the payment.
func (s *Server) findRunning(ctx context.Context, orderID string) error {
	d, err := s.cfg.Temporal.DescribeWorkflow(ctx, saga.OrderWorkflowID(orderID), "")
	if err != nil {
		return fmt.Errorf("is order %s open: %w", orderID, err)
	}
	if d.Status == enums.WORKFLOW_EXECUTION_STATUS_RUNNING || d.Status == enums.WORKFLOW_EXECUTION_STATUS_PAUSED {
		return nil
	}
	return serviceerror.NewNotFound("the saga of order " + orderID + " has ended")
}

// isOld reports whether another gateway, or this one before it was started, may have
// delivered the message. The first one comes at once: then the saga need not be asked for.
func (s *Server) isOld(e order.PaymentEvent) bool {
	return s.cfg.Now().Sub(e.OccurredAt).Abs() > firstWithin
}

// firstWithin is how soon after a payment its message comes for the first time.
const firstWithin = 10 * time.Second

// A signal is sent again to a Temporal that is away for a moment; when that lasts, the
// provider sends it again.
const (
	signalTries = 5
	signalPause = 50 * time.Millisecond // doubles
)

// signal sends the event under an id made of what it says. Temporal takes 10,000 signals
// of one workflow, and drops those whose id it has had without counting them: however
// often a provider repeats itself, or a buyer has the same payment fail, the payment that
// pays the order comes through.
func (s *Server) signal(ctx context.Context, e order.PaymentEvent, said string) error {
	input, err := converter.GetDefaultDataConverter().ToPayloads(e)
	if err != nil {
		return fmt.Errorf("encode the message of payment %s: %w", e.PaymentID, err)
	}
	request := &workflowservice.SignalWorkflowExecutionRequest{
		Namespace:         s.cfg.Namespace,
		WorkflowExecution: &common.WorkflowExecution{WorkflowId: saga.OrderWorkflowID(e.OrderID)},
		SignalName:        saga.PaymentSignal, Input: input, Identity: "gateway", RequestId: said,
	}
	for try := range signalTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return err
			case <-time.After(signalPause << try):
			}
		}
		if _, err = s.cfg.Temporal.WorkflowService().SignalWorkflowExecution(ctx, request); !passes(err) {
			return err
		}
	}
	return err
}

// saying is the same for all messages that say the same of a payment.
func saying(e order.PaymentEvent) string {
	said := strings.Join([]string{"payment", e.Key(), string(e.Type), fmt.Sprint(e.Amount), e.Currency}, "\x00")
	return uuid.NewSHA1(orderNamespace, []byte(said)).String()
}

// passes reports whether Temporal may take a moment later what it didn't take now.
func passes(err error) bool {
	var (
		away *serviceerror.Unavailable
		busy *serviceerror.ResourceExhausted
	)
	return errors.As(err, &away) || errors.As(err, &busy)
}
