package workflows_test

import (
	"encoding/json"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"holdfast/order"
	"holdfast/saga"
)

// reopened is the workflow of a refund that failed according to its provider, days after
// its current record.
func reopened(t *testing.T, recorded order.RefundStatus, change ...func(*order.Refund)) *refunding {
	t.Helper()
	s := openRefund(t, nil)
	r := s.r
	r.Status, r.ProviderID, r.Version = recorded, "re_1", 3
	r.DueAt, r.PaidAt = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, c := range change {
		c(&r)
	}
	doc, err := json.Marshal(r)
	s.NoError(err)
	s.NoError(s.docs.PutRefund(s.Context(), orderID, "pay-1", r.ID, doc))
	s.r.Status, s.r.ProviderID, s.r.Detail = order.RefundFailed, "re_1", "account closed"
	s.at(0, func() { s.failing("re_1") })
	return s
}

// failing is the provider's report that a payout came back.
func (s *refunding) failing(providerID string) {
	s.env.SignalWorkflow(saga.RefundFailedSignal, saga.RefundFailure{ProviderID: providerID, Detail: "account closed"})
}

func TestMoneyThatComesBackAfterItWasPaidOutWaitsForAnOperator(t *testing.T) {
	for _, choice := range []saga.Choice{saga.ChoiceRefund, saga.ChoiceSettled} {
		t.Run(string(choice), func(t *testing.T) {
			s := reopened(t, order.RefundPaid)
			s.at(time.Hour, func() {
				r := s.onRecord()
				s.Equal(order.RefundFailed, r.Status)
				s.Equal("account closed", r.Detail)
				s.True(r.PaidAt.IsZero())
				s.Equal(int64(4), r.Version)
				s.Equal(2026, r.DueAt.Year(), "it is the same refund")
				s.Zero(s.till.count(refundCall), "nothing is sent before an operator decides")
				s.failing("re_1") // it is said twice
				s.decide(saga.Decision{Choice: choice, Actor: "eva", Key: "k-1"})
			})
			s.goes()
			r := s.onRecord()
			s.Equal(s.result, r)
			s.Equal("k-1", r.Decisions[0].Key)
			s.Equal("eva", r.Decisions[0].Actor)
			if choice == saga.ChoiceSettled {
				s.Equal(order.RefundSettled, r.Status)
				s.Empty(s.till.paidOut)
				return
			}
			s.Equal(order.RefundPaid, r.Status)
			s.Equal([]string{"re_1"}, r.FailedIDs)
			s.Equal("out-"+s.r.ID, r.ProviderID)
			s.Equal([]string{"re_1"}, s.till.failed)
			s.Equal(map[string]int64{"pay-1": 1000}, s.till.paidOut)
		})
	}
}

// A repeated report about money that has since been sent again, or settled, is old.
func TestAnOldFailureChangesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		status order.RefundStatus
		change func(*order.Refund)
	}{
		"sent again and paid":  {order.RefundPaid, func(r *order.Refund) { r.ProviderID, r.FailedIDs = "re_2", []string{"re_1"} }},
		"sent again":           {order.RefundDue, func(r *order.Refund) { r.ProviderID, r.FailedIDs = "", []string{"re_1"} }},
		"settled by hand":      {order.RefundSettled, func(*order.Refund) {}},
		"assigned to an order": {order.RefundAssigned, func(*order.Refund) {}},
	} {
		t.Run(name, func(t *testing.T) {
			s := reopened(t, c.status, c.change)
			before := s.onRecord()
			s.goes()
			s.Equal(before, s.onRecord())
			s.Equal(before, s.result)
			s.Zero(s.till.count(refundCall))
		})
	}
}

// The record was lost with its Redis: the provider's report is recorded.
func TestAFailureOfARefundThatIsNotOnRecordWaitsForAnOperator(t *testing.T) {
	s := openRefund(t, func(r *order.Refund) { r.Status, r.ProviderID, r.Detail = order.RefundFailed, "re_1", "account closed" })
	s.at(time.Hour, func() {
		s.Equal(order.RefundFailed, s.onRecord().Status)
		s.decide(saga.Decision{Choice: saga.ChoiceSettled, Actor: "eva", Key: "k"})
	})
	s.goes()
	s.Equal(order.RefundSettled, s.result.Status)
}

