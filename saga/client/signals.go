package client

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	common "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"holdfast/saga"
)

// A signal is retried while Temporal is briefly unavailable; if that lasts, the provider or the
// carrier sends the message again.
const (
	signalTries = 5
	signalPause = 50 * time.Millisecond // doubles
)

// scanNamespace keeps the ids of scans distinct from all other ids.
var scanNamespace = uuid.MustParse("b2e1c7a4-8d35-4f0e-a6c9-51d47f3b9e08")

// TellScan sends a message about a package to its order's workflow, under an id made of what the
// message is: however often it is sent, the workflow gets it once. The error is a saga.ErrNotFound if
// no such workflow is running, and a saga.ErrNeverTaken if it has received too many messages.
func (c *Client) TellScan(ctx context.Context, orderID string, s saga.Scan) error {
	said := strings.Join([]string{s.PackageID, s.Carrier, s.TrackingNumber, s.Event.ID, strconv.FormatBool(s.Assigned)}, "\x00")
	return c.signalTo(ctx, saga.OrderWorkflowID(orderID), saga.ScanSignal, uuid.NewSHA1(scanNamespace, []byte(said)).String(), s)
}

// signalTo sends a message to a running workflow. Temporal drops those whose id its run has had.
func (c *Client) signalTo(ctx context.Context, workflowID, name, id string, arg any) error {
	input, err := converter.GetDefaultDataConverter().ToPayloads(arg)
	if err != nil {
		return fmt.Errorf("encode the message: %w", err)
	}
	request := &workflowservice.SignalWorkflowExecutionRequest{
		Namespace:         c.namespace,
		WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflowID},
		SignalName:        name, Input: input, Identity: "gateway", RequestId: id,
	}
	for try := range signalTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return typed(err)
			case <-time.After(signalPause << try):
			}
		}
		if _, err = c.temporal.WorkflowService().SignalWorkflowExecution(ctx, request); !passes(err) {
			return typed(err)
		}
	}
	return typed(err)
}

// passes reports whether Temporal may accept later what it didn't accept now.
func passes(err error) bool {
	var (
		away *serviceerror.Unavailable
		busy *serviceerror.ResourceExhausted
	)
	return errors.As(err, &away) || errors.As(err, &busy)
}
