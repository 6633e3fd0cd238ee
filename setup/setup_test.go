package setup

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"holdfast/saga"
)

// state is a Temporal service as far as setup uses one. The real behaviour is tested with
// the embedded server.
type state struct {
	retention  map[string]time.Duration
	most       time.Duration // the longest retention that the service grants; 0: any
	attributes map[string]enumspb.IndexedValueType
	// deaf is how many queries are refused before new attributes are known.
	deaf      int
	schedules map[string]*client.ScheduleOptions
	writes    int
	// resumed counts signals by workflow and name.
	resumed map[string]int
}

// The parts of the client that setup calls.
type (
	service struct {
		client.Client
		*state
	}
	namespaces struct {
		workflowservice.WorkflowServiceClient
		*state
	}
	searchAttributes struct {
		operatorservice.OperatorServiceClient
		*state
	}
	schedules struct {
		client.ScheduleClient
		*state
	}
	handle struct {
		client.ScheduleHandle
		*state
		id string
	}
)

func (s service) WorkflowService() workflowservice.WorkflowServiceClient {
	return namespaces{state: s.state}
}

func (s service) OperatorService() operatorservice.OperatorServiceClient {
	return searchAttributes{state: s.state}
}

func (s service) ScheduleClient() client.ScheduleClient { return schedules{state: s.state} }

func (s namespaces) DescribeNamespace(_ context.Context, r *workflowservice.DescribeNamespaceRequest, _ ...grpc.CallOption) (*workflowservice.DescribeNamespaceResponse, error) {
	d, ok := s.retention[r.GetNamespace()]
	if !ok {
		return nil, serviceerror.NewNamespaceNotFound(r.GetNamespace())
	}
	return &workflowservice.DescribeNamespaceResponse{
		Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(d)},
	}, nil
}

func (s namespaces) RegisterNamespace(_ context.Context, r *workflowservice.RegisterNamespaceRequest, _ ...grpc.CallOption) (*workflowservice.RegisterNamespaceResponse, error) {
	s.writes++
	s.retention[r.GetNamespace()] = r.GetWorkflowExecutionRetentionPeriod().AsDuration()
	return nil, nil
}

func (s namespaces) UpdateNamespace(_ context.Context, r *workflowservice.UpdateNamespaceRequest, _ ...grpc.CallOption) (*workflowservice.UpdateNamespaceResponse, error) {
	s.writes++
	retention := r.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	if s.most > 0 {
		retention = min(retention, s.most)
	}
	s.retention[r.GetNamespace()] = retention
	return &workflowservice.UpdateNamespaceResponse{
		Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(retention)},
	}, nil
}

func (s searchAttributes) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest, ...grpc.CallOption) (*operatorservice.ListSearchAttributesResponse, error) {
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: s.attributes}, nil
}

func (s searchAttributes) AddSearchAttributes(_ context.Context, r *operatorservice.AddSearchAttributesRequest, _ ...grpc.CallOption) (*operatorservice.AddSearchAttributesResponse, error) {
	s.writes++
	maps.Copy(s.attributes, r.GetSearchAttributes())
	return nil, nil
}

func (s service) CountWorkflow(context.Context, *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	if s.deaf > 0 {
		s.deaf--
		return nil, serviceerror.NewInvalidArgument("no such attribute")
	}
	return &workflowservice.CountWorkflowExecutionsResponse{}, nil
}

func (s service) ListWorkflow(_ context.Context, r *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	if len(r.GetNextPageToken()) == 0 {
		return &workflowservice.ListWorkflowExecutionsResponse{
			Executions: []*workflowpb.WorkflowExecutionInfo{executionOf("refund/p-1/full")}, NextPageToken: []byte("more"),
		}, nil
	}
	return &workflowservice.ListWorkflowExecutionsResponse{
		Executions: []*workflowpb.WorkflowExecutionInfo{executionOf("refund/ended/full"), executionOf("refund/p-2/full")},
	}, nil
}

func executionOf(id string) *workflowpb.WorkflowExecutionInfo {
	return &workflowpb.WorkflowExecutionInfo{Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: "run"}}
}

func (s service) SignalWorkflow(_ context.Context, id, _, signal string, _ any) error {
	if id == "refund/ended/full" {
		return serviceerror.NewNotFound("it has ended")
	}
	s.resumed[id+" "+signal]++
	return nil
}

func (s schedules) Create(_ context.Context, o client.ScheduleOptions) (client.ScheduleHandle, error) {
	if s.schedules[o.ID] != nil {
		return nil, temporal.ErrScheduleAlreadyRunning
	}
	s.writes++
	s.schedules[o.ID] = &o
	return nil, nil
}

