package sagas

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"google.golang.org/protobuf/proto"

	"holdfast/order"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
)

// person is who placed the orders of these tests.
const person = "Ada Lovelace"

func (w *world) personal(p order.Placement) order.Placement {
	p.Address = &order.Address{Recipient: person, Line1: "1 Harbour Street", City: "London", Country: "GB"}
	p.Metadata, p.ExternalReference = map[string]string{"gift": "for " + person}, person
	return p
}

// erases erases an order's document, as an erasure does once it has waited long enough, and has its
// workflow go on. It returns the runs that know the person.
func (w *world) erases(orderID string) (runs []saga.OrderRun) {
	w.Helper()
	sagas := sagaclient.New(w.temporal, "default")
	at := time.Now().UTC().Truncate(time.Millisecond)
	w.until("the document is erased", func() bool {
		st, err := w.docs.ReadMany(w.Context(), []string{orderID})
		w.NoError(err)
		o, err := st[0].Order()
		w.NoError(err)
		o.Erase(at)
		done, err := w.docs.Erase(w.Context(), &o, st[0], 0)
		w.NoError(err)
		return done
	})
	w.until("the workflow goes on without the person", func() bool {
		run := saga.OrderRun{OrderID: orderID, RunID: w.runOf(orderID)}
		done, err := sagas.EraseOrder(w.Context(), orderID, true, at)
		if err == nil && done && run.RunID == w.runOf(orderID) {
			return true
		}
		if !slices.Contains(runs, run) { // busy, or told
			runs = append(runs, run)
		}
		return false
	})
	return slices.DeleteFunc(runs, func(r saga.OrderRun) bool { return r.RunID == w.runOf(orderID) })
}

func (w *world) runOf(orderID string) string {
	w.Helper()
	d, err := w.temporal.DescribeWorkflowExecution(w.Context(), saga.OrderWorkflowID(orderID), "")
	w.NoError(err)
	return d.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

// knowsNobody requires that what Temporal and Redis have of a workflow and its order says nothing of the
// person.
func (w *world) knowsNobody(workflowID, orderID string) {
	w.Helper()
	d, err := w.temporal.DescribeWorkflowExecution(w.Context(), workflowID, "")
	w.NoError(err)
	text, err := proto.Marshal(d)
	w.NoError(err)
	w.NotContains(string(text), person)
	for _, e := range w.history(workflowID) {
		text, err := proto.Marshal(e)
		w.NoError(err)
		w.NotContains(string(text), person, e.GetEventType())
	}
	st, err := w.docs.ReadMany(w.Context(), []string{orderID})
	w.NoError(err)
	w.NotContains(string(st[0].Doc), person)
	w.NotContains(fmt.Sprintf("%s", st[0].Payments), person)
}

// An order that is erased while it is open keeps everything but its person: parcels go on, money and stock
// too.
func TestAnErasedOrderGoesOnWithoutItsPerson(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "erased-"
	}
	w.work()
	p := w.personal(w.placement(time.Hour, w.offer(500), w.offer(300)))
	p.ReturnWindow = 3 * time.Second
	w.start(p)
	w.paid(p.OrderID, 1600)
	w.pay(p.OrderID, "two-"+p.OrderID, 1600)
	w.refunded(p.OrderID, "two-"+p.OrderID, order.RefundDouble)
	w.packs(p.OrderID, "a", of("1", 2))
	w.scans(p.OrderID, "a", order.NodeInTransit)
	w.Equal(saga.VerdictDone, w.ask(p.OrderID, saga.AddressUpdate, saga.AddressRequest{
		Address: order.Address{Recipient: person, Line1: "2 Harbour Street", City: "London", Country: "GB"}, Actor: "support", Note: person,
	}).Verdict)
	before := w.order(p.OrderID)
	w.Equal(person, before.Address.Recipient)
	runs := w.erases(p.OrderID)
	w.Len(runs, 1)
	w.until("it is recorded", func() bool { return w.order(p.OrderID).Version > before.Version })

	o := w.order(p.OrderID)
	w.Equal(before.Packages[0].Events, o.Packages[0].Events)
	w.Equal(before.PlacedAt, o.PlacedAt)
	w.Equal(before.Payment, o.Payment)
	w.Equal(order.RuleErased, o.Alerts[0].Rule, "what isn't packed can't be sent")
	w.Equal(saga.VerdictErased, w.ask(p.OrderID, saga.AddressUpdate, saga.AddressRequest{Address: order.Address{
		Recipient: person, Line1: "3", City: "London", Country: "GB",
	}, Actor: "support"}).Verdict)
	w.scans(p.OrderID, "a", order.NodeDelivered)
	w.pay(p.OrderID, "three-"+p.OrderID, 1600)
	w.refunded(p.OrderID, "three-"+p.OrderID, order.RefundDouble)
	w.Equal(saga.VerdictDone, w.ask(p.OrderID, saga.CancelUnitsUpdate, cancelling(p.OrderID, "c", of("2", 2))).Verdict)
	w.documentIs(p.OrderID, order.StatusDelivered)
	w.Equal(saga.VerdictDone, w.ask(p.OrderID, saga.OpenReturnUpdate, returning(p.OrderID, "r", of("1", 1))).Verdict)
	w.Equal(saga.VerdictDone, w.ask(p.OrderID, saga.ReceiveReturnUpdate, receiving(p.OrderID, "r", of("1", 1))).Verdict)
	w.Equal(order.StatusDelivered, w.ended(p.OrderID).Status)
	w.balances(p.Lines[0].ProductID, 1)
	w.balances(p.Lines[1].ProductID, 0)
	w.replaysRun("erased-before", saga.OrderWorkflowID(p.OrderID), runs[0].RunID)
	w.replays("erased-after", saga.OrderWorkflowID(p.OrderID))
	gone, err := sagaclient.New(w.temporal, "default").DeleteOrderRun(w.Context(), runs[0])
	w.NoError(err)
	w.False(gone)
	w.knowsNobody(saga.OrderWorkflowID(p.OrderID), p.OrderID)
}

