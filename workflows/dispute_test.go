package workflows_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/saga"
	"holdfast/workflows"
)

// disputing is a scenario of a dispute's own workflow.
type disputing struct {
	*testing.T
	*require.Assertions
	env *testsuite.TestWorkflowEnvironment
	// owner of the payment, according to its provider; foreign means that the payment is
	// another shop's.
	owner   string
	foreign bool
	stored  map[string][]byte
	result  order.Dispute
}

func openDispute(t *testing.T) *disputing {
	t.Helper()
	s := &disputing{T: t, Assertions: require.New(t), owner: orderID, stored: map[string][]byte{}}
	s.env = new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	s.env.RegisterWorkflowWithOptions(workflows.Dispute, workflow.RegisterOptions{Name: saga.DisputeType})
	s.env.RegisterActivityWithOptions((&activities.FindDispute{OrderOf: s.orderOf, Records: s}).Execute,
		activity.RegisterOptions{Name: activities.NameFindDispute})
	s.env.RegisterActivityWithOptions((&activities.DisputeRecord{Records: s}).Execute,
		activity.RegisterOptions{Name: activities.NameRecordDispute})
	return s
}

func (s *disputing) orderOf(context.Context, string, string) (string, bool, error) {
	return s.owner, !s.foreign, nil
}

// Everything implements what the activities read.
func (s *disputing) Everything(context.Context, string) (order.Stored, error) {
	return order.Stored{Payments: s.stored}, nil
}

// PutDispute implements what they write.
func (s *disputing) PutDispute(_ context.Context, id, provider, disputeID string, doc []byte) error {
	s.Equal(s.owner, id)
	s.stored["dispute:"+provider+":"+disputeID] = doc
	return nil
}

func (s *disputing) at(d time.Duration, do func()) { s.env.RegisterDelayedCallback(do, d) }

// says is a message of the provider, this many hours after the first.
func (s *disputing) says(status order.DisputeStatus, hours int) {
	s.env.SignalWorkflow(saga.DisputedSignal, order.Dispute{
		Status: status, Amount: 1000, Currency: "EUR", Reason: "fraudulent",
		OccurredAt: time.Date(2026, 3, 1, hours, 0, 0, 0, time.UTC),
	})
}

func (s *disputing) dismisses() {
	s.env.UpdateWorkflow(saga.DismissUpdate, "d-"+s.env.Now().String(), &testsuite.TestUpdateCallback{
		OnReject: func(err error) { s.NoError(err) }, OnAccept: func() {},
		OnComplete: func(_ any, err error) { s.NoError(err) },
	}, saga.Dismissal{Actor: "eva"})
}

func (s *disputing) goes() {
	s.Helper()
	s.env.ExecuteWorkflow(saga.DisputeType, order.Dispute{ID: "dp_1", Provider: "stripe", PaymentID: "pi_1"})
	s.True(s.env.IsWorkflowCompleted())
	s.NoError(s.env.GetWorkflowError())
	s.NoError(s.env.GetWorkflowResult(&s.result))
}

func (s *disputing) onRecord() (d order.Dispute) {
	s.Helper()
	s.NoError(json.Unmarshal(s.stored["dispute:stripe:dp_1"], &d))
	return d
}

func TestADisputeIsOnRecordUntilAnOperatorDismissesItAndAfter(t *testing.T) {
	s := openDispute(t)
	s.at(0, func() { s.says(order.DisputeUnderReview, 2) })
	s.at(time.Hour, func() {
		s.Equal(order.DisputeUnderReview, s.onRecord().Status)
		s.Equal(orderID, s.onRecord().OrderID)
		s.says(order.DisputeNeedsResponse, 1) // late
		s.says(order.DisputeUnderReview, 2)   // twice
	})
	s.at(2*time.Hour, func() {
		s.Equal(int64(1), s.onRecord().Version, "nothing new was said")
		s.says(order.DisputeLost, 3)
	})
	s.at(3*time.Hour, func() { s.dismisses() })
	s.goes()
	d := s.onRecord()
	s.Equal(s.result, d)
	s.Equal(order.DisputeLost, d.Status)
	s.Equal("eva", d.DismissedBy)
	s.Equal(int64(3), d.Version)
}

// A dismissed dispute becomes an alert again through news, and only through news.
func TestADismissedDisputeIsOpenedAgainByNews(t *testing.T) {
	first := openDispute(t)
	first.at(0, func() { first.says(order.DisputeNeedsResponse, 1) })
	first.at(time.Hour, func() { first.dismisses() })
	first.goes()

	repeated := openDispute(t)
	repeated.stored = first.stored
	repeated.at(0, func() { repeated.says(order.DisputeNeedsResponse, 1) })
	repeated.goes()
	repeated.Equal(first.result, repeated.result)

	news := openDispute(t)
	news.stored = first.stored
	news.at(0, func() { news.says(order.DisputeWon, 2) })
	news.at(time.Hour, func() {
		news.Equal(order.DisputeWon, news.onRecord().Status)
		news.Zero(news.onRecord().DismissedAt)
		news.dismisses()
	})
	news.goes()
	news.Equal(order.DisputeWon, news.result.Status)
}

// A dispute whose payment is unknown is an alert all the same; one of another shop with the
// same account is none.
func TestADisputeOfAPaymentThatNobodyKnows(t *testing.T) {
	s := openDispute(t)
	s.owner = ""
	s.at(0, func() { s.says(order.DisputeNeedsResponse, 1) })
	s.at(time.Hour, func() { s.dismisses() })
	s.goes()
	s.Equal(order.DisputeNeedsResponse, s.result.Status)
	s.Empty(s.result.OrderID)
	s.Empty(s.stored)

	s = openDispute(t)
	s.owner, s.foreign = "", true
	s.at(0, func() { s.says(order.DisputeNeedsResponse, 1) })
	s.goes()
	s.Empty(s.result.Status)
	s.Empty(s.stored)
}
