package temporal

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
)

// Backlog reads the queue of a server that runs on a file, even from another process.
type Backlog struct{ db *sql.DB }

// OpenBacklog opens the server's file read-only.
func OpenBacklog(file string) (*Backlog, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	name := (&url.URL{Path: filepath.ToSlash(abs)}).EscapedPath()
	db, err := sql.Open("sqlite", "file:"+name+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, fmt.Errorf("open Temporal's file %s: %w", file, err)
	}
	return &Backlog{db}, nil
}

// Tasks counts what the server's lists of workflows have yet to receive: unfinished tasks
// of the visibility queue, and those finished since the queue last recorded its position.
func (b *Backlog) Tasks(ctx context.Context) (n int64, err error) {
	if err = b.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM visibility_tasks").Scan(&n); err != nil {
		return 0, fmt.Errorf("count the visibility queue's tasks: %w", err)
	}
	return n, nil
}

// Close closes the file.
func (b *Backlog) Close() error { return b.db.Close() }