// Nothing that arrives while the workflow goes on is lost or done twice.
func TestMessagesWhileAnErasedOrderGoesOn(t *testing.T) {
	w := open(t)
	w.work()
	const each = 6
	p := w.personal(w.placement(time.Hour, w.offer(500)))
	p.Lines[0].Quantity = units
	p.ReturnWindow = time.Hour
	w.start(p)
	w.paid(p.OrderID, 500*units)
	w.packs(p.OrderID, "a", of("1", 1))
	sagas := sagaclient.New(w.temporal, "default")
	var group sync.WaitGroup
	begun := make(chan struct{}, each)
	for i := range each {
		group.Go(func() {
			begun <- struct{}{}
			w.until("the units are cancelled", func() bool { // as a caller does that got no answer
				a, err := sagas.CancelUnits(w.Context(), p.OrderID, cancelling(p.OrderID, fmt.Sprint(i), of("1", 1)))
				return err == nil && a.Verdict == saga.VerdictDone
			})
		})
		group.Go(func() {
			w.until("the scan is told", func() bool {
				return sagas.TellScan(w.Context(), p.OrderID, saga.Scan{
					PackageID: saga.PackageID(p.OrderID, "a"),
					Event: order.PackageEvent{
						ID: fmt.Sprint("scan-", i), Node: order.NodeInTransit, OccurredAt: time.Now(), RecordedAt: time.Now(), Actor: "carrier:sandbox",
					},
				}) == nil
			})
		})
		group.Go(func() { w.pay(p.OrderID, fmt.Sprint("extra-", i, "-", p.OrderID), 500*units) })
	}
	for range each {
		<-begun
	}
	runs := w.erases(p.OrderID)
	group.Wait()
	w.Len(runs, 1)
	w.until("everything is taken", func() bool {
		o := w.order(p.OrderID)
		return len(o.Packages[0].Events) == each && o.Lines[0].Removed == each
	})
	for i := range each {
		w.refunded(p.OrderID, fmt.Sprint("extra-", i, "-", p.OrderID), order.RefundDouble)
	}
	w.Len(w.order(p.OrderID).Removals, each)
	w.balances(p.Lines[0].ProductID, units-each)
	w.knowsNobody(saga.OrderWorkflowID(p.OrderID), p.OrderID)
	w.terminate(p.OrderID)
}

