package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"holdfast/activities"
	"holdfast/order"
)

// The calls of a till that faults can interfere with.
const (
	createCall = "create"
	cancelCall = "cancel"
	refundCall = "refund"
)

// till is a payment provider that does as it is told: a saga's other side. The duties of a
// provider itself are tested in package paymenttest.
type till struct {
	name string
	now  func() time.Time

	mu            sync.Mutex
	states        map[string]order.ProviderStatus
	amounts       map[string]int64
	refunds       map[string]order.RefundAnswer
	paidOut       map[string]int64
	answer        map[string]order.RefundAnswer // by refund id, instead of paying out
	failed        []string                      // of the last refund, what was said to have failed before
	declines      string
	before, after map[string]fault
	calls         []string
	counts        map[string]int
}

func newTill(name string, now func() time.Time) *till {
	return &till{
		name: name, now: now, states: map[string]order.ProviderStatus{}, amounts: map[string]int64{},
		refunds: map[string]order.RefundAnswer{}, paidOut: map[string]int64{}, answer: map[string]order.RefundAnswer{},
		before: map[string]fault{}, after: map[string]fault{}, counts: map[string]int{},
	}
}

// call counts a call and carries it out, between the faults.
func (t *till) call(name string, do func()) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts[name]++
	t.calls = append(t.calls, name)
	if f := t.before[name]; f != nil {
		if err := f(t.counts[name]); err != nil {
			return err
		}
	}
	do()
	if f := t.after[name]; f != nil {
		return f(t.counts[name])
	}
	return nil
}

func (t *till) id(r order.PaymentRequest) string { return fmt.Sprintf("%s-%d", t.name, r.Attempt) }

func (t *till) Create(_ context.Context, r order.PaymentRequest) (id string, err error) {
	err = t.call(createCall, func() {
		id = t.id(r)
		if _, there := t.states[id]; !there {
			t.states[id], t.amounts[id] = order.ProviderOpen, r.Amount
		}
	})
	if err == nil && t.declines != "" {
		return "", &order.RefusalError{Provider: t.name, Reason: t.declines}
	}
	return id, err
}

func (t *till) Cancel(_ context.Context, id string, r order.PaymentRequest) (c order.Cancellation, err error) {
	err = t.call(cancelCall, func() {
		if id == "" {
			id = t.id(r)
		}
		switch t.states[id] {
		case order.ProviderSucceeded:
			c = order.Cancellation{Outcome: order.CancelOutcomePaid, Paid: &order.PaymentEvent{
				EventID: "told:" + id, Provider: t.name, Type: order.PaymentSucceeded, OrderID: r.OrderID, PaymentID: id,
				Amount: t.amounts[id], Currency: r.Currency, OccurredAt: t.now(),
			}}
		case order.ProviderProcessing:
			c.Outcome = order.CancelOutcomeProcessing
		case order.ProviderOpen, order.ProviderCancelled:
			t.states[id], c.Outcome = order.ProviderCancelled, order.CancelOutcomeCancelled
		default:
			t.states[id], c.Outcome = order.ProviderCancelled, order.CancelOutcomeNoPayment
		}
	})
	return c, err
}

func (t *till) Refund(_ context.Context, r order.RefundRequest) (a order.RefundAnswer, err error) {
	err = t.call(refundCall, func() {
		t.failed = r.Failed
		key := r.PaymentID + "/" + r.RefundID // each payment's own
		if a = t.refunds[key]; a.Status == order.RefundPaid {
			return
		}
		if told, ok := t.answer[r.RefundID]; ok {
			a = told
		} else {
			a = order.RefundAnswer{Status: order.RefundPaid, ProviderID: "out-" + r.RefundID}
			t.paidOut[r.PaymentID] += r.Amount
		}
		t.refunds[key] = a
	})
	return a, err
}

// is sets the state of a payment in the till's books.
func (t *till) is(id string, s order.ProviderStatus) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.states[id] = s
}

func (t *till) state(id string) order.ProviderStatus {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.states[id]
}

// live counts the payments that could still be paid.
func (t *till) live() (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.states {
		if s == order.ProviderOpen || s == order.ProviderProcessing {
			n++
		}
	}
	return n
}

func (t *till) count(call string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[call]
}

func (t *till) called() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.calls)
}

// LookUp is for disputes, whose tests have no till.
func (t *till) LookUp(context.Context, string) (order.ProviderPayment, error) {
	return order.ProviderPayment{}, errors.ErrUnsupported
}

var _ activities.Provider = (*till)(nil)
