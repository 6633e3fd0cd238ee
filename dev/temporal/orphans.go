package temporal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/temporal"
	enumsspb "go.temporal.io/server/api/enums/v1"
	persistencespb "go.temporal.io/server/api/persistence/v1"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"
)

const (
	// orphanedWithin is how far ahead the timers of workflow tasks can be: Temporal's
	// longest timeout of a workflow task is a minute.
	orphanedWithin = time.Minute
	// giveUpAfter is when a dead process's workflow task is given up. The server's timer
	// queue recorded that it is at most a second ahead of the clock.
	giveUpAfter = time.Second
	// mostBusy is how many workflows are asked for their activities, failAtOnce how many at
	// a time.
	mostBusy, failAtOnce = 1000, 16
	failTimeout          = 10 * time.Second
)

// giveUpOrphans makes the timers of workflow tasks that a process had when it died fire at
// once. A server waits for such a task's timeout, 10 s, before it gives the task to another
// worker: it can't know whether the worker is alive. When the server itself was killed, its
// workers were too, since they run in its process. A worker elsewhere that is still
// processing such a task merely works in vain, as after a timeout: the task's new attempt
// counts.
//
// It changes the file before the server opens it.
//
// Activities check the time themselves when their timers fire, so those timers stay; the
// result names the workflows that have some, for failOrphans.
func giveUpOrphans(ctx context.Context, dsn string, now time.Time) (busy []*commonpb.WorkflowExecution, err error) {
	db, err := sql.Open("sqlite", dsn+"?_time_format=sqlite")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("start giving up workflow tasks: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	fireAt := now.UTC().Add(giveUpAfter).Truncate(time.Microsecond)
	orphans, busy, err := orphanedTimers(ctx, tx, fireAt)
	if err != nil {
		return nil, err
	}
	for _, o := range orphans {
		if _, err := tx.ExecContext(ctx, "UPDATE timer_tasks SET visibility_timestamp = ? WHERE rowid = ?", fireAt, o); err != nil {
			return nil, fmt.Errorf("let the timer of a workflow task fire: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit the workflow tasks given up: %w", err)
	}
	return busy, nil
}

// orphanedTimers finds the rows of workflow tasks' timers, and the workflows with timers of
// activities.
func orphanedTimers(ctx context.Context, tx *sql.Tx, from time.Time) (
	tasks []int64, busy []*commonpb.WorkflowExecution, err error,
) {
	rows, err := tx.QueryContext(ctx, "SELECT rowid, data FROM timer_tasks WHERE visibility_timestamp > ? AND visibility_timestamp < ?",
		from, from.Add(orphanedWithin))
	if err != nil {
		return nil, nil, fmt.Errorf("find orphaned tasks: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	seen := map[string]bool{}
	for rows.Next() {
		var (
			id   int64
			data []byte
			info persistencespb.TimerTaskInfo
		)
		if err := rows.Scan(&id, &data); err != nil {
			return nil, nil, fmt.Errorf("read a timer: %w", err)
		}
		if err := proto.Unmarshal(data, &info); err != nil {
			return nil, nil, fmt.Errorf("read the timer in row %d: %w", id, err)
		}
		switch info.GetTaskType() { //nolint:exhaustive // other timers are the workflows' own
		case enumsspb.TASK_TYPE_WORKFLOW_TASK_TIMEOUT:
			tasks = append(tasks, id)
		case enumsspb.TASK_TYPE_ACTIVITY_TIMEOUT:
			if !seen[info.GetRunId()] && len(busy) < mostBusy {
				seen[info.GetRunId()] = true
				busy = append(busy, &commonpb.WorkflowExecution{WorkflowId: info.GetWorkflowId(), RunId: info.GetRunId()})
			}
		}
	}
	return tasks, busy, rows.Err()
}

// failOrphans fails activities that started before this server did, because their worker is
// gone, so that they are retried at once. Those that it misses wait for their timeout, as
// they would on any server.
func (s *Server) failOrphans(busy []*commonpb.WorkflowExecution, since time.Time) {
	if len(busy) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(s.ending, failTimeout)
	defer cancel()
	c, err := s.client()
	if err != nil {
		return
	}
	defer c.Close()
	var all errgroup.Group
	all.SetLimit(failAtOnce)
	for _, execution := range busy {
		all.Go(func() error {
			d, err := c.DescribeWorkflowExecution(ctx, execution.GetWorkflowId(), execution.GetRunId())
			if err != nil {
				return nil //nolint:nilerr // closed, or of another namespace
			}
			for _, a := range d.GetPendingActivities() {
				if a.GetState() != enumspb.PENDING_ACTIVITY_STATE_STARTED || !a.GetLastStartedTime().AsTime().Before(since) {
					continue
				}
				failure := sdk.GetDefaultFailureConverter().ErrorToFailure(errWorkerDied)
				failure.GetApplicationFailureInfo().Details = a.GetHeartbeatDetails() // its last progress, as after a timeout
				_, _ = c.WorkflowService().RespondActivityTaskFailedById(ctx, &workflowservice.RespondActivityTaskFailedByIdRequest{
					Namespace: s.opts.Namespace, WorkflowId: execution.GetWorkflowId(), RunId: execution.GetRunId(), ActivityId: a.GetActivityId(),
					Failure: failure, LastHeartbeatDetails: a.GetHeartbeatDetails(), Identity: "holdfast-dev",
				})
			}
			return nil
		})
	}
	_ = all.Wait()
}

var errWorkerDied = sdk.NewApplicationError("its worker's process was killed", "WorkerDied")