// The failure may be reported before the workflow of the payment has ended.
func TestAFailureThatOvertakesTheEndOfTheRefund(t *testing.T) {
	s := openRefund(t, nil)
	s.till.after[refundCall] = func(int) error {
		s.failing("out-" + s.r.ID)
		return nil
	}
	s.at(time.Hour, func() {
		s.Equal(order.RefundFailed, s.onRecord().Status)
		s.decide(saga.Decision{Choice: saga.ChoiceSettled, Actor: "eva", Key: "k"})
	})
	s.goes()
	s.Equal(order.RefundSettled, s.result.Status)
}

// A pending refund is checked at once when the provider reports its failure.
func TestAPendingRefundThatFailsIsAskedAfterAtOnce(t *testing.T) {
	s := openRefund(t, nil)
	s.till.answer[s.r.ID] = order.RefundAnswer{Status: order.RefundPending, ProviderID: "re_1"}
	s.at(90*time.Minute, func() {
		asked := s.till.count(refundCall)
		s.failing("another")
		s.till.answer[s.r.ID] = order.RefundAnswer{Status: order.RefundFailed, ProviderID: "re_1", Detail: "account closed"}
		s.failing("re_1")
		s.at(time.Second, func() {
			s.Equal(asked+1, s.till.count(refundCall))
			s.Equal(order.RefundFailed, s.onRecord().Status)
			s.decide(saga.Decision{Choice: saga.ChoiceSettled, Actor: "eva", Key: "k"})
		})
	})
	s.goes()
	s.Equal(order.RefundSettled, s.result.Status)
}

// An operator returned the money in another way, since the provider is down.
func TestARefundThatIsDueIsSettledByHand(t *testing.T) {
	s := openRefund(t, nil)
	s.till.before[refundCall] = func(int) error { return errAway }
	var refused *error
	s.at(2*time.Minute, func() {
		_, refused = s.decide(saga.Decision{Choice: saga.ChoiceSettled, Actor: "ben", Key: "a"})
	})
	s.at(3*time.Minute, func() {
		s.decide(saga.Decision{Choice: saga.ChoiceSettled, About: order.RefundDue, Actor: "eva", Key: "b"})
	})
	s.goes()
	s.Equal(order.RefundSettled, s.result.Status)
	s.Equal("eva", s.onRecord().Actor)
	s.Error(*refused, "who doesn't say that it is due may think of another one")
	s.Empty(s.till.paidOut)
}

func TestARefundThatIsPendingIsSettledByHand(t *testing.T) {
	s := openRefund(t, nil)
	s.till.answer[s.r.ID] = order.RefundAnswer{Status: order.RefundPending, ProviderID: "re_1"}
	s.at(90*time.Minute, func() {
		s.decide(saga.Decision{Choice: saga.ChoiceSettled, About: order.RefundPending, Actor: "eva", Key: "b"})
	})
	s.goes()
	s.Equal(order.RefundSettled, s.result.Status)
	s.Equal(order.RefundSettled, s.onRecord().Status)
	s.Equal("re_1", s.onRecord().ProviderID)
}

// Both saw that it failed. The first decision counts, even if the refund would wait for the
// second by the time it is handled.
func TestOfTwoDecisionsAtOnceOneCounts(t *testing.T) {
	s := openRefund(t, nil)
	s.fate.Known = false
	var second *error
	s.at(time.Hour, func() {
		s.decide(saga.Decision{Choice: saga.ChoiceAssign, OrderID: "closed", Actor: "eva", Key: "a"})
		second = s.decideAgain(saga.Decision{Choice: saga.ChoiceRefund, Actor: "ben", Key: "b"})
	})
	s.at(2*time.Hour, func() {
		s.Equal(order.RefundCase, s.onRecord().Status)
		s.Len(s.onRecord().Decisions, 1)
		var app *temporal.ApplicationError
		s.ErrorAs(*second, &app)
		s.Equal(saga.NotDecidableError, app.Type())
		var stands order.Refund
		s.NoError(app.Details(&stands))
		s.Equal("eva", stands.Decisions[0].Actor)
		s.decide(saga.Decision{Choice: saga.ChoiceSettled, Actor: "ben", Key: "c"})
	})
	s.goes()
	s.Equal(order.RefundSettled, s.result.Status)
	s.Zero(s.till.count(refundCall))
}

