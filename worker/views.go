package worker

import (
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"

	"holdfast/inventory"
	"holdfast/records"
	"holdfast/redisdb"
	"holdfast/search"
	"holdfast/search/projector"
)

// Index is what a worker needs of a search.Index.
type Index interface {
	projector.Index
	Revisions(ctx context.Context, v search.View, ids []string) (map[string]int64, error)
}

// readers is how many connections the projector has to itself.
const readers = 4

// views runs the projector beside the worker.
type views struct {
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
		Redis: streams, Index: c.Index, Products: stock, Orders: docs, Log: c.Log, Metrics: c.Metrics,
	})
	if err != nil {
		_ = streams.Close() // nothing was sent through it
		return nil, err
	}
	return &views{projector: p, streams: streams, cancel: func() {}}, nil
}

func (v *views) start() {
	ctx, cancel := context.WithCancel(context.Background())
	v.cancel = cancel
	v.running.Go(func() { v.projector.Run(ctx) })
}

func (v *views) stop() {
	v.cancel()
	v.running.Wait()
	_ = v.streams.Close() // nobody uses it any more
}
