package workflows_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
)

// refunding is a scenario of a refund's own workflow.
type refunding struct {
	*scenario
	r        order.Refund
	fate     activities.Fate
	assigned []order.PaymentEvent
	// open orders can be assigned to.
	open   map[string]bool
	result order.Refund
}

func openRefund(t *testing.T, change func(*order.Refund)) *refunding {
	t.Helper()
	s := &refunding{scenario: open(t, line("shirt", 2)), open: map[string]bool{}}
	s.r = order.RefundOf(order.PaymentEvent{
		Provider: "sandbox", PaymentID: "pay-1", OrderID: orderID, Amount: 1000, Currency: "EUR",
	}, order.RefundLate)
	s.fate = activities.Fate{Known: true, Status: order.StatusExpired}
	if change != nil {
		change(&s.r)
	}
	s.env.RegisterActivityWithOptions((&activities.LookUp{Orders: s}).Execute, activity.RegisterOptions{Name: activities.NameLookUpPayment})
	s.env.RegisterActivityWithOptions((&activities.Assign{Signal: s.signal, Orders: s}).Execute, activity.RegisterOptions{Name: activities.NameAssignPayment})
	return s
}

// Of returns the order's fate.
func (s *refunding) Of(context.Context, string) (activities.Fate, error) { return s.fate, nil }

func (s *refunding) signal(_ context.Context, e order.PaymentEvent) error {
	if !s.open[e.OrderID] {
		return serviceerror.NewNotFound("no such workflow")
	}
	s.assigned = append(s.assigned, e)
	return nil
}

func (s *refunding) goes() {
	s.Helper()
	s.env.ExecuteWorkflow(saga.RefundType, s.r)
	s.True(s.env.IsWorkflowCompleted())
	s.NoError(s.env.GetWorkflowError())
	s.NoError(s.env.GetWorkflowResult(&s.result))
}

// onRecord is the refund according to its document.
func (s *refunding) onRecord() (r order.Refund) {
	s.Helper()
	all, err := s.docs.Payments(s.Context(), orderID)
	s.NoError(err)
	doc, there := all["refund:pay-1/"+s.r.ID]
	s.True(there, "%v", all)
	s.NoError(json.Unmarshal(doc, &r))
	return r
}

// paid records a payment of 10.00.
func (s *refunding) paid() {
	s.Helper()
	docs, err := order.EncodePayments(map[string]order.Attempt{"sandbox:pay-1": {
		PaymentID: "pay-1", Provider: "sandbox", Type: order.PaymentSucceeded, Amount: 1000, Currency: "EUR", Taken: true,
	}})
	s.NoError(err)
	s.NoError(s.docs.PutAsked(s.Context(), orderID, docs))
}

func (s *refunding) before(id string, amount int64, status order.RefundStatus) {
	s.Helper()
	doc, err := json.Marshal(order.Refund{
		ID: id, PaymentID: "pay-1", OrderID: orderID, Provider: "sandbox", Amount: amount, Currency: "EUR", Status: status,
	})
	s.NoError(err)
	s.NoError(s.docs.PutRefund(s.Context(), orderID, "pay-1", id, doc))
}

// decide sends an operator's decision; the answer comes once the refund is in that state.
func (s *refunding) decide(d saga.Decision) (stands *order.Refund, refused *error) {
	stands, refused = &order.Refund{}, new(error)
	s.env.UpdateWorkflow(saga.DecideUpdate, "d-"+s.env.Now().String(), &testsuite.TestUpdateCallback{
		OnReject:   func(err error) { *refused = err },
		OnAccept:   func() {},
		OnComplete: func(v any, err error) { s.NoError(err); *stands, _ = v.(order.Refund) },
	}, d)
	return stands, refused
}

// decideAgain is decide for a decision that arrives while another one is being carried out:
// it is accepted, and then refused.
func (s *refunding) decideAgain(d saga.Decision) (failed *error) {
	failed = new(error)
	s.env.UpdateWorkflow(saga.DecideUpdate, "again", &testsuite.TestUpdateCallback{
		OnReject: func(err error) { *failed = err }, OnAccept: func() {},
		OnComplete: func(_ any, err error) { *failed = err },
	}, d)
	return failed
}

func TestARefundIsPaidOutOnce(t *testing.T) {
	s := openRefund(t, nil)
	s.till.before[refundCall] = first(3) // lost requests
	s.till.after[refundCall] = func(call int) error {
		if call < 7 {
			return errAway // lost answers
		}
		return nil
	}
	s.at(time.Second, func() { s.Equal(order.RefundDue, s.onRecord().Status) })
	s.goes()
	s.Equal(order.RefundPaid, s.result.Status)
	s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut)
	r := s.onRecord()
	s.Equal(s.result, r)
	s.Equal("out-"+s.r.ID, r.ProviderID)
	s.False(r.PaidAt.IsZero())
}

