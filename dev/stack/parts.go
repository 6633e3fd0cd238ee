package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"holdfast/dev/dirlock"
	"holdfast/dev/loopback"
	"holdfast/dev/redis"
	"holdfast/dev/temporal"
	"holdfast/setup"
)

// lockData reserves the data folder for this stack: two of them on one SQLite file would
// each believe to be the only owner of its workflows.
func (s *Stack) lockData(ctx context.Context) (func(context.Context) error, error) {
	if s.opts.Data == "" {
		return nothing, nil
	}
	lock, err := dirlock.Take(ctx, s.opts.Data)
	if errors.Is(err, dirlock.ErrHeld) {
		return nil, fmt.Errorf("%w: stop the other stack, or choose another folder with HOLDFAST_DATA", err)
	}
	if err != nil {
		return nil, err
	}
	return func(context.Context) error { return lock.Close() }, nil
}

func (s *Stack) startRedis(ctx context.Context) (func(context.Context) error, error) {
	if s.opts.RedisURL != "" {
		s.RedisURL, s.RedisKind = s.opts.RedisURL, "as given"
		return nothing, nil
	}
	server, err := redis.Start(ctx, redis.Options{
		Dir:            s.folder("redis"),
		Port:           s.opts.RedisPort,
		WithoutProgram: s.opts.InProcessRedis,
	})
	if err != nil {
		return nil, withSetting(err, map[string]int{"HOLDFAST_REDIS_PORT": s.opts.RedisPort})
	}
	s.RedisURL, s.RedisKind = server.URL(), server.Kind()
	s.watch(server.Done(), server.Err)
	return server.Stop, nil
}

func (s *Stack) startTemporal(ctx context.Context) (func(context.Context) error, error) {
	if given := s.opts.Temporal; given != nil {
		s.TemporalAddress, s.Namespace = given.HostPort, given.Namespace
		return nothing, nil
	}
	opts := temporal.Options{
		Port:             s.opts.TemporalPort,
		UIPort:           s.opts.UIPort,
		WithoutUI:        s.opts.WithoutUI,
		Namespace:        s.opts.Namespace,
		Retention:        setup.Retention,
		SearchAttributes: setup.Attributes(),
	}
	if s.opts.Data != "" {
		opts.File = filepath.Join(s.folder("temporal"), "temporal.db")
	}
	server, err := temporal.Start(ctx, opts)
	if err != nil {
		return nil, withSetting(err, map[string]int{
			"HOLDFAST_TEMPORAL_PORT": s.opts.TemporalPort,
			"HOLDFAST_UI_PORT":       s.opts.UIPort,
		})
	}
	s.TemporalAddress, s.Namespace, s.UIURL = server.Address(), server.Namespace(), server.UIURL()
	return server.Stop, nil
}

func (s *Stack) connectTemporal(ctx context.Context) (func(context.Context) error, error) {
	opts := client.Options{HostPort: s.TemporalAddress, Namespace: s.Namespace}
	if s.opts.Temporal != nil {
		opts = *s.opts.Temporal
	}
	opts.Interceptors = append(opts.Interceptors, s.opts.Interceptors...)
	if opts.Logger == nil {
		opts.Logger = sdklog.NewStructuredLogger(slog.Default())
	}
	c, err := client.DialContext(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s: %w", s.TemporalAddress, err)
	}
	s.Temporal = c
	return func(context.Context) error {
		c.Close()
		return nil
	}, nil
}

// prepareTemporal creates what a folder of an earlier version, or a given server, may lack:
// retention, search attributes, the sweeper's schedule. The schedule that moves closed
// orders out of Redis is not created: all of them stay there, since the embedded index
// drops its views when a program of another shape opens them.
func (s *Stack) prepareTemporal(ctx context.Context) (func(context.Context) error, error) {
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	if err := setup.Run(ctx, s.Temporal, setup.Options{Namespace: s.Namespace}); err != nil {
		return nil, fmt.Errorf("prepare Temporal at %s: %w", s.TemporalAddress, err)
	}
	return nothing, nil
}

// prepareTimeout allows for a server that learns of a new namespace and new search
// attributes from caches that it refreshes every few seconds.
const prepareTimeout = time.Minute

// nothing stops a part that started nothing.
func nothing(context.Context) error { return nil }

// folder is a part's place in the data folder, or empty: in memory.
func (s *Stack) folder(part string) string {
	if s.opts.Data == "" {
		return ""
	}
	return filepath.Join(s.opts.Data, part)
}

// withSetting adds to the error of a taken port which setting chooses another.
func withSetting(err error, settings map[string]int) error {
	var taken *loopback.TakenError
	if !errors.As(err, &taken) {
		return err
	}
	for name, port := range settings {
		if port == taken.Port {
			return fmt.Errorf("%w: choose another with %s (0 takes a free one)", err, name)
		}
	}
	return err
}