// An unpaid order that can't end because its provider doesn't answer is erased, too. Whatever the
// provider says then, the order ends as it would have.
func TestAnUnpaidOrderIsErasedWhileItsProviderIsAway(t *testing.T) {
	for name, c := range map[string]struct {
		pays bool
		want order.Status
	}{
		"it is not paid":       {false, order.StatusCancelled},
		"it is paid after all": {true, order.StatusCancelled}, // and cancelled, as was asked for
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			if *record {
				w.fixed = "erased-unpaid-" + fmt.Sprint(c.pays) + "-"
			}
			silent, lift := silence()
			w.Cleanup(lift)
			w.desk().at(cancelCall, silent)
			w.work()
			p := w.personal(w.placement(time.Hour, w.offer(500)))
			w.halves(&p)
			w.place(p)
			payment := w.opens(p.OrderID)
			w.send(p.OrderID, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonCustomer, Actor: "customer:customer-1", Note: person})
			w.notes(p.OrderID, "payment_unresolved")
			runs := w.erases(p.OrderID)
			w.until("the provider is asked again", func() bool { return w.endsPayments(p.OrderID) })
			w.Equal(saga.VerdictEnding, w.asksToPay(p.OrderID).Verdict)
			if c.pays {
				w.chooses(payment, "pay")
				w.pay(p.OrderID, payment, w.order(p.OrderID).Amounts[order.AmountTotal])
			}
			lift()
			w.Equal(c.want, w.ended(p.OrderID).Status)
			w.balances(p.Lines[0].ProductID, 0)
			w.Equal(usesFor(order.StatusCancelled, c.pays), w.usesOf(p.OrderID), "the coupon's use goes back")
			suffix := map[bool]string{true: "-paid", false: ""}[c.pays]
			w.replaysRun("erased-unpaid-before"+suffix, saga.OrderWorkflowID(p.OrderID), runs[0].RunID)
			w.replays("erased-unpaid-after"+suffix, saga.OrderWorkflowID(p.OrderID))
			w.knowsNobody(saga.OrderWorkflowID(p.OrderID), p.OrderID)
		})
	}
}

// A terminated workflow that knows the person is needed until the order goes on.
func TestATerminatedOrderIsResumedToBeErased(t *testing.T) {
	w := open(t)
	w.work()
	p := w.personal(w.placement(time.Hour, w.offer(500)))
	w.start(p)
	w.paid(p.OrderID, 1000)
	w.terminate(p.OrderID)
	runs := w.erases(p.OrderID)
	w.Len(runs, 2, "the terminated one and the one that resumed it")
	w.packs(p.OrderID, "a", of("1", 2))
	w.terminate(p.OrderID)
	w.NoError(w.resumes(p.OrderID))
	done, err := sagaclient.New(w.temporal, "default").EraseOrder(w.Context(), p.OrderID, true, time.Now())
	w.NoError(err)
	w.True(done, "a run that resumes an erased one never knew the person")
	w.knowsNobody(saga.OrderWorkflowID(p.OrderID), p.OrderID)
	w.deliver(p.OrderID)
	w.Equal(order.StatusDelivered, w.ended(p.OrderID).Status)
	w.balances(p.Lines[0].ProductID, 2)
}

