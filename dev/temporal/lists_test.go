package temporal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"golang.org/x/sync/errgroup"
)

// table is the lists' database, in a map.
type table struct {
	sqlplugin.DB
	mu       sync.Mutex
	versions map[string]int64 // by run
	writes   int
	batches  int
	refuse   string // a run whose row can't be written
	blocked  chan struct{}
}

var errRow = errors.New("this row can't be written")

func (t *table) BeginTx(context.Context) (sqlplugin.Tx, error) {
	if t.blocked != nil {
		<-t.blocked
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.batches++
	return transaction{t: t}, nil
}

func (t *table) InsertIntoVisibility(_ context.Context, row *sqlplugin.VisibilityRow) (sql.Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes++
	if row.RunID == t.refuse {
		return nil, errRow
	}
	if _, there := t.versions[row.RunID]; !there {
		t.versions[row.RunID] = row.Version
	}
	return driver.RowsAffected(1), nil
}

func (t *table) ReplaceIntoVisibility(_ context.Context, row *sqlplugin.VisibilityRow) (sql.Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes++
	if row.RunID == t.refuse {
		return nil, errRow
	}
	t.versions[row.RunID] = max(row.Version, t.versions[row.RunID])
	return driver.RowsAffected(1), nil
}

func (t *table) DeleteFromVisibility(_ context.Context, f sqlplugin.VisibilityDeleteFilter) (sql.Result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.writes++
	delete(t.versions, f.RunID)
	return driver.RowsAffected(1), nil
}

func (t *table) Close() error { return nil }

type transaction struct {
	sqlplugin.Tx
	t *table
}

func (x transaction) InsertIntoVisibility(ctx context.Context, row *sqlplugin.VisibilityRow) (sql.Result, error) {
	return x.t.InsertIntoVisibility(ctx, row)
}

func (x transaction) ReplaceIntoVisibility(ctx context.Context, row *sqlplugin.VisibilityRow) (sql.Result, error) {
	return x.t.ReplaceIntoVisibility(ctx, row)
}

func (x transaction) DeleteFromVisibility(ctx context.Context, f sqlplugin.VisibilityDeleteFilter) (sql.Result, error) {
	return x.t.DeleteFromVisibility(ctx, f)
}

func (x transaction) Commit() error   { return nil }
func (x transaction) Rollback() error { return nil }

func row(run string, version int64) *sqlplugin.VisibilityRow {
	return &sqlplugin.VisibilityRow{NamespaceID: "n", RunID: run, Version: version}
}

func TestWhatComesWhileABatchIsWrittenIsOneBatchMore(t *testing.T) {
	db := &table{versions: map[string]int64{}, blocked: make(chan struct{})}
	l := newLists(db, 0)
	var calls errgroup.Group
	const orders = 50
	calls.Go(func() error { _, err := l.InsertIntoVisibility(t.Context(), row("first", 1)); return err })
	require.Eventually(t, func() bool { // the first batch is under way
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.writing && len(l.waiting) == 0
	}, 10*time.Second, time.Millisecond)
	for i := range orders {
		run := fmt.Sprint(i)
		calls.Go(func() error { _, err := l.InsertIntoVisibility(t.Context(), row(run, 1)); return err })
		calls.Go(func() error { _, err := l.ReplaceIntoVisibility(t.Context(), row(run, 2)); return err })
		calls.Go(func() error { _, err := l.ReplaceIntoVisibility(t.Context(), row(run, 3)); return err })
	}
	require.Eventually(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.waiting) == 3*orders
	}, 10*time.Second, time.Millisecond)
	close(db.blocked)
	require.NoError(t, calls.Wait())
	require.Equal(t, 2, db.batches)
	require.Equal(t, 1+orders, db.writes, "one row of each workflow")
	for i := range orders {
		require.EqualValues(t, 3, db.versions[fmt.Sprint(i)], "the newest")
	}
	require.NoError(t, l.Close())
}

func TestOfABatchOnlyTheNewestRowOfAWorkflowIsWritten(t *testing.T) {
	insert := func(run string, v int64) *listed { return &listed{row: row(run, v), insert: true} }
	replace := func(run string, v int64) *listed { return &listed{row: row(run, v)} }
	remove := func(run string) *listed {
		return &listed{deleted: sqlplugin.VisibilityDeleteFilter{NamespaceID: "n", RunID: run}}
	}
	a1, a2, a3, b1, gone, a4 := insert("a", 1), replace("a", 2), replace("a", 3), insert("b", 1), remove("a"), replace("a", 4)
	for name, c := range map[string]struct{ batch, want []*listed }{
		"started, then paid":       {[]*listed{a1, a2}, []*listed{a2}},
		"paid, then started":       {[]*listed{a2, a1}, []*listed{a2}},
		"closed, then paid":        {[]*listed{a3, a2}, []*listed{a3}},
		"two workflows":            {[]*listed{a1, b1, a3}, []*listed{a3, b1}},
		"started twice":            {[]*listed{a1, a1}, []*listed{a1}},
		"closed, then deleted":     {[]*listed{a3, gone}, []*listed{a3, gone}},
		"deleted, then once again": {[]*listed{a3, gone, a4}, []*listed{a3, gone, a4}},
	} {
		require.Equal(t, c.want, newest(c.batch), name)
	}
}

func TestARowThatCannotBeWrittenHoldsUpNoOther(t *testing.T) {
	db := &table{versions: map[string]int64{}, refuse: "bad"}
	l := newLists(db, 0)
	var calls errgroup.Group
	for _, run := range []string{"a", "bad", "b"} {
		calls.Go(func() error {
			_, err := l.ReplaceIntoVisibility(t.Context(), row(run, 1))
			if (run == "bad") != errors.Is(err, errRow) {
				return fmt.Errorf("%s: %w", run, err)
			}
			return nil
		})
	}
	require.NoError(t, calls.Wait())
	require.Equal(t, map[string]int64{"a": 1, "b": 1}, db.versions)
	require.NoError(t, l.Close())
	_, err := l.InsertIntoVisibility(t.Context(), row("late", 1))
	require.ErrorIs(t, err, errListsClosed)
}

func TestWhoeverGivesUpWaitingForTheListsIsFree(t *testing.T) {
	db := &table{versions: map[string]int64{}, blocked: make(chan struct{})}
	l := newLists(db, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := l.InsertIntoVisibility(ctx, row("a", 1))
	require.ErrorIs(t, err, context.Canceled)
	close(db.blocked)
	require.NoError(t, l.Close(), "Close waits for the batch at hand")
	require.Equal(t, map[string]int64{"a": 1}, db.versions)
}

func TestABusyListGathersAndAnIdleOneDoesNot(t *testing.T) {
	db := &table{versions: map[string]int64{}}
	l := newLists(db, time.Hour)
	for i := range atOnce { // an idle server answers each call
		_, err := l.InsertIntoVisibility(t.Context(), row(fmt.Sprint("idle", i), 1))
		require.NoError(t, err)
	}
	require.Equal(t, atOnce, db.batches)
	var calls errgroup.Group
	const more = 20
	for i := range more {
		calls.Go(func() error {
			_, err := l.InsertIntoVisibility(t.Context(), row(fmt.Sprint("busy", i), 1))
			return err
		})
	}
	require.Eventually(t, func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.waiting) == more
	}, 10*time.Second, time.Millisecond, "they are gathered")
	require.NoError(t, l.Close(), "Close writes what was gathered")
	require.NoError(t, calls.Wait())
	require.Equal(t, atOnce+1, db.batches)
}