func (s schedules) GetHandle(_ context.Context, id string) client.ScheduleHandle {
	return handle{state: s.state, id: id}
}

func (h handle) Update(_ context.Context, o client.ScheduleUpdateOptions) error {
	in := client.ScheduleUpdateInput{}
	in.Description.Schedule.State = &client.ScheduleState{Paused: true}
	out, err := o.DoUpdate(in)
	if err != nil {
		return err
	}
	if !out.Schedule.State.Paused {
		return errors.New("an operator's pause was lost")
	}
	h.schedules[h.id].Spec, h.schedules[h.id].Overlap = *out.Schedule.Spec, out.Schedule.Policy.Overlap
	return nil
}

func empty() service {
	return service{state: &state{
		retention: map[string]time.Duration{}, attributes: map[string]enumspb.IndexedValueType{},
		schedules: map[string]*client.ScheduleOptions{}, resumed: map[string]int{},
	}}
}

func TestRunMakesWhatIsMissingAndRepeatsItself(t *testing.T) {
	s := empty()
	s.deaf = 2
	require.NoError(t, Run(t.Context(), s, Options{Namespace: "shop"}))
	assert.Equal(t, map[string]time.Duration{"shop": 720 * time.Hour}, s.retention)
	assert.Equal(t, map[string]enumspb.IndexedValueType{
		"OrderStatus": enumspb.INDEXED_VALUE_TYPE_KEYWORD, "CustomerId": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"ProductIds": enumspb.INDEXED_VALUE_TYPE_KEYWORD_LIST, "RefundStatus": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	}, s.attributes)
	assert.Equal(t, map[string]int{"refund/p-1/full resume": 1, "refund/p-2/full resume": 1}, s.resumed)
	assert.Zero(t, s.deaf, "it waits until the attributes can be used")
	require.Len(t, s.schedules, 1, "without views all orders stay")
	s.scheduled(t, "sweep", saga.SweepType, time.Minute)

	writes := s.writes
	s.schedules["sweep"].Spec.Intervals = nil
	require.NoError(t, Run(t.Context(), s, Options{Namespace: "shop"}))
	assert.Equal(t, writes, s.writes, "what is there is left alone")
	assert.Len(t, s.schedules["sweep"].Spec.Intervals, 1, "the schedule is brought up to date")

	require.NoError(t, Run(t.Context(), s, Options{Namespace: "shop", Views: true}))
	require.Len(t, s.schedules, 2)
	s.scheduled(t, "forget", saga.ForgetType, time.Hour)
}

func (s service) scheduled(t *testing.T, id, workflow string, every time.Duration) {
	t.Helper()
	schedule := s.schedules[id]
	require.NotNil(t, schedule)
	assert.Equal(t, every, schedule.Spec.Intervals[0].Every)
	assert.Equal(t, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, schedule.Overlap)
	action, ok := schedule.Action.(*client.ScheduleWorkflowAction)
	require.True(t, ok)
	assert.Equal(t, workflow, action.Workflow)
	assert.Equal(t, saga.TaskQueue, action.TaskQueue)
}

func TestRunCorrectsTheRetention(t *testing.T) {
	s := empty()
	s.retention["shop"] = 24 * time.Hour
	require.NoError(t, Run(t.Context(), s, Options{Namespace: "shop"}))
	assert.Equal(t, Retention, s.retention["shop"])
}

func TestRunRefusesARetentionBelowThatOfEndedHolds(t *testing.T) {
	s := empty()
	require.ErrorContains(t, Run(t.Context(), s, Options{Namespace: "shop", Retention: Retention - time.Hour}), "719h")
	assert.Zero(t, s.writes)

	s.retention["shop"], s.most = 24*time.Hour, 7*24*time.Hour
	err := Run(t.Context(), s, Options{Namespace: "shop"})
	require.ErrorContains(t, err, "168h", "the service grants less than it was asked for")
}

func TestAttributeOfAnotherTypeIsNotWaitedFor(t *testing.T) {
	s := empty()
	s.attributes["CustomerId"] = enumspb.INDEXED_VALUE_TYPE_TEXT
	err := Run(t.Context(), s, Options{Namespace: "shop"})
	var wrong *TypeError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "CustomerId", wrong.Name)
	assert.Len(t, s.attributes, 1, "nothing is added beside it")
}

func TestRunGivesUpWithItsContext(t *testing.T) {
	s := empty()
	s.deaf = 1 << 30
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := Run(ctx, s, Options{Namespace: "shop"})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.ErrorContains(t, err, "no such attribute")
}
