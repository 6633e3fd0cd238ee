package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"holdfast/activities"
	"holdfast/webhook"
	"holdfast/workflows"
)

// merchant is an endpoint with its log, and the server behind it.
type merchant struct {
	env      *testsuite.TestWorkflowEnvironment
	endpoint webhook.Stored
	gone     bool
	moved    bool // while the first 410 was on its way
	tried    []webhook.Tried
	settled  []webhook.DeliveryStatus
	// answers are in the order of the tries; the last one is repeated.
	answers []any
	removes int // after this many tries the endpoint is removed
}

func (m *merchant) Get(context.Context, string) (webhook.Stored, error) {
	if m.gone || (m.removes > 0 && len(m.tried) >= m.removes) {
		return webhook.Stored{}, webhook.ErrNotFound
	}
	return m.endpoint, nil
}

func (m *merchant) Disable(context.Context, webhook.Stored, time.Time) (bool, error) {
	if m.moved {
		m.moved = false
		return false, nil
	}
	m.endpoint.Status = webhook.StatusDisabled
	return true, nil
}

func (m *merchant) Tries(context.Context, string, string, string) (int, error) {
	return len(m.tried), nil
}

func (m *merchant) Log(_ context.Context, _ string, _ webhook.Event, t webhook.Tried) error {
	m.tried = append(m.tried, t)
	return nil
}

func (m *merchant) Settle(_ context.Context, _, _ string, s webhook.DeliveryStatus) error {
	m.settled = append(m.settled, s)
	return nil
}

func (m *merchant) Send(context.Context, string, []string, webhook.Event) (webhook.Answer, error) {
	switch a := m.answers[min(len(m.tried), len(m.answers)-1)].(type) {
	case int:
		return webhook.Answer{Status: a}, nil
	case webhook.Answer:
		return a, nil
	case error:
		return webhook.Answer{}, a
	}
	panic("no answer")
}

// pauses are the times between the tries.
func (m *merchant) pauses() []time.Duration {
	var all []time.Duration
	for i := 1; i < len(m.tried); i++ {
		all = append(all, m.tried[i].Attempt.At.Sub(m.tried[i-1].Attempt.At).Round(time.Second))
	}
	return all
}

func deliver(t *testing.T, m *merchant) (activities.WebhookResult, error) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	m.env = suite.NewTestWorkflowEnvironment()
	m.endpoint = webhook.Stored{
		Endpoint: webhook.Endpoint{ID: "wh_1", URL: "https://shop.example", Status: webhook.StatusActive},
		Secrets:  []webhook.Secret{{Value: webhook.NewSecret()}},
	}
	deliver := &activities.Deliver{
		Endpoints: m, Sender: m, Slots: &activities.EndpointSlots{}, Now: m.env.Now, Jitter: func() float64 { return 0.5 },
	}
	m.env.RegisterActivityWithOptions(deliver.Execute, activity.RegisterOptions{Name: activities.NameDeliverWebhook})
	m.env.RegisterActivityWithOptions((&activities.WebhookSettler{Endpoints: m}).Execute,
		activity.RegisterOptions{Name: activities.NameSettleWebhook})
	m.env.ExecuteWorkflow(workflows.Webhook, webhook.Delivery{
		EndpointID: "wh_1", Host: "shop.example", Event: webhook.Event{ID: "1-2-3", Type: webhook.OrderPaid, Body: []byte(`{}`)},
	})
	require.True(t, m.env.IsWorkflowCompleted())
	var result activities.WebhookResult
	err := m.env.GetWorkflowError()
	if err == nil {
		require.NoError(t, m.env.GetWorkflowResult(&result))
	}
	return result, err
}

func statuses(m *merchant) []webhook.DeliveryStatus {
	var all []webhook.DeliveryStatus
	for _, t := range m.tried {
		all = append(all, t.Status)
	}
	return all
}

func TestAWebhookIsSentUntilItIsTaken(t *testing.T) {
	timeout := &webhook.UnansweredError{Trouble: webhook.TroubleTimeout, Cause: errors.New("nothing came")}
	m := &merchant{answers: []any{500, timeout, 302, 400, 204}}
	result, err := deliver(t, m)
	require.NoError(t, err)
	require.Equal(t, activities.WebhookResult{Outcome: activities.WebhookTaken, Status: 204}, result)
	require.Equal(t, []webhook.DeliveryStatus{
		webhook.DeliveryPending, webhook.DeliveryPending, webhook.DeliveryPending, webhook.DeliveryPending, webhook.DeliveryDelivered,
	}, statuses(m))
	require.Equal(t, []time.Duration{5 * time.Second, 15 * time.Second, 45 * time.Second, 135 * time.Second}, m.pauses())
	require.Equal(t, webhook.TroubleTimeout, m.tried[1].Attempt.Error)
	require.Equal(t, 302, m.tried[2].Attempt.Status)
	for i, p := range m.pauses() {
		require.Equal(t, m.tried[i].Attempt.At.Add(p).Unix(), m.tried[i].NextAt.Unix(), "the log knows when the next try is")
	}
	require.Zero(t, m.tried[4].NextAt)
}