// A refund that waits for an operator, or for its provider, goes on without its note.
func TestAnOpenRefundGoesOnWithoutItsNote(t *testing.T) {
	for name, says := range map[string]*order.RefundAnswer{
		"it failed": {Status: order.RefundFailed, Detail: "the account of " + person + " is closed"}, "it is pending": {Status: order.RefundPending}, "no answer": nil,
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			name := strings.ReplaceAll(name, " ", "-")
			if *record {
				w.fixed = "erased-refund-" + name + "-"
			}
			d := w.desk()
			d.says(says)
			silent, lift := silence()
			w.Cleanup(lift)
			if says == nil {
				d.at(refundCall, silent)
			}
			w.work()
			p := w.placement(time.Hour, w.offer(800))
			w.place(p)
			payment := w.opens(p.OrderID)
			w.chooses(payment, "pay")
			w.pay(p.OrderID, payment, 1600)
			w.documentIs(p.OrderID, order.StatusAwaitingShipment)
			r := order.Refund{
				ID: order.PartRefund("sandbox", w.id("refund")), PaymentID: payment, OrderID: p.OrderID, Provider: "sandbox",
				Amount: 600, Currency: "EUR", Reason: order.RefundRequested, Status: order.RefundDue, Actor: "operator", Note: "for " + person,
			}
			id := w.asksForRefund(r)
			if says != nil {
				w.refundIs(id, says.Status)
			} else {
				w.until("the provider is asked", func() bool { return len(w.history(id)) > 10 })
			}
			w.erases(p.OrderID)
			sagas := sagaclient.New(w.temporal, "default")
			first, err := w.temporal.DescribeWorkflowExecution(w.Context(), id, "")
			w.NoError(err)
			at := time.Now()
			w.until("the refund goes on", func() bool {
				lift()
				now, err := w.temporal.DescribeWorkflowExecution(w.Context(), id, "")
				w.NoError(err)
				if now.GetWorkflowExecutionInfo().GetExecution().GetRunId() != first.GetWorkflowExecutionInfo().GetExecution().GetRunId() {
					return true
				}
				_, err = sagas.EraseRefund(w.Context(), saga.RefundID{PaymentID: payment, RefundID: r.ID}, at)
				w.NoError(err)
				return says == nil && w.refundStatus(id) == order.RefundPaid
			})
			if says == nil { // it was paid before it could go on, and is simply deleted
				return
			}
			w.replaysRun("erased-refund-"+name, id, first.GetWorkflowExecutionInfo().GetExecution().GetRunId())
			w.knowsNobody(id, p.OrderID)
			done, err := sagas.EraseRefund(w.Context(), saga.RefundID{PaymentID: payment, RefundID: r.ID}, at)
			w.NoError(err)
			w.True(done)
			d.says(nil)
			if says.Status == order.RefundFailed {
				w.decides(id, saga.Decision{Choice: saga.ChoiceRefund, Actor: "operator"})
				w.Equal(order.RefundPaid, w.refundEnds(id).Status)
				w.replays("erased-refund-after", id)
			}
			w.knowsNobody(id, p.OrderID)
			w.terminate(p.OrderID)
			w.NoError(w.resumes(p.OrderID))
			w.deliver(p.OrderID)
		})
	}
}

func (w *world) refundStatus(workflowID string) order.RefundStatus {
	w.Helper()
	v, err := w.temporal.QueryWorkflow(w.Context(), workflowID, "", saga.RefundQuery)
	w.NoError(err)
	var r order.Refund
	w.NoError(v.Get(&r))
	return r.Status
}

// An erasure looks at the orders at once, and again when it is asked for once more.
func TestAnErasureIsWokenByTheNextRequest(t *testing.T) {
	w := open(t)
	if *record {
		w.fixed = "erasure-"
	}
	w.work()
	p := w.personal(w.placement(time.Hour, w.offer(500)))
	p.CustomerID = w.id("customer")
	w.place(p)
	sagas := sagaclient.New(w.temporal, "default")
	id := saga.ErasureWorkflowID(p.CustomerID)
	looks := func(n int) func() bool {
		return func() bool {
			timers := 0
			for _, e := range w.history(id) {
				if e.GetEventType() == enums.EVENT_TYPE_TIMER_STARTED {
					timers++
				}
			}
			return timers == n
		}
	}
	since := time.Now()
	w.NoError(sagas.StartErasure(w.Context(), saga.Erasure{CustomerID: p.CustomerID, Before: since}))
	w.until("it waits for the order", looks(1))
	cancels(w, p.OrderID)
	w.Equal(order.StatusCancelled, w.ended(p.OrderID).Status)
	w.until("the lists have it", func() bool {
		for run, err := range sagas.OrderRuns(w.Context(), p.CustomerID, time.Now()) {
			return err == nil && run.OrderID == p.OrderID
		}
		return false
	})
	w.NoError(sagas.StartErasure(w.Context(), saga.Erasure{CustomerID: p.CustomerID, Before: time.Now()}))
	w.until("it waits for the history", looks(2))
	w.False(w.documentIs(p.OrderID, order.StatusCancelled).ErasedAt.IsZero())
	w.replays("erasure", id)
	w.NoError(w.temporal.TerminateWorkflow(w.Context(), id, "", "the test is over"))
}
