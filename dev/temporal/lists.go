package temporal

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	persistencesql "go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/resolver"
)

// listsPlugin is SQLite with its lists of workflows written in batches.
const listsPlugin = "sqlite-batched"

const (
	// gatherFor is how long a busy server collects changes for a batch. An order is listed
	// when it is placed, paid and closed; changes within one batch are written once. The
	// lists lag by that much, as they do with Elasticsearch behind them.
	gatherFor = 500 * time.Millisecond
	// atOnce is how many batches in that time are written without collecting: on a server
	// that isn't busy the lists don't lag.
	atOnce = 4
	// writeTimeout bounds the writing of one batch. Its callers give up sooner, and try
	// again.
	writeTimeout = 10 * time.Second
)

//nolint:gochecknoinits // the server finds its plugins by their names
func init() { persistencesql.RegisterPlugin(listsPlugin, batchedSQLite{}) }

type batchedSQLite struct{}

// CreateDB opens the database as SQLite's own plugin does.
func (batchedSQLite) CreateDB(
	kind sqlplugin.DbKind, cfg *config.SQL, r resolver.ServiceResolver, l log.Logger, mh metrics.Handler,
) (sqlplugin.GenericDB, error) {
	plain := *cfg
	plain.PluginName = sqlite.PluginName
	db, err := persistencesql.NewSQLDB(kind, &plain, r, l, mh)
	if err != nil {
		return nil, err
	}
	batched := newLists(db, gatherFor)
	batched.admin = db.(admin) //nolint:forcetypeassert // SQLite's own plugin returns both
	return batched, nil
}

// admin is what the server needs from a database before it uses it, besides the database's
// name.
type admin interface {
	sqlplugin.AdminCRUD
	ExpectedVersion() string
	VerifyVersion() error
}

// GetVisibilityQueryConverter is looked up by the name of SQLite's own plugin.
func (batchedSQLite) GetVisibilityQueryConverter() sqlplugin.VisibilityQueryConverter {
	c, err := persistencesql.GetPluginVisibilityQueryConverter(sqlite.PluginName)
	if err != nil { // it is linked with this one
		panic(err)
	}
	return c
}

// lists writes the lists of workflows in batches: one transaction for all changes since the
// last one, with one row per workflow, the newest. Written one by one they were a sixth of
// the cost of an order, and the server's queue fell behind. Each call returns once its row,
// or a newer one of the same workflow, is committed.
type lists struct {
	sqlplugin.DB
	admin
	apart time.Duration

	mu      sync.Mutex
	waiting []*listed
	writing bool      // a goroutine is writing
	since   time.Time // when the counted batches began
	batches int
	writer  sync.WaitGroup
	closing chan struct{} // closed by Close
	close   sync.Once
}

func newLists(db sqlplugin.DB, apart time.Duration) *lists {
	return &lists{DB: db, apart: apart, closing: make(chan struct{})}
}

var (
	_ sqlplugin.DB      = (*lists)(nil)
	_ sqlplugin.AdminDB = (*lists)(nil)
)

// listed is a change of one row that waits to be written.
type listed struct {
	row     *sqlplugin.VisibilityRow // nil: the row is deleted
	insert  bool                     // only if there is none
	deleted sqlplugin.VisibilityDeleteFilter
	done    chan error
}

var errListsClosed = errors.New("the lists of workflows are closed")

// InsertIntoVisibility adds the row of a workflow without one.
func (l *lists) InsertIntoVisibility(ctx context.Context, row *sqlplugin.VisibilityRow) (sql.Result, error) {
	return l.put(ctx, &listed{row: row, insert: true})
}

// ReplaceIntoVisibility adds the row, or replaces an older one.
func (l *lists) ReplaceIntoVisibility(ctx context.Context, row *sqlplugin.VisibilityRow) (sql.Result, error) {
	return l.put(ctx, &listed{row: row})
}

// DeleteFromVisibility deletes the row of a workflow.
func (l *lists) DeleteFromVisibility(ctx context.Context, f sqlplugin.VisibilityDeleteFilter) (sql.Result, error) {
	return l.put(ctx, &listed{deleted: f})
}

