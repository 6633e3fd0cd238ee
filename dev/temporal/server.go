// Package temporal runs a Temporal server and its web UI inside the calling process, on
// SQLite: in memory, or on a file that survives the process, even if it is killed. It is
// for development and tests. It listens only on loopback and has no authentication.
package temporal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	tserver "go.temporal.io/server/temporal"

	"holdfast/dev/await"
	"holdfast/dev/loopback"
)

// readyTimeout bounds the wait for a started server. In memory it is ready in well under a
// second; a loaded machine with a large file takes longer.
const readyTimeout = 60 * time.Second

// Options say where a server stores its data and where it listens. The zero value is a
// server in memory on free ports.
type Options struct {
	// File is the SQLite file. Empty means in memory: gone with the process.
	File string
	// Port is the gRPC port that clients and workers use, UIPort that of the
	// web UI; 0 takes a free one.
	Port, UIPort int
	// WithoutUI leaves the web UI out.
	WithoutUI bool
	// Namespace is created if it doesn't exist; empty means "default".
	Namespace string
	// Retention and SearchAttributes apply when the namespace is created: how long it keeps
	// closed workflows (0 means 30 days), and what it can be searched by. In an existing
	// namespace they don't change.
	Retention        time.Duration
	SearchAttributes map[string]enumspb.IndexedValueType
	// LogLevel of the server's own log on stderr: debug, info, warn, error or fatal; empty
	// means fatal. Level error has many lines that mean nothing in a single process, such
	// as polls cut short by a stop.
	LogLevel string
}

// Server is a running Temporal server with its web UI.
type Server struct {
	server  tserver.Server
	ui      *webUI
	address string
	opts    Options

	ending  context.Context // ends when Stop is called
	end     context.CancelFunc
	failing sync.WaitGroup
}

// Start starts a server and returns once it and its web UI answer. A wanted port that is in
// use is a *loopback.TakenError.
func Start(ctx context.Context, opts Options) (*Server, error) {
	opts = withDefaults(opts)
	ports, err := loopback.Ports(opts.Port, opts.UIPort, 0, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("start Temporal: %w", err)
	}
	databases, err := openStores(ctx, opts)
	if err != nil {
		return nil, err
	}
	server, err := newServer(databases, servicePorts{frontend: ports[0], history: ports[2], matching: ports[3], worker: ports[4]}, opts.LogLevel)
	if err != nil {
		return nil, err
	}
	since := time.Now()
	if err := server.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the Temporal server: %w", err), server.Stop())
	}
	if err := trim(ctx, databases.lists); err != nil {
		return nil, errors.Join(fmt.Errorf("trim Temporal's lists: %w", err), server.Stop())
	}
	s := &Server{server: server, address: loopback.Address(ports[0]), opts: opts}
	s.ending, s.end = context.WithCancel(context.WithoutCancel(ctx))
	if !opts.WithoutUI {
		if s.ui, err = startUI(ports[1], s.address, opts.Namespace); err != nil {
			return nil, errors.Join(err, server.Stop())
		}
	}
	if err := s.awaitReady(ctx); err != nil {
		// The caller's context may be what ended: stopping has its own bound.
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
		defer cancel()
		return nil, errors.Join(err, s.Stop(stopCtx))
	}
	s.failing.Go(func() { s.failOrphans(databases.busy, since) }) //nolint:contextcheck // Stop ends it
	return s, nil
}

// Address is host:port of the server's frontend, for client.Options.HostPort.
func (s *Server) Address() string { return s.address }

// Namespace is the namespace that was created.
func (s *Server) Namespace() string { return s.opts.Namespace }

// UIURL is where the web UI is, empty without one.
func (s *Server) UIURL() string {
	if s.ui == nil {
		return ""
	}
	return s.ui.url
}

// Stop stops the web UI and the server and waits for both, at most until the context ends.
// Workers and clients should be stopped first.
func (s *Server) Stop(ctx context.Context) error {
	s.end()
	done := make(chan error, 1)
	go func() {
		s.failing.Wait()
		if s.ui != nil {
			s.ui.stop()
		}
		done <- s.server.Stop()
	}()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("stop the Temporal server: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop the Temporal server: %w", context.Cause(ctx))
	}
}

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	c, err := s.client()
	if err != nil {
		return err
	}
	defer c.Close()
	err = await.Success(ctx, func(ctx context.Context) error {
		_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: s.opts.Namespace})
		return err
	})
	if err != nil {
		return fmt.Errorf("wait for the Temporal server on %s: %w", s.address, err)
	}
	if s.ui == nil {
		return nil
	}
	return s.ui.awaitReady(ctx)
}

func (s *Server) client() (client.Client, error) {
	c, err := client.NewLazyClient(client.Options{HostPort: s.address, Namespace: s.opts.Namespace, Logger: silent{}})
	if err != nil {
		return nil, fmt.Errorf("create a client of the Temporal server: %w", err)
	}
	return c, nil
}

func withDefaults(opts Options) Options {
	if opts.Namespace == "" {
		opts.Namespace = "default"
	}
	if opts.Retention == 0 {
		opts.Retention = 30 * 24 * time.Hour
	}
	if opts.LogLevel == "" {
		opts.LogLevel = "fatal"
	}
	return opts
}

// silent drops the SDK's log while the server is still starting.
type silent struct{}

func (silent) Debug(string, ...any) {}
func (silent) Info(string, ...any)  {}
func (silent) Warn(string, ...any)  {}
func (silent) Error(string, ...any) {}
