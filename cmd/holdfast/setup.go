package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/inventory"
	"holdfast/search/projector"
	"holdfast/settings"
	"holdfast/setup"
	"holdfast/streams"
)

// setupCommand prepares Temporal, and the event streams in Redis.
type setupCommand struct {
	temporalFlags //nolint:unused // found by its type: see connectsToTemporal
	settings.Start
	redisFlags
	settings.IndexAddress
	settings.Setup
	Timeout time.Duration `default:"2m" help:"Time limit for the whole setup."`
}

// Run may be repeated at any time.
func (c *setupCommand) Run(ctx context.Context, out out) error {
	log := newLog(out.stderr)
	if c.Retention < inventory.Remember {
		return usagef("--retention (HOLDFAST_RETENTION): %s is too short, at least %s is needed: Redis remembers ended holds for as long,"+
			" and a key that Temporal has forgotten earlier could be used again", c.Retention, inventory.Remember)
	}
	name, err := namespace(log)
	if err != nil {
		return err
	}
	temporal, err := waitForTemporal(ctx, c.Wait, log)
	if err != nil {
		return err
	}
	defer temporal.Close()
	rdb, err := c.connect(ctx, c.Wait, log)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the process ends
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	err = setup.Run(ctx, temporal, setup.Options{
		Namespace: name, Retention: c.Retention, Views: c.ElasticsearchURL != "", Log: log,
	})
	if err != nil {
		return err
	}
	return prepareStreams(ctx, rdb, log)
}

// prepareStreams creates the group of the views on every stream: from then on, nothing is
// trimmed before the views have read it.
func prepareStreams(ctx context.Context, rdb redis.UniversalClient, log *slog.Logger) error {
	if err := streams.Register(ctx, rdb, projector.Group); err != nil {
		return fmt.Errorf("prepare the event streams: %w", err)
	}
	groups, err := streams.Groups(ctx, rdb)
	if err != nil {
		return err
	}
	slices.Sort(groups)
	log.InfoContext(ctx, "groups of the event streams exist", "groups", groups)
	return nil
}
