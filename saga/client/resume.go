package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	common "go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	sdk "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/saga"
)

const (
	// resumeTimeout bounds reading a terminated workflow, whose history may have 10 MB, and starting
	// its successor.
	resumeTimeout = 2 * time.Minute
	// maxInput bounds what a resumed order starts with, in bytes: a little less than Temporal's 2 MiB
	// for the input of a workflow.
	maxInput = 2<<20 - 64<<10
)

// Resume starts a new run of a paid order whose workflow was terminated, from the state that the workflow
// left. It returns that state. The error is a saga.ErrNotResumable if the order needs no new run, or
// can't have one. Any other error may come after the run was started, and then says so.
func (c *Client) Resume(ctx context.Context, orderID string) (order.Order, error) {
	ctx, cancel := context.WithTimeout(ctx, resumeTimeout)
	defer cancel()
	runID, err := c.terminatedRun(ctx, orderID)
	if err != nil {
		return order.Order{}, err
	}
	p, unread, began, err := c.received(ctx, orderID, runID)
	if err != nil {
		return order.Order{}, err
	}
	var o order.Order
	var payments map[string]order.Attempt
	switch {
	case began:
		o, payments, err = c.leftBehind(ctx, orderID)
	case p.Resumed != nil: // what it would have started with
		o, payments = p.Resumed.Order, p.Resumed.Payments
	default:
		err = fmt.Errorf("%w: its workflow was terminated before it began, place the order again", saga.ErrNotResumable)
	}
	if err != nil {
		return order.Order{}, err
	}
	p.Saga = order.SagaVersion
	p.Resumed = &order.Resumed{Order: o, Payments: payments}
	p.Quote = nil // the order has its prices
	fit, rest, err := fitting(p, unhandled(unread, &o, payments))
	if err != nil {
		return order.Order{}, err
	}
	p.Resumed.Unread = fit
	_, err = c.temporal.ExecuteWorkflow(ctx, sdk.StartWorkflowOptions{
		ID: saga.OrderWorkflowID(orderID), TaskQueue: saga.TaskQueue,
		WorkflowIDConflictPolicy:                 enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		Memo:                                     resumedMemo(p, &o),
		TypedSearchAttributes:                    resumedAttributes(p, o.Status),
		StaticSummary:                            saga.OrderSummary(p),
	}, saga.OrderType, p)
	if _, started := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); started {
		return order.Order{}, fmt.Errorf("%w: it was resumed in the meantime", saga.ErrNotResumable)
	}
	if err != nil {
		return order.Order{}, fmt.Errorf("resume order %s: %w", orderID, typed(err))
	}
	return o, c.tellRest(ctx, orderID, rest)
}

// tellRest tells the new run the scans that didn't fit into its input.
func (c *Client) tellRest(ctx context.Context, orderID string, rest []saga.Scan) error {
	var last error
	failed := 0
	for _, s := range rest {
		if err := c.TellScan(ctx, orderID, s); err != nil {
			failed, last = failed+1, err
		}
	}
	if failed == 0 {
		return nil
	}
	return fmt.Errorf("order %s continues, but %d of its scans could not be passed on, report those that it lacks again: %w", orderID, failed, last)
}

// resumedMemo is what the order had.
func resumedMemo(p order.Placement, o *order.Order) map[string]any {
	if !o.ErasedAt.IsZero() {
		return map[string]any{saga.ErasedMemo: o.ErasedAt}
	}
	return map[string]any{saga.FingerprintMemo: p.Fingerprint}
}

// resumedAttributes are those that the order had.
func resumedAttributes(p order.Placement, s order.Status) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(saga.StartAttributes(p).Copy(), saga.OrderStatus.ValueSet(saga.ListedStatus(s)))
}

// terminatedRun returns the run id of the order's workflow, which must have been terminated.
func (c *Client) terminatedRun(ctx context.Context, orderID string) (string, error) {
	id := saga.OrderWorkflowID(orderID)
	d, err := c.temporal.DescribeWorkflowExecution(ctx, id, "")
	switch {
	case isNotFound(err):
		return "", fmt.Errorf("%w: Temporal has no workflow of order %s", saga.ErrUnknownOrder, orderID)
	case err != nil:
		return "", fmt.Errorf("describe workflow %s: %w", id, err)
	}
	info := d.GetWorkflowExecutionInfo()
	switch status := info.GetStatus(); {
	case isRunning(status):
		return "", fmt.Errorf("%w: its workflow is running", saga.ErrNotResumable)
	case status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return "", fmt.Errorf("%w: its workflow was not terminated, the order is closed", saga.ErrNotResumable)
	}
	return info.GetExecution().GetRunId(), nil
}

// leftBehind asks the terminated workflow for its order and payments.
func (c *Client) leftBehind(ctx context.Context, orderID string) (order.Order, map[string]order.Attempt, error) {
	o, err := c.Order(ctx, orderID)
	switch {
	case err != nil:
		return o, nil, err
	case o.Closed():
		return o, nil, fmt.Errorf("%w: it is closed as %s", saga.ErrNotResumable, o.Status)
	case !o.Status.TookPayment():
		return o, nil, fmt.Errorf("%w: it isn't paid but %s, the sweeper closes it", saga.ErrNotResumable, o.Status)
	}
	payments, err := c.Payments(ctx, orderID)
	return o, payments, err
}

