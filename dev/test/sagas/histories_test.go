package sagas

import (
	"context"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
	"holdfast/workflows"
)

//go:generate go test -run TestHistories -record .

// record writes the histories of TestHistories where the replay tests of package workflows
// find them. It is for a new kind of history, or for one that a change was meant to break:
// those of released versions stay as they are.
var record = flag.Bool("record", false, "write the histories to workflows/testdata")

const recordedIn = "../../../workflows/testdata"

// errAway is what a Redis that can't be reached looks like to an activity.
var errAway = errors.New("connection refused")

// away fails this many calls.
func away(times int) func(context.Context) error {
	return func(context.Context) error {
		if times--; times >= 0 {
			return errAway
		}
		return nil
	}
}

// recording is one order and what happens to it.
type recording struct {
	window time.Duration
	point  failpoint
	before func(w *world, p *order.Placement)
	drive  func(w *world, p order.Placement)
	want   order.Status
	// refund is the id of the payment that is refunded; empty for none.
	refund string
}

func recordings() map[string]recording {
	nothing := func(*world, order.Placement) {}
	pays := func(w *world, p order.Placement) {
		w.documentIs(p.OrderID, order.StatusAwaitingPayment)
		w.pay(p.OrderID, "one-"+p.OrderID, 1600)
		w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	}
	delivers := func(w *world, p order.Placement) {
		pays(w, p)
		w.deliver(p.OrderID)
	}
	losesMugs := func(w *world, p order.Placement) { w.loses(p, p.Lines[1].ProductID) }
	return map[string]recording{
		"paid-and-delivered": {window: time.Hour, drive: delivers, want: order.StatusDelivered},
		"expired":            {window: 300 * time.Millisecond, drive: nothing, want: order.StatusExpired},
		"cancelled": {window: time.Hour, drive: func(w *world, p order.Placement) {
			w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			w.ask(p.OrderID, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonCustomer, Actor: "customer:customer-1"})
		}, want: order.StatusCancelled},
		"cancelled-by-temporal": {window: time.Hour, drive: func(w *world, p order.Placement) {
			w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			w.NoError(w.temporal.CancelWorkflow(w.Context(), saga.OrderWorkflowID(p.OrderID), ""))
		}, want: order.StatusCancelled},
		"delisted": {window: time.Hour, drive: func(w *world, p order.Placement) {
			w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			w.delisted(w.delist(p.Lines[0].ProductID))
		}, want: order.StatusCancelled},
		"refused": {window: time.Hour, drive: func(w *world, p order.Placement) {
			w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			w.says(p.OrderID, order.PaymentFailed, "one-"+p.OrderID, 0)
			w.says(p.OrderID, order.PaymentDeclined, "one-"+p.OrderID, 0)
		}, want: order.StatusCancelled},
		"rejected": {
			window: time.Hour, drive: nothing, want: order.StatusRejected,
			before: func(_ *world, p *order.Placement) { p.Lines[0].Quantity = units + 1 },
		},
		"contended": {
			window: time.Hour, drive: nothing, want: order.StatusRejected,
			before: func(w *world, p *order.Placement) {
				reqs := (order.Placement{OrderID: "other-" + p.OrderID, Lines: p.Lines[1:]}).HoldRequests(1, time.Now())
				reqs[0].Lines[0].Quantity = units
				holds, err := w.stock.Hold(w.Context(), reqs)
				w.NoError(err)
				w.Equal(product.HoldMade, holds[0].Outcome)
			},
		},
		"late-payment": {
			window: 300 * time.Millisecond, drive: nothing, want: order.StatusExpired, refund: "late",
			point: failpoint{command: release, call: 1},
		},
		"wrong-and-double-payment": {window: time.Hour, drive: func(w *world, p order.Placement) {
			w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			w.pay(p.OrderID, "wrong-"+p.OrderID, 1)
			pays(w, p)
			w.pay(p.OrderID, "two-"+p.OrderID, 1600)
			w.refunded(p.OrderID, "wrong-"+p.OrderID, order.RefundWrongAmount)
			w.refunded(p.OrderID, "two-"+p.OrderID, order.RefundDouble)
			w.deliver(p.OrderID)
		}, want: order.StatusDelivered},
		"lost-and-held-again": {window: time.Hour, drive: func(w *world, p order.Placement) {
			w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			losesMugs(w, p)
			delivers(w, p)
		}, want: order.StatusDelivered},
		"lost-and-no-stock": {window: time.Hour, drive: func(w *world, p order.Placement) {
			w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			w.losesForGood(p, p.Lines[1].ProductID)
			w.pay(p.OrderID, "one-"+p.OrderID, 1600)
		}, want: order.StatusCancelled, refund: "one"},
		"away-at-hold":    {window: time.Hour, drive: delivers, want: order.StatusDelivered, point: failpoint{command: hold, call: 1, do: away(4)}},
		"away-at-commit":  {window: time.Hour, drive: delivers, want: order.StatusDelivered, point: failpoint{command: commit, call: 1, do: away(4)}},
		"away-at-release": {window: 300 * time.Millisecond, drive: nothing, want: order.StatusExpired, point: failpoint{command: release, call: 1, do: away(4)}},
		"away-at-record":  {window: 300 * time.Millisecond, drive: nothing, want: order.StatusExpired, point: failpoint{command: put, call: 2, do: away(4)}},
		"unavailable":     {window: time.Second, drive: nothing, want: order.StatusRejected, point: failpoint{command: hold, call: 1, do: away(1000)}},
	}
}

