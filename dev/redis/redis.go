// Package redis gives a process its own Redis: a redis-server child if that program is
// installed, otherwise an in-memory one inside the process. It is for development and
// tests; it listens only on loopback and requires no password.
//
// The child never outlives its parent, even if the parent is killed, and a data folder has
// one redis-server at a time.
package redis

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
)

// Program is the name that is searched on PATH.
const Program = "redis-server"

// ErrNotInstalled means that data can't be stored because there is no redis-server.
var ErrNotInstalled = errors.New("redis-server is not on PATH, and without it no data can be stored: " +
	"install it (Debian: apt-get install redis-server; macOS: brew install redis), or run in memory")

// Options say where a Redis stores its data and where it listens. The zero value is in
// memory on a free port.
type Options struct {
	// Dir contains the append-only file, synced at each write. Empty means in memory: gone
	// with the process.
	Dir string
	// Port to listen on; 0 takes a free one.
	Port int
	// WithoutProgram uses the in-process one even if redis-server is installed.
	WithoutProgram bool
}

// Server is a running Redis.
type Server interface {
	// URL is for redis.ParseURL.
	URL() string
	// Kind describes in a few words what is running.
	Kind() string
	// Done is closed when the server has ended, by Stop or by itself.
	Done() <-chan struct{}
	// Err is why a server ended that was not stopped; nil before that.
	Err() error
	// Stop ends the server and waits for it, at most until the context ends.
	Stop(ctx context.Context) error
}

// Start starts a Redis and returns once it answers and has loaded its data. A
// wanted port that is in use is a *loopback.TakenError.
func Start(ctx context.Context, opts Options) (Server, error) {
	program, err := exec.LookPath(Program)
	switch {
	case opts.WithoutProgram || err != nil:
		if opts.Dir != "" {
			return nil, fmt.Errorf("keep Redis data in %s: %w", opts.Dir, ErrNotInstalled)
		}
		return startInProcess(ctx, opts.Port)
	default:
		return startChild(ctx, program, opts)
	}
}