func TestAPaymentThatItsOrderTookStays(t *testing.T) {
	s := openRefund(t, nil)
	s.fate = activities.Fate{Known: true, Status: order.StatusDelivered, Provider: "sandbox", PaymentID: "pay-1"}
	s.goes()
	s.Equal(order.RefundNotOwed, s.result.Status)
	s.Zero(s.till.count(refundCall))
}

func TestTheSameIDAtAnotherProviderGoesBack(t *testing.T) {
	s := openRefund(t, nil)
	s.fate = activities.Fate{Known: true, Status: order.StatusDelivered, Provider: "other", PaymentID: "pay-1"}
	s.goes()
	s.Equal(order.RefundPaid, s.result.Status)
}

func TestAPendingRefundIsAskedAfter(t *testing.T) {
	s := openRefund(t, nil)
	s.till.answer[s.r.ID] = order.RefundAnswer{Status: order.RefundPending, ProviderID: "re_1"}
	s.at(time.Second, func() { s.Equal(order.RefundPending, s.onRecord().Status) })
	s.at(5*time.Hour, func() { delete(s.till.answer, s.r.ID) })
	s.goes()
	s.Equal(order.RefundPaid, s.result.Status)
	s.Less(s.till.count(refundCall), 15)
}

func TestAFailedRefundWaitsForAnOperator(t *testing.T) {
	for name, choice := range map[string]saga.Choice{"again": saga.ChoiceRefund, "by hand": saga.ChoiceSettled} {
		t.Run(name, func(t *testing.T) {
			s := openRefund(t, nil)
			s.till.answer[s.r.ID] = order.RefundAnswer{Status: order.RefundFailed, Detail: "the card is gone"}
			var refused *error
			s.at(time.Hour, func() {
				r := s.onRecord()
				s.Equal(order.RefundFailed, r.Status)
				s.Equal("the card is gone", r.Detail)
				_, refused = s.decide(saga.Decision{Choice: saga.ChoiceAssign, OrderID: "o-2", Actor: "operator"})
				delete(s.till.answer, s.r.ID)
			})
			s.at(2*time.Hour, func() { s.decide(saga.Decision{Choice: choice, Actor: "eva"}) })
			s.goes()
			var app *temporal.ApplicationError
			s.ErrorAs(*refused, &app)
			s.Equal(saga.NotDecidableError, app.Type())
			s.Equal("eva", s.result.Actor)
			if choice == saga.ChoiceRefund {
				s.Equal(order.RefundPaid, s.result.Status)
				s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut)
				return
			}
			s.Equal(order.RefundSettled, s.result.Status)
			s.Empty(s.till.paidOut)
		})
	}
}

// Two operators decide at once: the second decision is not kept for later.
func TestASecondDecisionIsNotKeptForLater(t *testing.T) {
	s := openRefund(t, nil)
	s.till.answer[s.r.ID] = order.RefundAnswer{Status: order.RefundFailed, Detail: "the card is gone"}
	var second *error
	s.at(time.Hour, func() {
		s.decide(saga.Decision{Choice: saga.ChoiceRefund, Actor: "eva"})
		second = s.decideAgain(saga.Decision{Choice: saga.ChoiceSettled, Actor: "ben"})
	})
	s.at(2*time.Hour, func() {
		s.Equal(order.RefundFailed, s.onRecord().Status, "it failed again, and nobody has settled that")
		s.Equal("eva", s.onRecord().Actor)
		delete(s.till.answer, s.r.ID)
		s.decide(saga.Decision{Choice: saga.ChoiceRefund, Actor: "eva"})
	})
	s.goes()
	s.Equal(order.RefundPaid, s.result.Status)
	var app *temporal.ApplicationError
	s.ErrorAs(*second, &app)
	s.Equal(saga.NotDecidableError, app.Type())
}

func TestAPaymentOfAnUnknownOrderIsACase(t *testing.T) {
	s := openRefund(t, nil)
	s.fate = activities.Fate{}
	s.open["o-2"] = true
	var nobody, somebody *order.Refund
	s.at(time.Hour, func() {
		s.Equal(order.RefundCase, s.onRecord().Status)
		nobody, _ = s.decide(saga.Decision{Choice: saga.ChoiceAssign, OrderID: "o-1", Actor: "operator"})
	})
	s.at(2*time.Hour, func() {
		s.Equal(order.RefundCase, nobody.Status)
		s.Equal("order o-1 is not open", nobody.Detail)
		somebody, _ = s.decide(saga.Decision{Choice: saga.ChoiceAssign, OrderID: "o-2", Actor: "operator"})
	})
	s.goes()
	s.Equal(order.RefundAssigned, s.result.Status)
	s.Equal(order.RefundAssigned, somebody.Status)
	s.Zero(s.till.count(refundCall))
	s.Len(s.assigned, 1)
	s.Equal("o-2", s.assigned[0].OrderID)
	s.Equal("pay-1", s.assigned[0].PaymentID)
	s.Equal(int64(1000), s.assigned[0].Amount)
}

