package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/redis/go-redis/v9"

	"holdfast/api"
	"holdfast/inventory"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/search"
	"holdfast/search/projector"
	"holdfast/settings"
)

// projectorCommands keep the views up to date.
type projectorCommands struct {
	Run   projectorCommand      `cmd:"" default:"withargs" help:"Run a projector, which continues where its group is."`
	Retry projectorRetryCommand `cmd:"" help:"Retry what the views could not store, each document in its current state, and count the dead letters: one document may have several. Exits with 1 if any is left."`
}

// viewFlags name the entities and the views.
type viewFlags struct {
	redisFlags
	indexFlags
	settings.Start
}

// open waits for Redis, which judge may refuse, and then for the index.
func (f viewFlags) open(
	ctx context.Context, log *slog.Logger, judge func(redis.UniversalClient) error,
) (redis.UniversalClient, search.Index, error) {
	openIndex, err := f.opener()
	if err != nil {
		return nil, nil, err
	}
	if openIndex == nil {
		return nil, nil, usagef("the views need --elasticsearch-url (ELASTICSEARCH_URL)")
	}
	rdb, err := f.connect(ctx, f.Wait, log)
	if err != nil {
		return nil, nil, err
	}
	if err := judge(rdb); err != nil {
		return nil, nil, errors.Join(err, rdb.Close())
	}
	var index search.Index
	err = waitFor(ctx, "elasticsearch", f.Wait, log, func(ctx context.Context) (err error) {
		index, err = openIndex(ctx)
		return search.WithCause(err)
	})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open the search index (ELASTICSEARCH_URL): %w", err), rdb.Close())
	}
	return rdb, index, nil
}

// projectorCommand runs a projector on its own.
type projectorCommand struct {
	viewFlags
	durabilityFlags
	settings.Projector
}

// Run projects until the process is told to stop.
func (c *projectorCommand) Run(ctx context.Context, out out) error {
	log := newLog(out.stderr)
	var durability *redisdb.Watch
	rdb, index, err := c.open(ctx, log, func(rdb redis.UniversalClient) (err error) {
		durability, err = c.requireDurable(ctx, rdb, c.Wait, log)
		return err
	})
	if err != nil {
		return err
	}
	defer rdb.Close()   //nolint:errcheck // the process ends
	defer index.Close() //nolint:errcheck // the process ends
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	p, err := projector.New(projector.Options{
		Redis: rdb, Index: index, Products: inventory.New(rdb), Orders: records.New(rdb), Log: log, Metrics: registry,
		Consumer: c.Consumer, ClaimAfter: c.ClaimAfter,
	})
	if err != nil {
		return fmt.Errorf("build the projector: %w", err)
	}
	stop, err := serveMetrics(ctx, c.MetricsAddr, registry, map[string]api.Check{
		"redis":            func(ctx context.Context) error { return rdb.Ping(ctx).Err() },
		"redis-durability": c.readiness(durability),
	}, log)
	if err != nil {
		return err
	}
	defer stop()
	defer watch(ctx, durability, registry)()
	log.InfoContext(ctx, "projector running", "consumer", p.Consumer)
	p.Run(ctx)
	log.InfoContext(ctx, "projector stopped")
	return nil
}

// projectorRetryCommand goes through the dead letters once.
type projectorRetryCommand struct {
	viewFlags
}

// Run prints a line per letter, and counts letters: a document may have several.
func (c *projectorRetryCommand) Run(ctx context.Context, out out) error {
	log := newLog(out.stderr)
	rdb, index, err := c.open(ctx, log, func(redis.UniversalClient) error { return nil }) // it keeps nothing there
	if err != nil {
		return err
	}
	defer rdb.Close()   //nolint:errcheck // the process ends
	defer index.Close() //nolint:errcheck // the process ends
	p, err := projector.New(projector.Options{
		Redis: rdb, Index: index, Products: inventory.New(rdb), Orders: records.New(rdb), Log: log,
	})
	if err != nil {
		return fmt.Errorf("build the projector: %w", err)
	}
	done, err := p.Retry(ctx)
	return printRetried(out, done, err)
}

func printRetried(out out, done []projector.Retried, err error) error {
	left := 0
	for _, r := range done {
		reason := ""
		if r.Fate == projector.FateKept {
			left++
			reason = ": " + r.Reason
		}
		_, _ = fmt.Fprintf(out.stdout, "%s %s %s%s\n", r.Fate, r.Entity, r.ID, reason)
	}
	if err != nil {
		return fmt.Errorf("retry the dead letters: %w", err)
	}
	_, _ = fmt.Fprintf(out.stdout, "%d letters, %d left\n", len(done), left)
	if left > 0 {
		return errFindings
	}
	return nil
}