// received reads the placement that a run started with, all messages that it received, and whether it began:
// one that no worker took can't be asked anything.
func (c *Client) received(ctx context.Context, orderID, runID string) (p order.Placement, all []order.Message, began bool, err error) {
	id := saga.OrderWorkflowID(orderID)
	var earlier []order.Message
	accepted := map[string]int{}
	for it := c.temporal.GetWorkflowHistory(ctx, id, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); it.HasNext(); {
		e, err := it.Next()
		if err != nil {
			return p, nil, false, fmt.Errorf("read the history of workflow %s: %w", id, err)
		}
		switch a := e.GetAttributes().(type) {
		case *historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes:
			input := a.WorkflowExecutionStartedEventAttributes.GetInput()
			if err := converter.GetDefaultDataConverter().FromPayloads(input, &p); err != nil {
				return p, nil, false, fmt.Errorf("read the placement of order %s: %w", orderID, err)
			}
		case *historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes:
			began = true
		case *historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes:
			s := a.WorkflowExecutionSignaledEventAttributes
			all = append(all, message(s.GetSignalName(), s.GetInput()))
		case *historypb.HistoryEvent_WorkflowExecutionUpdateAcceptedEventAttributes:
			u := a.WorkflowExecutionUpdateAcceptedEventAttributes
			asked := u.GetAcceptedRequest()
			accepted[asked.GetMeta().GetUpdateId()] = len(all)
			input := asked.GetInput()
			all = append(all, message(input.GetName(), input.GetArgs()))
		case *historypb.HistoryEvent_WorkflowExecutionUpdateCompletedEventAttributes:
			done := a.WorkflowExecutionUpdateCompletedEventAttributes.GetMeta().GetUpdateId()
			if i, ok := accepted[done]; ok {
				all[i].Body = nil
			}
		}
	}
	if p.Resumed != nil {
		earlier = p.Resumed.Unread
	}
	if p.Resumed != nil && p.Resumed.Erased == nil && began { // one that goes on erased took over no requests
		var unserved []order.Message
		if err := c.ask(ctx, id, saga.UnservedQuery, &unserved, saga.ErrUnknownOrder); err != nil {
			return p, nil, began, err
		}
		earlier = append(signals(earlier), unserved...)
	}
	all = append(earlier, all...)
	return p, slices.DeleteFunc(all, func(m order.Message) bool { return m.Body == nil }), began, nil
}

// signals are the messages that may be repeated after later ones. Which requests a run took over and didn't
// handle, only the run itself knows.
func signals(all []order.Message) []order.Message {
	return slices.DeleteFunc(all, func(m order.Message) bool {
		return m.Name != saga.PaymentSignal && m.Name != saga.ScanSignal
	})
}

// message is one that Temporal stored: a single argument in JSON.
func message(name string, args *common.Payloads) order.Message {
	if len(args.GetPayloads()) != 1 {
		return order.Message{}
	}
	return order.Message{Name: name, Body: args.GetPayloads()[0].GetData()}
}

// unhandled drops the signals that the order shows to have handled, and those that don't matter to a
// paid order.
func unhandled(all []order.Message, o *order.Order, payments map[string]order.Attempt) []order.Message {
	return slices.DeleteFunc(all, func(m order.Message) bool {
		switch m.Name {
		case saga.PaymentSignal:
			var e order.PaymentEvent
			return json.Unmarshal(m.Body, &e) != nil || e.Type != order.PaymentSucceeded || payments[e.Key()].Type == order.PaymentSucceeded
		case saga.ScanSignal:
			var s saga.Scan
			if json.Unmarshal(m.Body, &s) != nil {
				return true
			}
			if o.Fulfilment == nil {
				return false
			}
			p := o.Package(s.PackageID)
			return p != nil && p.Knows(s.Event.ID)
		case saga.DelistedSignal, saga.PlaceUpdate, saga.PayUpdate:
			return true
		}
		return false
	})
}

// fitting returns the messages that fit into the new run's input, and the scans that don't. All payments and
// requests have to fit, and then the latest scans do.
func fitting(p order.Placement, all []order.Message) (fit []order.Message, rest []saga.Scan, err error) {
	sizes := make([]int, len(all))
	room := maxInput - sizeOf(p)
	for i, m := range all {
		sizes[i] = sizeOf(m) + len(",")
		if m.Name != saga.ScanSignal {
			room -= sizes[i]
		}
	}
	if room < 0 {
		return nil, nil, fmt.Errorf("%w: its document, and the payments and requests that its workflow had not handled, don't fit into "+
			"the %d bytes that a new workflow can start with: %d are too many", saga.ErrNotResumable, maxInput, -room)
	}
	first := 0 // of the scans that fit
	for i := len(all) - 1; i >= 0 && first == 0; i-- {
		if all[i].Name == saga.ScanSignal {
			if room -= sizes[i]; room < 0 {
				first = i + 1
			}
		}
	}
	for i, m := range all {
		var s saga.Scan
		if m.Name == saga.ScanSignal && i < first && json.Unmarshal(m.Body, &s) == nil {
			rest = append(rest, s)
		} else {
			fit = append(fit, m)
		}
	}
	return fit, rest, nil
}

// sizeOf returns how many bytes v takes in a workflow's input.
func sizeOf(v any) int {
	doc, err := json.Marshal(v)
	if err != nil { // it was decoded from JSON
		panic("a message that Temporal stored can't be encoded: " + err.Error())
	}
	return len(doc)
}