// loses releases a product's units behind the order's back.
func (w *world) loses(p order.Placement, productID string) {
	w.Helper()
	_, err := w.stock.Release(w.Context(), product.Holder{OrderID: p.OrderID}, 1, []string{productID}, "swept")
	w.NoError(err)
}

// losesForGood leaves no unit that could be held again.
func (w *world) losesForGood(p order.Placement, productID string) {
	w.Helper()
	w.loses(p, productID)
	none := int64(0)
	_, err := w.stock.Adjust(w.Context(), product.Adjustment{ProductID: productID, ActionID: p.OrderID, OnHand: &none})
	w.NoError(err)
}

// Each kind of story is played on a real server, and its history can be replayed.
func TestHistories(t *testing.T) {
	all := recordings()
	maps.Copy(all, money())
	maps.Copy(all, goods())
	maps.Copy(all, couponed())
	maps.Copy(all, commanded())
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			w.desk()
			if *record {
				w.fixed = name + "-"
			}
			p := w.placement(r.window, w.offer(500), w.offer(300))
			if r.before != nil {
				r.before(w, &p)
			}
			if r.refund == "late" {
				r.point.do = meanwhile(func() { w.pay(p.OrderID, "late-"+p.OrderID, 1600) })
			}
			points := w.failpoints()
			points.set(p.OrderID, r.point)
			w.Cleanup(w.works(points, points).Stop)
			w.start(p)
			r.drive(w, p)
			w.Equal(r.want, w.ended(p.OrderID).Status)
			if p.Quote != nil && r.want != order.StatusRejected {
				w.Equal(usesFor(r.want, name == "coupon-cancelled" || name == "coupon-and-shipping-lost"), w.usesOf(p.OrderID))
			}
			if r.refund != "" {
				w.until("the refund is on record", func() bool {
					return w.payments(p.OrderID)["refund:"+r.refund+"-"+p.OrderID+"/"+order.FullRefund("sandbox", p.OrderID)] != nil
				})
			}
			w.replays(name, saga.OrderWorkflowID(p.OrderID))
		})
	}
}

// The other workflows' histories.
func TestHistoriesOfDelistAndRefund(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "delisting-"
	}
	w.work()
	id := w.offer(500)
	w.place(w.placement(time.Hour, id))
	run := w.delist(id)
	w.delisted(run)
	w.replays("delist", run.GetID())

	w.opensRefund(w.id("ghost"), w.id("payment"))
	w.refunded(w.id("ghost"), w.id("payment"), order.RefundUnknownOrder)
	w.replays("refund-case", saga.RefundWorkflowID(w.id("payment"), order.FullRefund("sandbox", w.id("ghost"))))
}

// replays runs the workflow's history against the code, and stores it on request.
func (w *world) replays(name, workflowID string) {
	w.Helper()
	w.replaysRun(name, workflowID, "")
}

// replaysRun is replays for a run that isn't the workflow's latest.
func (w *world) replaysRun(name, workflowID, runID string) {
	w.Helper()
	h := &historypb.History{Events: w.historyOf(workflowID, runID)}
	replayer := sdk.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(workflows.Order, workflow.RegisterOptions{Name: saga.OrderType})
	replayer.RegisterWorkflowWithOptions(workflows.Delist, workflow.RegisterOptions{Name: saga.DelistType})
	replayer.RegisterWorkflowWithOptions(workflows.Refund, workflow.RegisterOptions{Name: saga.RefundType})
	replayer.RegisterWorkflowWithOptions(workflows.Dispute, workflow.RegisterOptions{Name: saga.DisputeType})
	replayer.RegisterWorkflowWithOptions(workflows.Erasure, workflow.RegisterOptions{Name: saga.ErasureType})
	w.NoError(replayer.ReplayWorkflowHistory(nil, h))
	if !*record {
		return
	}
	for _, e := range h.GetEvents() {
		// A worker's own queue is named after its host.
		q := e.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue()
		if q.GetKind() == enums.TASK_QUEUE_KIND_STICKY {
			q.Name = "sticky"
		}
	}
	doc, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(h)
	w.NoError(err)
	w.NoError(os.WriteFile(filepath.Join(recordedIn, name+".json"), append(doc, '\n'), 0o600))
}
