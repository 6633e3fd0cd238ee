package sandbox_test

import (
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func scanned(t testing.TB, rdb redis.UniversalClient) iter.Seq2[string, error] {
	return redisdb.Scan(t.Context(), rdb, "{b??}:sandbox:payment:*")
}

// Whatever the shop and the buyer do in whatever order, the books agree with a plain model:
// money arrives once per payment, only late money arrives for a cancelled one, no more is
// refunded than was paid, and every message about it is sent once.
func TestAnySequenceKeepsTheBooks(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		rapid.Check(t, func(r *rapid.T) {
			m := &model{d: newDesk(t, rdb), t: t, payments: map[string]*entry{}, told: map[string]int{}}
			r.Repeat(map[string]func(*rapid.T){
				"create": m.create, "cancel": m.cancel, "cancel2": m.cancel, "refund": m.refund, "refund2": m.refund,
				"choose": m.choose, "choose2": m.choose, "choose3": m.choose, "pass": m.pass, "": m.check,
			})
			m.passes(r, time.Hour) // all late payments arrive
			m.check(r)
		})
	})
}

// entry is a payment in the model.
type entry struct {
	status  order.ProviderStatus
	amount  int64 // asked for
	paid    int64
	until   time.Time
	mark    bool
	refused bool
	lateAt  time.Time // zero: it won't arrive late
	late    int64
	refunds map[string]int64
	dispute order.DisputeStatus
}

func (e *entry) back() (sum int64) {
	for _, a := range e.refunds {
		sum += a
	}
	return sum
}

type model struct {
	d        *desk
	t        *testing.T
	orders   []order.PaymentRequest
	payments map[string]*entry
	// told counts the messages that were written, by payment and type.
	told map[string]int
}

func (m *model) tell(id string, kind order.PaymentEventType) { m.told[id+" "+string(kind)]++ }

func (m *model) succeed(id string, amount int64) {
	e := m.payments[id]
	if amount == 0 {
		amount = e.amount
	}
	e.status, e.paid, e.lateAt = order.ProviderSucceeded, amount, time.Time{}
	m.tell(id, order.PaymentSucceeded)
}

// attempt is one of a few, so that they repeat.
func (m *model) attempt(r *rapid.T) order.PaymentRequest {
	if len(m.orders) < 3 || rapid.IntRange(0, 9).Draw(r, "new") == 0 {
		m.orders = append(m.orders, order.PaymentRequest{
			Provider: sandbox.Name, OrderID: uuid.NewString(), Attempt: 1, Amount: rapid.Int64Range(1, 100).Draw(r, "amount"),
			Currency: "EUR", Until: m.d.time().Add(time.Minute),
		})
	}
	return rapid.SampledFrom(m.orders).Draw(r, "attempt")
}

func (m *model) create(r *rapid.T) {
	a := m.attempt(r)
	id, err := m.d.Create(m.t.Context(), a)
	require.NoError(r, err)
	require.Equal(r, sandbox.PaymentID(a), id)
	e := m.payments[id]
	if e == nil {
		m.payments[id] = &entry{status: order.ProviderOpen, amount: a.Amount, until: a.Until, refunds: map[string]int64{}}
		return
	}
	e.mark, e.until = false, a.Until
}

func (m *model) cancel(r *rapid.T) {
	a := m.attempt(r)
	id := sandbox.PaymentID(a)
	c, err := m.d.Cancel(m.t.Context(), rapid.SampledFrom([]string{"", id}).Draw(r, "by"), a)
	require.NoError(r, err)
	e := m.payments[id]
	if e == nil {
		e = &entry{status: order.ProviderCancelled, mark: true, amount: a.Amount, refunds: map[string]int64{}}
		m.payments[id] = e
	}
	want := map[order.ProviderStatus]order.CancelOutcome{
		order.ProviderOpen: order.CancelOutcomeCancelled, order.ProviderCancelled: order.CancelOutcomeCancelled,
		order.ProviderProcessing: order.CancelOutcomeProcessing, order.ProviderSucceeded: order.CancelOutcomePaid,
	}[e.status]
	if e.mark {
		want = order.CancelOutcomeNoPayment
	}
	require.Equal(r, want, c.Outcome)
	if want == order.CancelOutcomePaid {
		require.Equal(r, e.paid, c.Paid.Amount)
	}
	if e.status == order.ProviderOpen {
		e.status = order.ProviderCancelled
		if !e.lateAt.IsZero() {
			e.lateAt = m.d.time().Add(sandbox.LateAfter)
		}
	}
}

func (m *model) choose(r *rapid.T) {
	id := sandbox.PaymentID(m.attempt(r))
	c := sandbox.Choice{
		Action: rapid.SampledFrom([]sandbox.Action{
			sandbox.ActionPay, sandbox.ActionDecline, sandbox.ActionRefuse, sandbox.ActionProcess, sandbox.ActionPayLate, sandbox.ActionPayTwice,
			sandbox.ActionOpenDispute, sandbox.ActionWinDispute, sandbox.ActionLoseDispute,
		}).Draw(r, "action"),
		Amount: rapid.SampledFrom([]int64{0, 0, 7}).Draw(r, "other amount"),
	}
	status, err := m.d.books.Choose(m.t.Context(), id, c)
	e := m.payments[id]
	if e == nil || e.mark {
		require.ErrorIs(r, err, payment.ErrNoPayment)
		return
	}
	if m.ended(e, c.Action) {
		var ended *sandbox.EndedError
		require.ErrorAs(r, err, &ended)
		require.Equal(r, e.status, ended.Status)
		return
	}
	require.NoError(r, err)
	m.apply(id, c)
	require.Equal(r, e.status, status)
}

