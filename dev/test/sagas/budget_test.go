package sagas

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"holdfast/order"
	"holdfast/saga"
)

// What an order may cost: events fill the server's store, actions are billed.
const (
	paidEvents, paidActions = 17, 7
	deliveredEvents         = 32
	// packageEvents are those of an order that is delivered in one package, with four messages.
	packageEvents = 50
	// providerEvents are those of an order that is paid through a provider.
	providerEvents = 26
)

func TestAnOrderPaidThroughAProviderKeepsToItsBudget(t *testing.T) {
	w := open(t)
	w.work()
	id := w.offer(500)
	p := placement(15*time.Minute, id)
	w.Equal(order.StatusAwaitingPayment, w.place(p).Status)
	payment := w.opens(p.OrderID)
	w.Equal(payment, w.opens(p.OrderID), "asked again, there is no new event")
	w.pay(p.OrderID, payment, 1000)
	w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	workflowID := saga.OrderWorkflowID(p.OrderID)
	w.until("paid on the search attribute", func() bool {
		events := w.history(workflowID)
		return events[len(events)-1].GetEventType() == enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
	})
	events := w.history(workflowID)
	w.LessOrEqual(len(events), providerEvents, names(events))
	t.Logf("paid through a provider: %d events, %d actions", len(events), actions(events))
	w.Equal("sandbox", w.order(p.OrderID).Payment.Provider)
}

func TestOrderKeepsToItsBudget(t *testing.T) {
	w := open(t)
	w.work()
	id := w.offer(500)
	p := placement(15*time.Minute, id)
	w.Equal(order.StatusAwaitingPayment, w.place(p).Status)
	w.pay(p.OrderID, "pay-"+p.OrderID, 1000)
	w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	workflowID := saga.OrderWorkflowID(p.OrderID)
	w.until("paid on the search attribute", func() bool {
		events := w.history(workflowID)
		return events[len(events)-1].GetEventType() == enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
	})
	events := w.history(workflowID)
	w.LessOrEqual(len(events), paidEvents, names(events))
	w.LessOrEqual(actions(events), paidActions, names(events))
	t.Logf("paid: %d events, %d actions", len(events), actions(events))

	w.deliver(p.OrderID)
	w.Equal(order.StatusDelivered, w.ended(p.OrderID).Status)
	events = w.history(workflowID)
	w.LessOrEqual(len(events), deliveredEvents, names(events))
	t.Logf("delivered: %d events, %d actions", len(events), actions(events))
	w.balances(id, 2)
}

// billed are the events that each cost an action.
var billed = map[enums.EventType]bool{
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:               true,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:       true,
	enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED:              true,
	enums.EVENT_TYPE_TIMER_STARTED:                            true,
	enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:        true,
	enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:                  true,
	enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED: true,
}

// actions counts what Temporal Cloud bills: the start, each update, signal, timer, upsert
// and activity, and one for each task that ran local activities.
func actions(events []*historypb.HistoryEvent) int {
	n := 0
	tasks := map[int64]bool{}
	for _, e := range events {
		if billed[e.GetEventType()] {
			n++
		}
		if m := e.GetMarkerRecordedEventAttributes(); m != nil {
			tasks[m.GetWorkflowTaskCompletedEventId()] = true
		}
	}
	return n + len(tasks)
}

func names(events []*historypb.HistoryEvent) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "\n%3d %s", e.GetEventId(), e.GetEventType())
	}
	return b.String()
}
