package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"holdfast/dev/await"
	"holdfast/dev/dirlock"
	"holdfast/dev/loopback"
)

const (
	// readyTimeout bounds the start, including loading the append-only file: a gigabyte of
	// it takes about ten seconds.
	readyTimeout = 2 * time.Minute
	// portTries is how often a free port is searched, as another program can take one
	// between the check and redis-server's start.
	portTries = 3
	// At its start, Redis reads its append-only file command by command, 20 times slower
	// than the same data after a rewrite. So the file is rewritten as soon as it has grown
	// by half, and not only when it is 64 MB and has doubled.
	rewriteFrom, rewriteAfter = "8mb", "50"
)

// child is a redis-server process.
type child struct {
	cmd      *exec.Cmd
	port     int
	dir      string
	log      *tail
	stopping atomic.Bool
	done     chan struct{}
	err      error // why it ended; read after done
}

func startChild(ctx context.Context, program string, opts Options) (*child, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	var err error
	for range portTries {
		var ports []int
		if ports, err = loopback.Ports(opts.Port); err != nil {
			return nil, fmt.Errorf("start redis-server: %w", err)
		}
		var c *child
		if c, err = startChildOn(ctx, program, opts.Dir, ports[0]); err == nil {
			return c, nil
		}
		if opts.Port != 0 || !errors.Is(err, errPortLost) {
			return nil, err
		}
	}
	return nil, err
}

// errPortLost means that the port was free when checked but is taken now.
var errPortLost = errors.New("its port was taken in the meantime")

func startChildOn(ctx context.Context, program, dir string, port int) (*child, error) {
	c := &child{
		cmd:  exec.Command(program, arguments(dir, port)...), //nolint:gosec // the program was found on PATH; it lives until Stop, not as long as the start's context
		port: port,
		dir:  dir,
		log:  &tail{},
		done: make(chan struct{}),
	}
	c.cmd.Stdout, c.cmd.Stderr = c.log, c.log
	c.cmd.SysProcAttr = endWithParent()
	if dir != "" {
		lock, err := dirlock.Take(ctx, dir)
		if err != nil {
			return nil, fmt.Errorf("start redis-server: %w", err)
		}
		// The child inherits the lock and holds it for as long as it lives, so that the
		// folder is free exactly when its redis-server has ended.
		defer func() { _ = lock.Close() }()
		c.cmd.Dir = dir
		c.cmd.ExtraFiles = []*os.File{lock}
	}
	if err := c.run(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	if err := c.awaitReady(ctx); err != nil {
		_ = c.cmd.Process.Kill() // it may have ended already
		<-c.done
		return nil, fmt.Errorf("wait for redis-server on port %d: %w; its last lines:\n%s", port, err, c.log)
	}
	return c, nil
}

func arguments(dir string, port int) []string {
	args := []string{
		"--bind", loopback.Host, "--port", strconv.Itoa(port),
		"--daemonize", "no", "--save", "",
		// Refusing a write is a visible error; evicting a product would be silent.
		"--maxmemory-policy", "noeviction",
	}
	if dir != "" {
		// A write is acknowledged after it is on disk: no confirmed order is lost, even in
		// a power cut.
		return append(args, "--dir", dir, "--appendonly", "yes", "--appendfsync", "always",
			"--auto-aof-rewrite-min-size", rewriteFrom, "--auto-aof-rewrite-percentage", rewriteAfter)
	}
	return append(args, "--appendonly", "no")
}

// run starts the process and waits for its end in the background.
//
// Linux ends a child with the thread that started it, not with the process, and Go may end
// a thread at any time. So one goroutine keeps its thread to itself, starts the child on it
// and stays until the child has ended.
func (c *child) run() error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := c.cmd.Start(); err != nil {
			started <- err
			return
		}
		started <- nil
		_ = c.cmd.Wait() // ProcessState says the same
		if !c.stopping.Load() {
			c.err = fmt.Errorf("redis-server ended by itself: %s; its last lines:\n%s", c.cmd.ProcessState, c.log)
		}
		close(c.done)
	}()
	return <-started
}

func (c *child) awaitReady(ctx context.Context) error {
	client := goredis.NewClient(&goredis.Options{Addr: loopback.Address(c.port), MaxRetries: -1, ContextTimeoutEnabled: true})
	defer func() { _ = client.Close() }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-c.done:
			cancel(c.startError())
		case <-ctx.Done():
		}
	}()
	// While it loads its file it answers PING with LOADING, an error. The pid distinguishes
	// it from another redis-server that has taken the port.
	return await.Success(ctx, func(ctx context.Context) error {
		if err := client.Ping(ctx).Err(); err != nil {
			return err
		}
		info, err := client.InfoMap(ctx, "server").Result()
		if err != nil {
			return err
		}
		if pid := info["Server"]["process_id"]; pid != strconv.Itoa(c.cmd.Process.Pid) {
			return fmt.Errorf("process %s answers instead: %w", pid, errPortLost)
		}
		return nil
	})
}

// startError distinguishes a lost port from all other failures.
func (c *child) startError() error {
	if c.log.contains("Address already in use") {
		return errPortLost
	}
	return c.err
}

func (c *child) URL() string { return "redis://" + loopback.Address(c.port) + "/0" }

func (c *child) Kind() string {
	if c.dir == "" {
		return "redis-server, in memory"
	}
	return "redis-server, append-only file in " + c.dir
}

func (c *child) Done() <-chan struct{} { return c.done }

func (c *child) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// Stop asks the process to end, and kills it if the context ends first.
func (c *child) Stop(ctx context.Context) error {
	c.stopping.Store(true)
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop redis-server (process %d): %w", c.cmd.Process.Pid, err)
	}
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		_ = c.cmd.Process.Kill() // it may have ended at this very moment
		<-c.done
		return fmt.Errorf("stop redis-server (process %d), killed instead: %w", c.cmd.Process.Pid, context.Cause(ctx))
	}
}