func (m *model) ended(e *entry, a sandbox.Action) bool {
	switch a { //nolint:exhaustive // what the model chooses
	case sandbox.ActionPay, sandbox.ActionPayTwice:
		return e.status == order.ProviderCancelled
	case sandbox.ActionPayLate:
		return false
	case sandbox.ActionRefuse:
		return e.status == order.ProviderSucceeded || (e.status == order.ProviderCancelled && !e.refused)
	case sandbox.ActionDecline, sandbox.ActionProcess:
		return e.status == order.ProviderSucceeded || e.status == order.ProviderCancelled
	case sandbox.ActionOpenDispute, sandbox.ActionWinDispute, sandbox.ActionLoseDispute:
		over := e.dispute == order.DisputeWon || e.dispute == order.DisputeLost
		return e.status != order.ProviderSucceeded || (over && e.dispute != disputes[a]) ||
			(e.dispute == "" && a != sandbox.ActionOpenDispute)
	}
	panic(a)
}

func (m *model) apply(id string, c sandbox.Choice) {
	e := m.payments[id]
	over := e.status == order.ProviderSucceeded
	switch c.Action { //nolint:exhaustive // what the model chooses
	case sandbox.ActionPay, sandbox.ActionPayTwice:
		if !over {
			m.succeed(id, c.Amount)
		}
		second := id + "~2"
		if c.Action == sandbox.ActionPayTwice && m.payments[second] == nil {
			m.payments[second] = &entry{amount: e.paid, refunds: map[string]int64{}}
			m.succeed(second, e.paid)
		}
	case sandbox.ActionPayLate:
		switch {
		case e.status == order.ProviderCancelled:
			m.succeed(id, c.Amount)
		case !over:
			e.lateAt, e.late = later(e.until, m.d.time()).Add(sandbox.LateAfter), c.Amount
		}
	case sandbox.ActionDecline:
		e.status = order.ProviderOpen
		m.tell(id, order.PaymentFailed)
	case sandbox.ActionRefuse:
		if e.status != order.ProviderCancelled {
			e.status, e.refused, e.lateAt = order.ProviderCancelled, true, time.Time{}
			m.tell(id, order.PaymentDeclined)
		}
	case sandbox.ActionProcess:
		e.status = order.ProviderProcessing
	case sandbox.ActionOpenDispute, sandbox.ActionWinDispute, sandbox.ActionLoseDispute:
		if e.dispute != disputes[c.Action] {
			e.dispute = disputes[c.Action]
			m.tell(id, order.PaymentDisputed)
		}
	}
}

// disputes is the bank's message about a dispute for each action.
var disputes = map[sandbox.Action]order.DisputeStatus{
	sandbox.ActionOpenDispute: order.DisputeNeedsResponse, sandbox.ActionWinDispute: order.DisputeWon, sandbox.ActionLoseDispute: order.DisputeLost,
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (m *model) refund(r *rapid.T) {
	a := m.attempt(r)
	id := sandbox.PaymentID(a)
	if rapid.Bool().Draw(r, "the second payment") {
		id += "~2"
	}
	asked := order.RefundRequest{
		RefundID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "refund"), PaymentID: id, OrderID: a.OrderID,
		Amount: rapid.Int64Range(1, 60).Draw(r, "amount"), Currency: "EUR", Paid: 50,
	}
	answer, err := m.d.Refund(m.t.Context(), asked)
	e := m.payments[id]
	if e == nil || e.mark { // it was reported without the books
		e = &entry{status: order.ProviderSucceeded, amount: asked.Paid, paid: asked.Paid, refunds: map[string]int64{}}
		m.payments[id] = e
	}
	before, known := e.refunds[asked.RefundID]
	switch {
	case known && before == asked.Amount,
		!known && e.status == order.ProviderSucceeded && e.back()+asked.Amount <= e.paid:
		require.NoError(r, err)
		require.Equal(r, order.RefundPaid, answer.Status)
		e.refunds[asked.RefundID] = asked.Amount
	default:
		var refusal *order.RefusalError
		require.ErrorAs(r, err, &refusal)
	}
}

func (m *model) pass(r *rapid.T) {
	m.passes(r, time.Duration(rapid.Int64Range(1, 40_000).Draw(r, "ms"))*time.Millisecond)
}

// passes lets time pass, and compares all messages so far.
func (m *model) passes(r *rapid.T, t time.Duration) {
	m.d.pass(t)
	events := m.d.send(m.t)
	for id, e := range m.payments {
		if !e.lateAt.IsZero() && !m.d.time().Before(e.lateAt) {
			m.succeed(id, e.late)
		}
	}
	got := map[string]int{}
	for _, e := range events {
		if m.payments[e.PaymentID] != nil { // else late money of an earlier sequence
			got[fmt.Sprintf("%s %s", e.PaymentID, e.Type)]++
		}
	}
	require.Equal(r, m.told, got)
}

func (m *model) check(r *rapid.T) {
	for id, e := range m.payments {
		p, err := m.d.LookUp(m.t.Context(), id)
		if e.mark {
			require.ErrorIs(r, err, payment.ErrNoPayment)
			continue
		}
		require.NoError(r, err)
		require.Equal(r, e.status, p.Status)
		require.Equal(r, e.status == order.ProviderSucceeded, !p.PaidAt.IsZero())
		var back int64
		for _, f := range p.Refunds {
			require.Equal(r, e.refunds[f.ID], f.Amount)
			back += f.Amount
		}
		require.Equal(r, e.back(), back)
		require.LessOrEqual(r, back, e.paid)
		if e.status == order.ProviderSucceeded {
			require.Equal(r, e.paid, p.Amount)
		} else {
			require.Equal(r, e.amount, p.Amount)
		}
	}
}
