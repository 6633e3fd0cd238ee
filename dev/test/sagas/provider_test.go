package sagas

import (
	"cmp"
	"context"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/saga"
)

// The calls of a provider that a desk can interfere with.
const (
	createCall = "create"
	cancelCall = "cancel"
	refundCall = "refund"
)

// desk wraps the sandbox: a provider that is down, slow, or refuses.
type desk struct {
	activities.Provider

	mu     sync.Mutex
	before map[string]func(context.Context) error
	// refunds is the answer to refunds, instead of paying them out.
	refunds *order.RefundAnswer
}

// desk wraps the world's provider, for the workers that start from now on.
func (w *world) desk() *desk {
	d := &desk{
		Provider: sandbox.NewProvider(nil, w.books, sandbox.Options{}), before: map[string]func(context.Context) error{},
	}
	w.provider = d
	return d
}

// at runs something before each call of a kind, from now on; its error is the provider's
// answer.
func (d *desk) at(call string, do func(context.Context) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before[call] = do
}

func (d *desk) pass(ctx context.Context, call string) error {
	d.mu.Lock()
	do := d.before[call]
	d.mu.Unlock()
	if do == nil {
		return nil
	}
	return do(ctx)
}

func (d *desk) Create(ctx context.Context, r order.PaymentRequest) (string, error) {
	if err := d.pass(ctx, createCall); err != nil {
		return "", err
	}
	return d.Provider.Create(ctx, r)
}

func (d *desk) Cancel(ctx context.Context, id string, r order.PaymentRequest) (order.Cancellation, error) {
	if err := d.pass(ctx, cancelCall); err != nil {
		return order.Cancellation{}, err
	}
	return d.Provider.Cancel(ctx, id, r)
}

func (d *desk) Refund(ctx context.Context, r order.RefundRequest) (order.RefundAnswer, error) {
	if err := d.pass(ctx, refundCall); err != nil {
		return order.RefundAnswer{}, err
	}
	d.mu.Lock()
	told := d.refunds
	d.mu.Unlock()
	if told != nil {
		return *told, nil
	}
	return d.Provider.Refund(ctx, r)
}

// says sets the answer to refunds; nil pays them out.
func (d *desk) says(a *order.RefundAnswer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.refunds = a
}

