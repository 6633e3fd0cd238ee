package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	common "go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	update "go.temporal.io/api/update/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"holdfast/order"
	"holdfast/saga"
	"holdfast/saga/client"
)

// terminated is a Temporal in which a paid order's workflow was terminated.
type terminated struct {
	*testing.T
	*signalled
	placement order.Placement
	events    []*historypb.HistoryEvent
	unserved  []order.Message
	started   *order.Placement
	unbegun   bool
}

func openTerminated(t *testing.T) *terminated {
	t.Helper()
	return &terminated{T: t, signalled: &signalled{}, placement: order.Placement{OrderID: "o-1", Saga: order.SagaVersion}}
}

func (w *terminated) payloads(v any) *common.Payloads {
	w.Helper()
	p, err := converter.GetDefaultDataConverter().ToPayloads(v)
	require.NoError(w, err)
	return p
}

func (w *terminated) tells(name string, said any) {
	w.events = append(w.events, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionSignaledEventAttributes{
		WorkflowExecutionSignaledEventAttributes: &historypb.WorkflowExecutionSignaledEventAttributes{SignalName: name, Input: w.payloads(said)},
	}})
}

func (w *terminated) asks(name string, arg any) {
	w.events = append(w.events, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionUpdateAcceptedEventAttributes{
		WorkflowExecutionUpdateAcceptedEventAttributes: &historypb.WorkflowExecutionUpdateAcceptedEventAttributes{AcceptedRequest: &update.Request{
			Meta: &update.Meta{UpdateId: fmt.Sprint(len(w.events))}, Input: &update.Input{Name: name, Args: w.payloads(arg)},
		}},
	}})
}

func (w *terminated) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflow.WorkflowExecutionInfo{
		Execution: &common.WorkflowExecution{RunId: "run"}, Status: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, HistoryLength: 100,
	}}, nil
}

func (w *terminated) QueryWorkflow(_ context.Context, _, _, query string, _ ...any) (converter.EncodedValue, error) {
	if w.unbegun {
		return nil, serviceerror.NewWorkflowNotReady("no worker took it")
	}
	var answer any
	switch query {
	case saga.OrderQuery:
		answer = order.Order{ID: "o-1", Status: order.StatusAwaitingShipment, Fulfilment: &order.Fulfilment{}}
	case saga.PaymentsQuery:
		answer = map[string]order.Attempt{}
	case saga.UnservedQuery:
		answer = w.unserved
	}
	return sdk.NewValue(w.payloads(answer)), nil
}

func (w *terminated) GetWorkflowHistory(context.Context, string, string, bool, enums.HistoryEventFilterType) sdk.HistoryEventIterator {
	start := &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
		WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{Input: w.payloads(w.placement)},
	}}
	all := []*historypb.HistoryEvent{start}
	if !w.unbegun {
		all = append(all, &historypb.HistoryEvent{Attributes: &historypb.HistoryEvent_WorkflowTaskCompletedEventAttributes{}})
	}
	return &history{append(all, w.events...)}
}

func (w *terminated) ExecuteWorkflow(_ context.Context, _ sdk.StartWorkflowOptions, _ any, args ...any) (sdk.WorkflowRun, error) {
	p, _ := args[0].(order.Placement)
	w.started = &p
	require.Less(w, len(w.payloads(p).GetPayloads()[0].GetData()), 2<<20, "Temporal's limit")
	return delivered{}, nil
}

type history struct{ events []*historypb.HistoryEvent }

func (h *history) HasNext() bool { return len(h.events) > 0 }

func (h *history) Next() (*historypb.HistoryEvent, error) {
	e := h.events[0]
	h.events = h.events[1:]
	return e, nil
}

func (w *terminated) unread(name string) (n int) {
	for _, m := range w.started.Resumed.Unread {
		if m.Name == name {
			n++
		}
	}
	return n
}

func (w *terminated) scan(id string) saga.Scan {
	return saga.Scan{PackageID: "p", Event: order.PackageEvent{
		ID: id, Node: order.NodeInTransit, OccurredAt: time.Unix(1, 0), Detail: strings.Repeat("x", 1000),
	}}
}

func pays(id string) order.PaymentEvent {
	return order.PaymentEvent{Type: order.PaymentSucceeded, Provider: "sandbox", PaymentID: id, Amount: 100, Currency: "EUR"}
}

