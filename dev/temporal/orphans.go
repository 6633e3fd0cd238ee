package temporal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	enumsspb "go.temporal.io/server/api/enums/v1"
	persistencespb "go.temporal.io/server/api/persistence/v1"
	"google.golang.org/protobuf/proto"
)

const (
	// orphanedWithin is how far ahead timers of workflow tasks lie at most: Temporal's
	// longest timeout of a workflow task is a minute.
	orphanedWithin = time.Minute
	// giveUpAfter is when a workflow task is given up that a dead process had. The server's
	// timer queue wrote down that it is at most a second ahead of the clock.
	giveUpAfter = time.Second
)

// giveUpOrphans makes the timers of workflow tasks that a process had when it died fire at
// once. A server waits for such a task's timeout, 10 s, before it gives the task to another
// worker: it can't know whether the worker lives. When the server itself was killed, its
// workers were too, since they run in its process. A worker elsewhere that is still at such
// a task only does it for nothing, as after a timeout: the task's new attempt counts.
//
// It looks into the file before the server opens it.
func giveUpOrphans(ctx context.Context, dsn string, now time.Time) (given int, err error) {
	db, err := sql.Open("sqlite", dsn+"?_time_format=sqlite")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("begin to give up workflow tasks: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	fireAt := now.UTC().Add(giveUpAfter).Truncate(time.Microsecond)
	orphans, err := orphanedTimers(ctx, tx, fireAt, fireAt.Add(orphanedWithin))
	if err != nil {
		return 0, err
	}
	for _, o := range orphans {
		if _, err := tx.ExecContext(ctx, "UPDATE timer_tasks SET visibility_timestamp = ? WHERE rowid = ?", fireAt, o); err != nil {
			return 0, fmt.Errorf("let the timer of a workflow task fire: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("commit the workflow tasks given up: %w", err)
	}
	return len(orphans), nil
}

// orphanedTimers finds the rows of workflow tasks' timers.
func orphanedTimers(ctx context.Context, tx *sql.Tx, from, to time.Time) (found []int64, err error) {
	rows, err := tx.QueryContext(ctx,
		"SELECT rowid, data FROM timer_tasks WHERE visibility_timestamp > ? AND visibility_timestamp < ?", from, to)
	if err != nil {
		return nil, fmt.Errorf("look for workflow tasks that are left: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var (
			id   int64
			data []byte
			info persistencespb.TimerTaskInfo
		)
		if err := rows.Scan(&id, &data); err != nil {
			return nil, fmt.Errorf("read a timer: %w", err)
		}
		if err := proto.Unmarshal(data, &info); err != nil {
			return nil, fmt.Errorf("read the timer in row %d: %w", id, err)
		}
		if info.GetTaskType() == enumsspb.TASK_TYPE_WORKFLOW_TASK_TIMEOUT {
			found = append(found, id)
		}
	}
	return found, rows.Err()
}
