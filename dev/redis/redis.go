// Package redis gives a process a Redis of its own: a redis-server child where
// that program is installed, else an in-memory one inside the process. It is
// for development and tests; it listens on loopback alone and asks for no
// password.
//
// The child never outlives its parent, also when the parent is killed, and a
// folder of data has one redis-server at a time.
package redis

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
)

// Program is the name that is looked for on PATH.
const Program = "redis-server"

// ErrNotInstalled says that data can't be kept, for want of a redis-server.
var ErrNotInstalled = errors.New("redis-server is not on PATH, and without it nothing can be kept: " +
	"install it (Debian: apt-get install redis-server; macOS: brew install redis), or run in memory")

// Options say where a Redis keeps its data and where it listens. The zero
// value is in memory on a free port.
type Options struct {
	// Dir keeps the append-only file, synced at each write. Empty means in
	// memory: gone with the process.
	Dir string
	// Port to listen on; 0 takes a free one.
	Port int
	// WithoutProgram takes the in-process one even where redis-server is
	// installed.
	WithoutProgram bool
}

// Server is a running Redis.
type Server interface {
	// URL is for redis.ParseURL.
	URL() string
	// Kind says in a few words what runs.
	Kind() string
	// Done is closed when the server has ended, by Stop or by itself.
	Done() <-chan struct{}
	// Err says why a server ended that nobody stopped; nil before that.
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