func TestNoNewsIsLostWhateverTheTerminatedRunLeft(t *testing.T) {
	w := openTerminated(t)
	w.tells(saga.PaymentSignal, pays("two"))
	w.asks(saga.PackUpdate, saga.PackRequest{Package: order.Package{ID: "p"}})
	const scans = 3000
	for i := range scans {
		w.tells(saga.ScanSignal, w.scan(fmt.Sprint("e", i)))
	}
	_, err := client.New(w, "").Resume(t.Context(), "o-1")
	require.NoError(t, err)
	require.Equal(t, 1, w.unread(saga.PaymentSignal), "money may not be kept")
	require.Equal(t, 1, w.unread(saga.PackUpdate))
	taken := w.started.Resumed.Unread
	require.Greater(t, len(taken), 1000)
	var newest saga.Scan
	require.NoError(t, json.Unmarshal(taken[len(taken)-1].Body, &newest))
	require.Equal(t, "e2999", newest.Event.ID)
	told := map[string]bool{}
	for _, r := range w.got {
		var sc saga.Scan
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(r.GetInput(), &sc))
		told[sc.Event.ID] = true
	}
	require.True(t, told["e0"], "what doesn't fit is told to the new run")
	require.Len(t, told, scans-w.unread(saga.ScanSignal))
}

func TestAnOrderWithMoreBegunRequestsThanFitIsNotResumed(t *testing.T) {
	w := openTerminated(t)
	for range 10 {
		w.asks(saga.HoldUpdate, saga.HoldRequest{Note: strings.Repeat("x", 300<<10)})
	}
	_, err := client.New(w, "").Resume(t.Context(), "o-1")
	require.ErrorIs(t, err, saga.ErrNotResumable)
	require.ErrorContains(t, err, "don't fit")
	require.Nil(t, w.started)
}

func TestARunThatIsTerminatedAgainPassesOnWhatItHadNotHandled(t *testing.T) {
	w := openTerminated(t)
	message := func(name string, said any) order.Message {
		body, err := json.Marshal(said)
		require.NoError(t, err)
		return order.Message{Name: name, Body: body}
	}
	handled := message(saga.AddressUpdate, saga.AddressRequest{Actor: "eva"})
	begun := message(saga.CancelUnitsUpdate, saga.CancelUnitsRequest{ID: "c"})
	paid, scanned := message(saga.PaymentSignal, pays("two")), message(saga.ScanSignal, w.scan("e"))
	w.placement.Resumed = &order.Resumed{Unread: []order.Message{handled, paid, begun, scanned}}
	w.unserved = []order.Message{begun}
	w.asks(saga.ReleaseUpdate, saga.HoldRequest{Actor: "eva"})
	_, err := client.New(w, "").Resume(t.Context(), "o-1")
	require.NoError(t, err)
	names := []string{}
	for _, m := range w.started.Resumed.Unread {
		names = append(names, m.Name)
	}
	require.ElementsMatch(t, []string{saga.PaymentSignal, saga.ScanSignal, saga.CancelUnitsUpdate, saga.ReleaseUpdate}, names)
	require.Less(t, strings.Index(fmt.Sprint(names), saga.CancelUnitsUpdate), strings.Index(fmt.Sprint(names), saga.ReleaseUpdate))
}

func TestAScanThatCannotBeToldToTheNewRunIsReported(t *testing.T) {
	w := openTerminated(t)
	for i := range 3000 {
		w.tells(saga.ScanSignal, w.scan(fmt.Sprint("e", i)))
	}
	w.answers = []error{context.DeadlineExceeded}
	_, err := client.New(w, "").Resume(t.Context(), "o-1")
	require.ErrorContains(t, err, "continues")
	require.ErrorContains(t, err, "1 of its scans")
	require.NotNil(t, w.started)
}

func TestARunThatIsTerminatedBeforeItBeganPassesOnAllThatItHad(t *testing.T) {
	w := openTerminated(t)
	w.unbegun = true
	_, err := client.New(w, "").Resume(t.Context(), "o-1")
	require.ErrorContains(t, err, "before it began")
	begun := order.Message{Name: saga.CancelUnitsUpdate, Body: []byte(`{"id":"c"}`)}
	o := order.Order{ID: "o-1", Status: order.StatusAwaitingShipment, Version: 7, Fulfilment: &order.Fulfilment{}}
	w.placement.Resumed = &order.Resumed{Order: o, Unread: []order.Message{begun}}
	w.tells(saga.PaymentSignal, pays("two"))
	_, err = client.New(w, "").Resume(t.Context(), "o-1")
	require.NoError(t, err)
	require.Equal(t, int64(7), w.started.Resumed.Order.Version)
	require.Equal(t, 1, w.unread(saga.CancelUnitsUpdate))
	require.Equal(t, 1, w.unread(saga.PaymentSignal))
}
