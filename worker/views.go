package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/inventory"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/search/projector"
)

// readers is how many connections the projector has to itself.
const readers = 4

// gather is how long changes wait for each other: the index is fresh to a fifth of a
// second, and carries a busy shop's changes five times a second instead of fifty.
const gather = 200 * time.Millisecond

// views runs the projector beside the worker, and sees to views that are stale.
type views struct {
	config    Config
	projector *projector.Projector
	streams   redis.UniversalClient
	cancel    context.CancelFunc
	running   sync.WaitGroup
}

func newViews(c Config, stock *inventory.Store, docs *records.Store) (*views, error) {
	streams, err := redisdb.Sibling(c.Redis, readers)
	if err != nil {
		return nil, fmt.Errorf("open a client for the projector: %w", err)
	}
	p, err := projector.New(projector.Options{
		Redis: streams, Index: c.Index, Products: stock, Orders: docs, Log: c.Log, Metrics: c.Metrics, Gather: gather,
	})
	if err != nil {
		_ = streams.Close() // nothing was sent through it
		return nil, err
	}
	return &views{config: c, projector: p, streams: streams, cancel: func() {}}, nil
}

func (v *views) start() {
	ctx, cancel := context.WithCancel(context.Background())
	v.cancel = cancel
	v.running.Go(func() { v.projector.Run(ctx) })
	v.running.Go(func() { newWatcher(v.config).run(ctx) })
}

func (v *views) stop() {
	v.cancel()
	v.running.Wait()
	_ = v.streams.Close() // nobody uses it any more
}