func TestACaseIsRefunded(t *testing.T) {
	s := openRefund(t, nil)
	s.fate = activities.Fate{}
	s.at(time.Hour, func() { s.decide(saga.Decision{Choice: saga.ChoiceRefund, Actor: "operator"}) })
	s.goes()
	s.Equal(order.RefundPaid, s.result.Status)
	s.Equal(order.RefundUnknownOrder, s.result.Reason)
}

// requested is a refund that an operator requests.
func requested(amount int64) func(*order.Refund) {
	return func(r *order.Refund) {
		r.ID, r.Reason, r.Amount = order.PartRefund("sandbox", "r-1"), order.RefundRequested, amount
	}
}

func TestAnOperatorGivesMoneyBack(t *testing.T) {
	for name, c := range map[string]struct {
		asked, before int64
		want          order.RefundStatus
		amount        int64
	}{
		"a part":                {300, 0, order.RefundPaid, 300},
		"all":                   {1000, 0, order.RefundPaid, 1000},
		"the rest":              {0, 400, order.RefundPaid, 600},
		"the last of it":        {600, 400, order.RefundPaid, 600},
		"more than is left":     {601, 400, order.RefundTooLarge, 601},
		"more than was paid":    {1001, 0, order.RefundTooLarge, 1001},
		"nothing is left of it": {0, 1000, order.RefundTooLarge, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := openRefund(t, requested(c.asked))
			s.paid()
			s.before("other", c.before, order.RefundPaid)
			s.before("foreign", 500, order.RefundTooLarge) // doesn't count
			s.goes()
			s.Equal(c.want, s.result.Status)
			s.Equal(c.amount, s.result.Amount)
			if c.want == order.RefundTooLarge {
				s.Zero(s.till.count(refundCall))
				return
			}
			s.Equal(map[string]int64{"pay-1": c.amount}, s.till.paidOut)
			s.Equal(int64(1000), s.onRecord().PaymentAmount)
		})
	}
}

// A paid order of which a part was refunded already is cancelled: the rest is refunded.
func TestCancelAfterAPartWentBack(t *testing.T) {
	s := open(t, line("shirt", 2))
	r := order.Refund{
		ID: "part:sandbox:r-1", PaymentID: "pay-1", OrderID: orderID, Provider: "sandbox", Amount: 300, Currency: "EUR",
		Status: order.RefundPaid,
	}
	doc, err := json.Marshal(r)
	s.NoError(err)
	s.at(time.Minute, func() { s.succeeds("pay-1", 1000) })
	s.at(2*time.Minute, func() { s.NoError(s.docs.PutRefund(s.Context(), orderID, "pay-1", r.ID, doc)) })
	s.at(3*time.Minute, func() { s.cancel("c1") })
	s.run()
	s.Equal(int64(700), s.refund("pay-1").Amount)
	s.Equal(map[string]int64{"pay-1": 700}, s.till.paidOut)
}

// A refund that an earlier version left as due waits for a signal that it can be paid out.
func TestARefundOfAnEarlierVersionIsResumed(t *testing.T) {
	s := openRefund(t, nil)
	s.env.OnGetVersion("pay-out", workflow.DefaultVersion, 1).Return(workflow.DefaultVersion)
	s.at(time.Hour, func() {
		s.Equal(order.RefundDue, s.onRecord().Status)
		s.Zero(s.till.count(refundCall))
		s.env.SignalWorkflow(saga.ResumeSignal, nil)
	})
	s.goes()
	s.Equal(order.RefundPaid, s.result.Status)
}

// Redis was restored from a copy that is older than the payment.
func TestTheMoneyOfACancelledOrderGoesBackThoughItIsNotOnRecord(t *testing.T) {
	s := openRefund(t, func(r *order.Refund) { r.Reason = order.RefundCancelled })
	s.goes()
	s.Equal(order.RefundPaid, s.result.Status)
	s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut)
	s.Equal(int64(1000), s.onRecord().Amount)
}

// The order took the payment and closed before the worker learned of that.
func TestACaseIsAssignedThoughTheAnswerIsLost(t *testing.T) {
	s := openRefund(t, nil)
	s.fate = activities.Fate{}
	s.at(time.Hour, func() {
		s.fate = activities.Fate{Known: true, Status: order.StatusDelivered, Provider: "sandbox", PaymentID: "pay-1"}
		s.decide(saga.Decision{Choice: saga.ChoiceAssign, OrderID: "o-2", Actor: "operator"})
	})
	s.goes()
	s.Equal(order.RefundAssigned, s.result.Status)
	s.Zero(s.till.count(refundCall))
}