// A decision repeated under its key in a later run, which Temporal doesn't recognise, is
// answered but not carried out again.
func TestADecisionOfAnEarlierRunIsNotDoneAgain(t *testing.T) {
	s := openRefund(t, func(r *order.Refund) {
		r.Status, r.Version = order.RefundFailed, 5
		r.Decide(order.RefundDecision{Choice: "refund", Actor: "eva", Key: "k"})
	})
	s.at(time.Hour, func() {
		s.decide(saga.Decision{Choice: saga.ChoiceRefund, Actor: "eva", Key: "k"})
	})
	s.at(2*time.Hour, func() {
		s.Zero(s.till.count(refundCall))
		s.decide(saga.Decision{Choice: saga.ChoiceSettled, Actor: "eva", Key: "l"})
	})
	s.goes()
	s.Equal(order.RefundSettled, s.result.Status)
}

// A provider that never pays out must not cause an endless history.
func TestARefundThatIsPendingForEverGoesOnInANewRun(t *testing.T) {
	s := openRefund(t, nil)
	s.till.answer[s.r.ID] = order.RefundAnswer{Status: order.RefundPending, ProviderID: "re_1"}
	s.env.ExecuteWorkflow(saga.RefundType, s.r)
	s.True(s.env.IsWorkflowCompleted())
	var again *workflow.ContinueAsNewError
	s.ErrorAs(s.env.GetWorkflowError(), &again)
	s.Equal(50, s.till.count(refundCall))
	var next order.Refund
	s.NoError(converter.GetDefaultDataConverter().FromPayloads(again.Input, &next))
	s.Equal(order.RefundPending, next.Status)
	s.Equal("re_1", next.ProviderID)
	s.False(next.DueAt.IsZero())

	second := openRefund(t, func(r *order.Refund) { *r = next })
	second.goes()
	second.Equal(order.RefundPaid, second.result.Status)
	second.Equal(next.DueAt, second.result.DueAt)
	second.Greater(second.result.Version, next.Version)
}

// A provider may report one failure again and again, as long as no operator has decided.
func TestARefundThatIsSaidToHaveFailedForEverGoesOnInANewRun(t *testing.T) {
	for name, said := range map[string]string{"what it knows": "re_1", "another one's": "re_9"} {
		t.Run(name, func(t *testing.T) {
			s := openRefund(t, func(r *order.Refund) {
				r.Status, r.ProviderID, r.Version, r.DueAt = order.RefundFailed, "re_1", 5, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			})
			told := 0
			for at := range 600 {
				s.at(time.Duration(at+1)*time.Minute, func() {
					told++
					s.failing(said)
				})
			}
			s.env.ExecuteWorkflow(saga.RefundType, s.r)
			s.True(s.env.IsWorkflowCompleted())
			var again *workflow.ContinueAsNewError
			s.ErrorAs(s.env.GetWorkflowError(), &again)
			s.Equal(500, told)
			var next order.Refund
			s.NoError(converter.GetDefaultDataConverter().FromPayloads(again.Input, &next))
			s.Equal(order.RefundFailed, next.Status)
			s.Equal(int64(5), next.Version, "nothing has changed")

			second := openRefund(t, func(r *order.Refund) { *r = next })
			second.at(time.Hour, func() {
				second.decide(saga.Decision{Choice: saga.ChoiceSettled, Actor: "eva", Key: "k"})
			})
			second.goes()
			second.Equal(order.RefundSettled, second.result.Status)
		})
	}
}

// Runs of earlier versions never ended by themselves: their histories stay replayable.
func TestALongRunOfAnEarlierVersionStaysWhole(t *testing.T) {
	s := openRefund(t, nil)
	s.till.answer[s.r.ID] = order.RefundAnswer{Status: order.RefundPending, ProviderID: "re_1"}
	s.env.OnGetVersion("refund-continues-1", workflow.DefaultVersion, 1).Return(workflow.DefaultVersion)
	s.at(60*time.Hour, func() { delete(s.till.answer, s.r.ID) })
	s.goes()
	s.Equal(order.RefundPaid, s.result.Status)
	s.Greater(s.till.count(refundCall), 50)
}