func TestAWebhookThatNobodyTakesFailsAfterThreeDays(t *testing.T) {
	// The test environment makes at most ten tries: let them be far apart.
	m := &merchant{answers: []any{webhook.Answer{Status: 503, RetryAfter: 12 * time.Hour}}}
	_, err := deliver(t, m)
	require.ErrorContains(t, err, "the endpoint answered 503")
	require.Equal(t, []webhook.DeliveryStatus{webhook.DeliveryFailed}, m.settled)
	whole := m.tried[len(m.tried)-1].Attempt.At.Sub(m.tried[0].Attempt.At)
	require.LessOrEqual(t, whole, 3*24*time.Hour)
	require.GreaterOrEqual(t, whole, 60*time.Hour)
}

func TestAWebhookThatIsBusySaysWhenToComeAgain(t *testing.T) {
	m := &merchant{answers: []any{
		webhook.Answer{Status: 429, RetryAfter: 10 * time.Minute},
		webhook.Answer{Status: 503, RetryAfter: time.Second},
		webhook.Answer{Status: 503, RetryAfter: 1000 * time.Hour},
		200,
	}}
	_, err := deliver(t, m)
	require.NoError(t, err)
	require.Equal(t, []time.Duration{10 * time.Minute, 15 * time.Second, 12 * time.Hour}, m.pauses())
}

func TestAMessageToAWebhookThatMovedMeanwhileIsSentAgain(t *testing.T) {
	m := &merchant{answers: []any{410, 200}, moved: true}
	result, err := deliver(t, m)
	require.NoError(t, err)
	require.Equal(t, activities.WebhookResult{Outcome: activities.WebhookTaken, Status: 200}, result)
	require.Equal(t, webhook.StatusActive, m.endpoint.Status)
	require.Equal(t, []webhook.DeliveryStatus{webhook.DeliveryPending, webhook.DeliveryDelivered}, statuses(m))
}

func TestAWebhookThatIsGoneGetsNothingMore(t *testing.T) {
	m := &merchant{answers: []any{500, 410}}
	result, err := deliver(t, m)
	require.NoError(t, err)
	require.Equal(t, activities.WebhookResult{Outcome: activities.WebhookGone, Status: 410}, result)
	require.Equal(t, webhook.StatusDisabled, m.endpoint.Status)
	require.Equal(t, []webhook.DeliveryStatus{webhook.DeliveryPending, webhook.DeliveryDropped}, statuses(m))
}

func TestAWebhookThatIsRemovedEndsItsDeliveries(t *testing.T) {
	m := &merchant{answers: []any{500}, removes: 2}
	result, err := deliver(t, m)
	require.NoError(t, err)
	require.Equal(t, activities.WebhookRemoved, result.Outcome)
	require.Len(t, m.tried, 2)
	require.Equal(t, []webhook.DeliveryStatus{webhook.DeliveryDropped}, m.settled)
}

// A hanging endpoint only uses its own slots, and a message that finds them taken is
// retried without that counting as a try.
func TestAnEndpointHasItsOwnPlaces(t *testing.T) {
	m := &merchant{answers: []any{200}, endpoint: webhook.Stored{Endpoint: webhook.Endpoint{Status: webhook.StatusActive}}}
	hanging, release := make(chan struct{}, activities.PerEndpoint), make(chan struct{})
	d := &activities.Deliver{Endpoints: m, Slots: &activities.EndpointSlots{}, Sender: hangs{hanging, release}}
	run := func(endpoint string) error {
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestActivityEnvironment()
		env.RegisterActivity(d.Execute)
		_, err := env.ExecuteActivity(d.Execute, webhook.Delivery{EndpointID: endpoint})
		return err
	}
	ended := make(chan error, activities.PerEndpoint)
	for range activities.PerEndpoint {
		go func() { ended <- run("slow") }()
	}
	for range activities.PerEndpoint {
		<-hanging
	}
	busy, ok := errors.AsType[*temporal.ApplicationError](run("slow"))
	require.True(t, ok)
	require.Equal(t, "busy", busy.Type())
	require.LessOrEqual(t, busy.NextRetryDelay(), 2*time.Second)
	go func() { ended <- run("other") }()
	<-hanging
	close(release)
	for range activities.PerEndpoint + 1 {
		require.ErrorContains(t, <-ended, "stopped")
	}
}

// hangs signals that it was called and answers when it may.
type hangs struct {
	asked   chan<- struct{}
	release <-chan struct{}
}

func (h hangs) Send(context.Context, string, []string, webhook.Event) (webhook.Answer, error) {
	h.asked <- struct{}{}
	<-h.release
	return webhook.Answer{}, errors.New("stopped")
}
