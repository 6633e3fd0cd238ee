package views

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/redisdb"
	"holdfast/saga"
	sagaclient "holdfast/saga/client"
	"holdfast/search"
	"holdfast/search/reindex"
)

// staleIndex is an index of which only this is known.
type staleIndex struct {
	search.Index
	stale, unfilled []search.View
}

func (x staleIndex) Stale(context.Context) ([]search.View, error) { return x.stale, nil }

func (x staleIndex) Unfilled(context.Context) ([]search.View, error) { return x.unfilled, nil }

var errBegun = errors.New("a rebuild was begun")

func (staleIndex) Rebuild(context.Context, search.View) (search.Rebuild, error) { return nil, errBegun }

// starts is a Temporal that records what is started. last is how the last run of each
// workflow ended; nil if there was none.
type starts struct {
	client.Client
	started []string
	params  []saga.RebuildParams
	last    *ended
}

type ended struct {
	status enumspb.WorkflowExecutionStatus
	ago    time.Duration
	err    error
}

func (s *starts) ExecuteWorkflow(_ context.Context, o client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	s.started = append(s.started, o.ID)
	s.params = append(s.params, args[0].(saga.RebuildParams))
	return nil, nil //nolint:nilnil // the run is not used
}

func (s *starts) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if s.last == nil {
		return nil, serviceerror.NewNotFound("no such workflow")
	}
	info := &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: "last"}, Status: s.last.status,
	}
	if s.last.status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		info.CloseTime = timestamppb.New(time.Now().Add(-s.last.ago))
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: info}, nil
}

func (s *starts) GetWorkflow(context.Context, string, string) client.WorkflowRun {
	return endedRun{err: s.last.err}
}

type endedRun struct {
	client.WorkflowRun
	err error
}

func (r endedRun) Get(context.Context, any) error { return r.err }

// watched is a watcher, and what it did.
type watched struct {
	*watcher
	redis *miniredis.Miniredis
	made  *starts
	log   *strings.Builder
}

func newWatched(t *testing.T, x staleIndex) watched {
	t.Helper()
	m := miniredis.RunT(t)
	rdb, err := redisdb.Open(t.Context(), "redis://"+m.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	made, log := &starts{}, &strings.Builder{}
	return watched{newWatcher(Config{
		Sagas: sagaclient.New(made, ""), Redis: rdb, Index: x, TaskQueue: "q", Log: slog.New(slog.NewTextHandler(log, nil)),
	}), m, made, log}
}

const waits = "a view waits for an operator"

// Orders that had left Redis can only come back from a snapshot: a view without them that
// claims to be complete would prevent that.
func TestALostViewOfColdOrdersIsLeftToAnOperator(t *testing.T) {
	w := newWatched(t, staleIndex{stale: search.Views(), unfilled: search.Views()})
	w.redis.HSet(redisdb.AllBuckets()[3]+":forgotten", "delivered", "2", "cancelled", "1")
	for range 3 {
		require.NoError(t, w.check(t.Context()))
	}
	require.Equal(t, []string{"reindex/products", "reindex/products", "reindex/products"}, w.made.started)
	require.Equal(t, 1, strings.Count(w.log.String(), waits), "not at each look")
	require.Contains(t, w.log.String(), "level=ERROR")
	require.Contains(t, w.log.String(), "3 orders had left Redis")
	require.Contains(t, w.log.String(), "The orders view was lost")
	w.said[search.ViewOrders] = w.said[search.ViewOrders].Add(-sayEvery)
	require.NoError(t, w.check(t.Context()))
	require.Equal(t, 2, strings.Count(w.log.String(), waits), "a minute later")
}

func TestStaleViewsThatAreRebuiltUnasked(t *testing.T) {
	for name, c := range map[string]struct {
		unfilled []search.View
		left     bool
		last     *ended
	}{
		"lost, and all orders are in Redis":                {unfilled: search.Views()},
		"of an older shape, which has the cold orders":     {left: true},
		"the products alone are lost":                      {unfilled: []search.View{search.ViewProducts}, left: true},
		"the last rebuild was done":                        {last: &ended{enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, 0, nil}},
		"one goes on":                                      {last: &ended{status: enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING}},
		"somebody ended the last one":                      {last: &ended{enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, 0, nil}},
		"a worker without an index had the last one":       {last: &ended{enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, 0, errNoIndex}},
		"the last one refused something, but an hour ago ": {last: &ended{enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, restAfterRefusal, refusal()}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatched(t, staleIndex{stale: search.Views(), unfilled: c.unfilled})
			if c.left {
				w.redis.HSet(redisdb.AllBuckets()[3]+":forgotten", "delivered", "2")
			}
			w.made.last = c.last
			require.NoError(t, w.check(t.Context()))
			require.Equal(t, []string{"reindex/products", "reindex/orders"}, w.made.started)
			require.True(t, w.made.params[1].Unasked)
			require.Empty(t, w.log.String())
		})
	}
}

// refusal is the error with which a workflow ends if its new view refused orders.
func refusal() error {
	return final(&reindex.RefusedError{
		View: search.ViewOrders, Count: 1, First: []search.Result{{ID: "old-1", Reason: "currency: wrong"}},
	})
}

// Each try reads all of Redis: a view whose rebuild refuses what must not be lost is left
// alone for a while.
func TestARefusedRebuildIsNotBegunAgainAtOnce(t *testing.T) {
	w := newWatched(t, staleIndex{stale: []search.View{search.ViewOrders}})
	w.made.last = &ended{enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, time.Minute, refusal()}
	for range 3 {
		require.NoError(t, w.check(t.Context()))
	}
	require.Empty(t, w.made.started)
	require.Equal(t, 1, strings.Count(w.log.String(), waits))
	require.Contains(t, w.log.String(), "old-1: currency: wrong")
	require.Contains(t, w.log.String(), "A rebuild refuses orders")
}

func TestARefusalEndsTheWorkflow(t *testing.T) {
	why, ok := errors.AsType[*temporal.ApplicationError](refusal())
	require.True(t, ok)
	require.True(t, why.NonRetryable())
	require.ErrorContains(t, final(errBegun), errBegun.Error())
	_, ok = errors.AsType[*temporal.ApplicationError](final(errBegun))
	require.False(t, ok, "it is tried again")
}

// The index may come back empty after an automatic rebuild was started. An operator may
// give the orders up.
func TestAnUnaskedRebuildLooksAgain(t *testing.T) {
	w := newWatched(t, staleIndex{unfilled: []search.View{search.ViewOrders}})
	w.redis.HSet(redisdb.AllBuckets()[3]+":forgotten", "delivered", "2")
	rebuild := (&Keeper{config: w.config}).Rebuild
	_, err := rebuild(t.Context(), saga.RebuildParams{View: "orders", Unasked: true}, nil)
	why, ok := errors.AsType[*temporal.ApplicationError](err)
	require.True(t, ok, err)
	require.True(t, why.NonRetryable())
	require.Contains(t, why.Message(), "The orders view was lost")
	_, err = rebuild(t.Context(), saga.RebuildParams{View: "orders"}, nil)
	require.ErrorIs(t, err, errBegun)
	_, err = rebuild(t.Context(), saga.RebuildParams{View: "products", Unasked: true}, nil)
	require.ErrorIs(t, err, errBegun)
}