// Close waits for the current batch.
func (l *lists) Close() error {
	l.mu.Lock()
	l.close.Do(func() { close(l.closing) })
	l.mu.Unlock()
	l.writer.Wait()
	return l.DB.Close()
}

// put waits until the change is committed.
func (l *lists) put(ctx context.Context, c *listed) (sql.Result, error) {
	c.done = make(chan error, 1)
	if err := l.enqueue(c); err != nil {
		return nil, err
	}
	select {
	case err := <-c.done:
		return driver.RowsAffected(1), err
	case <-ctx.Done(): // it may still be written; the server's queue will repeat it
		return nil, ctx.Err()
	}
}

func (l *lists) enqueue(c *listed) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.closing:
		return errListsClosed
	default:
	}
	l.waiting = append(l.waiting, c)
	if !l.writing {
		l.writing = true
		l.writer.Go(l.write)
	}
	return nil
}

// write writes batch after batch until nothing waits.
func (l *lists) write() {
	for l.more() {
		l.gather()
		l.mu.Lock()
		batch := l.waiting
		l.waiting = nil
		l.mu.Unlock()
		l.commit(batch)
	}
}

// more reports whether a change waits; otherwise the next change starts a new writer.
func (l *lists) more() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writing = len(l.waiting) > 0
	return l.writing
}

// gather waits for more changes if there were many batches recently. Only one goroutine at
// a time calls it.
func (l *lists) gather() {
	pause := time.Until(l.since.Add(l.apart))
	switch {
	case pause <= 0:
		l.since, l.batches = time.Now(), 0
	case l.batches >= atOnce:
		t := time.NewTimer(pause)
		defer t.Stop()
		select {
		case <-t.C:
		case <-l.closing:
		}
		l.since, l.batches = time.Now(), 0
	}
	l.batches++
}

// commit writes a batch in one transaction. If that fails, each change is tried alone, so
// that one that can't be written doesn't hold up the others.
func (l *lists) commit(batch []*listed) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	err := l.transaction(ctx, newest(batch))
	for _, c := range batch {
		if err != nil && len(batch) > 1 {
			c.done <- c.apply(ctx, l.DB)
			continue
		}
		c.done <- err
	}
}

func (l *lists) transaction(ctx context.Context, changes []*listed) (err error) {
	tx, err := l.BeginTx(ctx)
	if err != nil {
		return fmt.Errorf("start writing the lists of workflows: %w", err)
	}
	for _, c := range changes {
		if err := c.apply(ctx, tx); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit the lists of workflows: %w", err)
	}
	return nil
}

func (c *listed) apply(ctx context.Context, to sqlplugin.Visibility) (err error) {
	switch {
	case c.row == nil:
		_, err = to.DeleteFromVisibility(ctx, c.deleted)
	case c.insert:
		_, err = to.InsertIntoVisibility(ctx, c.row)
	default:
		_, err = to.ReplaceIntoVisibility(ctx, c.row)
	}
	if err != nil {
		return fmt.Errorf("write a row of the lists of workflows: %w", err)
	}
	return nil
}

// newest drops the changes that a later one of the same batch overwrites, and keeps the
// others in order. A newer row replaces an older one, whichever comes first; a deletion
// deletes what came before.
func newest(batch []*listed) []*listed {
	type key struct{ namespace, run string }
	at := make(map[key]int, len(batch))
	kept := make([]*listed, 0, len(batch))
	for _, c := range batch {
		if c.row == nil {
			delete(at, key{c.deleted.NamespaceID, c.deleted.RunID}) // what follows stays behind it
			kept = append(kept, c)
			continue
		}
		k := key{c.row.NamespaceID, c.row.RunID}
		i, again := at[k]
		switch {
		case !again:
			at[k] = len(kept)
			kept = append(kept, c)
		case c.insert: // there is one already
		case kept[i].insert || kept[i].row.Version < c.row.Version:
			kept[i] = c
		}
	}
	return kept
}
