package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	common "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"holdfast/order"
	"holdfast/refund"
	"holdfast/workflows"
)

// deliver hands the event to the order's saga. A success for an order that is
// closed, or that nobody knows, becomes a refund: money is never turned away. So does
// one that Temporal will never take: its refund waits until the order has ended.
func (s *Server) deliver(ctx context.Context, e order.PaymentEvent) error {
	ctx, cancel := contextWithin(ctx, startTimeout)
	defer cancel()
	switch e.Type { //nolint:exhaustive // all others are the order's
	case order.RefundCameBack:
		return refund.CameBack(ctx, s.cfg.Temporal, e)
	case order.PaymentDisputed:
		return refund.Disputed(ctx, s.cfg.Temporal, e)
	}
	err := s.signal(ctx, e)
	_, never := errors.AsType[*serviceerror.InvalidArgument](err)
	switch {
	case e.Type == order.PaymentSucceeded && (isNotFound(err) || never):
		return refund.Start(ctx, s.cfg.Temporal, order.RefundOf(e, order.RefundLate))
	case isNotFound(err):
		return nil
	}
	return err
}

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
func (s *Server) signal(ctx context.Context, e order.PaymentEvent) error {
	input, err := converter.GetDefaultDataConverter().ToPayloads(e)
	if err != nil {
		return fmt.Errorf("encode the message of payment %s: %w", e.PaymentID, err)
	}
	request := &workflowservice.SignalWorkflowExecutionRequest{
		Namespace:         s.cfg.Namespace,
		WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflows.OrderWorkflowID(e.OrderID)},
		SignalName:        workflows.PaymentSignal, Input: input, Identity: "gateway", RequestId: saying(e),
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