// silence is a provider that doesn't answer until it is lifted.
func silence() (silent func(context.Context) error, lift func()) {
	lifted := make(chan struct{})
	return func(ctx context.Context) error {
		select {
		case <-lifted:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}, sync.OnceFunc(func() { close(lifted) })
}

// chooses carries out a buyer's choice at the provider. No callback results: the tests send
// what the order should receive.
func (w *world) chooses(paymentID string, a sandbox.Action) {
	w.Helper()
	_, err := w.books.Choose(w.Context(), paymentID, sandbox.Choice{Action: a})
	w.NoError(err)
}

// asksToPay asks for a payment, whatever the answer.
func (w *world) asksToPay(orderID string) saga.Answer {
	w.Helper()
	return w.ask(orderID, saga.PayUpdate, saga.PayRequest{Provider: sandbox.Name, Actor: "customer:customer-1"})
}

// notes waits until the order's document contains a step.
func (w *world) notes(orderID, node string) {
	w.Helper()
	w.until("the document notes "+node, func() bool {
		for _, e := range w.documentIs(orderID, order.StatusAwaitingPayment).Journal {
			if e.Node == node {
				return true
			}
		}
		return false
	})
}

// money are the recordings of orders whose payments the saga opens itself.
func money() map[string]recording {
	const long = time.Hour
	opened := func(w *world, p order.Placement) string {
		w.documentIs(p.OrderID, order.StatusAwaitingPayment)
		return w.opens(p.OrderID)
	}
	cancels := func(w *world, p order.Placement) {
		w.send(p.OrderID, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonCustomer, Actor: "customer:customer-1"})
	}
	paidBy := func(w *world, p order.Placement, payment string) {
		w.pay(p.OrderID, payment, 1600)
		w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	}
	return map[string]recording{
		"opened-and-delivered": {window: long, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			paidBy(w, p, opened(w, p))
			w.deliver(p.OrderID)
		}},
		"opened-and-expired": {window: 5 * time.Second, want: order.StatusExpired, drive: func(w *world, p order.Placement) {
			opened(w, p)
		}},
		"opened-and-cancelled": {window: long, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			opened(w, p)
			cancels(w, p)
		}},
		"opened-and-refused": {window: long, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			w.says(p.OrderID, order.PaymentDeclined, opened(w, p), 0)
		}},
		"paid-and-not-told": {window: 5 * time.Second, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			w.chooses(opened(w, p), sandbox.ActionPay)
			w.documentIs(p.OrderID, order.StatusAwaitingShipment)
			w.deliver(p.OrderID)
		}},
		"cancelled-while-paid": {window: long, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			payment := opened(w, p)
			w.chooses(payment, sandbox.ActionPay)
			cancels(w, p)
			w.refunded(p.OrderID, payment, order.RefundCancelled)
		}},
		"taken-back": {window: long, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			payment := opened(w, p)
			paidBy(w, p, payment)
			cancels(w, p)
			w.refunded(p.OrderID, payment, order.RefundCancelled)
		}},
		"second-attempt": {window: long, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			w.says(p.OrderID, order.PaymentFailed, opened(w, p), 0)
			w.notes(p.OrderID, "payment_failed")
			paidBy(w, p, w.opens(p.OrderID))
			w.deliver(p.OrderID)
		}},
		"earlier-attempt-processing": {window: long, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			payment := opened(w, p)
			w.says(p.OrderID, order.PaymentFailed, payment, 0)
			w.notes(p.OrderID, "payment_failed")
			w.chooses(payment, sandbox.ActionProcess)
			w.Equal(saga.VerdictProcessing, w.asksToPay(p.OrderID).Verdict)
			w.chooses(payment, sandbox.ActionPay)
			w.Equal(order.StatusAwaitingShipment, w.asksToPay(p.OrderID).Status, "the earlier one turned out paid")
			w.deliver(p.OrderID)
		}},
		"declined": {window: long, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			w.provider.at(createCall, func(context.Context) error {
				return &order.RefusalError{Provider: sandbox.Name, Reason: "no such currency"}
			})
			w.Equal(saga.VerdictDeclined, w.asksToPay(p.OrderID).Verdict)
			cancels(w, p)
		}},
		"opening-unanswered": {window: long, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			w.provider.at(createCall, func(context.Context) error { return errAway })
			w.Equal(saga.VerdictUnavailable, w.asksToPay(p.OrderID).Verdict)
			w.provider.at(createCall, nil)
			paidBy(w, p, w.opens(p.OrderID))
			w.deliver(p.OrderID)
		}},
		"unresolved": {window: long, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			opened(w, p)
			silent, lift := silence()
			w.provider.at(cancelCall, silent)
			cancels(w, p)
			w.notes(p.OrderID, "payment_unresolved")
			lift()
		}},
		"unresolved-and-paid": {window: long, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			payment := opened(w, p)
			silent, lift := silence()
			w.Cleanup(lift)
			w.provider.at(cancelCall, silent)
			w.NoError(w.temporal.CancelWorkflow(w.Context(), saga.OrderWorkflowID(p.OrderID), ""))
			w.notes(p.OrderID, "payment_unresolved")
			paidBy(w, p, payment)
			w.deliver(p.OrderID)
		}},
		"ended-by-its-provider": {window: long, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			payment := opened(w, p)
			silent, lift := silence()
			w.Cleanup(lift)
			w.provider.at(cancelCall, silent)
			cancels(w, p)
			w.until("the provider is asked", func() bool { return w.endsPayments(p.OrderID) })
			w.says(p.OrderID, order.PaymentEnded, payment, 0) // before it answers
		}},
		"another-payment-ended": {window: long, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			opened(w, p)
			paidBy(w, p, "another-"+p.OrderID)
			w.deliver(p.OrderID)
		}},
		"another-payment-paid-too": {window: long, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			payment := opened(w, p)
			w.chooses(payment, sandbox.ActionPay)
			paidBy(w, p, "another-"+p.OrderID)
			w.refunded(p.OrderID, payment, order.RefundDouble)
			w.deliver(p.OrderID)
		}},
		"too-many-attempts": {window: long, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			no := &order.RefusalError{Provider: sandbox.Name, Reason: "not this customer"}
			w.provider.at(createCall, func(context.Context) error { return no })
			for range 19 {
				w.Equal(saga.VerdictDeclined, w.asksToPay(p.OrderID).Verdict)
			}
			silent, lift := silence()
			w.provider.at(createCall, func(ctx context.Context) error { return cmp.Or(silent(ctx), error(no)) })
			before := w.accepted(p.OrderID)
			for range 2 { // the second one waits for the last attempt, and can't have another
				w.send(p.OrderID, saga.PayUpdate, saga.PayRequest{Provider: sandbox.Name, Actor: "customer:customer-1"})
			}
			w.until("both have asked", func() bool { return w.accepted(p.OrderID) == before+2 })
			lift()
			w.until("they are answered", func() bool {
				return w.asksToPay(p.OrderID).Verdict == saga.VerdictTooManyAttempts
			})
			cancels(w, p)
		}},
		"no-stock-and-another-payment": {window: long, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			opened(w, p)
			w.losesForGood(p, p.Lines[1].ProductID)
			w.pay(p.OrderID, "another-"+p.OrderID, 1600)
			w.refunded(p.OrderID, "another-"+p.OrderID, order.RefundNoStock)
		}},
	}
}

// accepted counts the updates in the order's history.
func (w *world) accepted(orderID string) (n int) {
	w.Helper()
	for _, e := range w.history(saga.OrderWorkflowID(orderID)) {
		if e.GetEventType() == enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED {
			n++
		}
	}
	return n
}
