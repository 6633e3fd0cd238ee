// Package views keeps the views of a worker up to date: it runs the projector, rebuilds
// views that were lost, created empty or have an older shape, and compares them with their
// entities. It also counts the orders that wait for too long. It never changes an entity:
// views are copies that can be lost.
package views

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"holdfast/inventory"
	"holdfast/records"
	"holdfast/redisdb"
	sagaclient "holdfast/saga/client"
	"holdfast/search"
	"holdfast/search/projector"
)

// projectorConnections is the size of the projector's own connection pool.
const projectorConnections = 4

// gather is how long changes wait for more: the index is up to date within a fifth of a
// second, and stores a busy shop's changes five times a second instead of fifty.
const gather = 200 * time.Millisecond

// Config is what the upkeep of the views needs.
type Config struct {
	// Index stores the views; nil means that there are none, and a keeper then only refuses
	// to rebuild or compare them.
	Index search.Index
	// Redis has the entities that the views show.
	Redis redis.UniversalClient
	// Sagas are asked for orders that exist nowhere else, and start the rebuilds.
	Sagas *sagaclient.Client
	// TaskQueue of the rebuilds.
	TaskQueue string
	Log       *slog.Logger
	// Metrics registers the projector's counters; nil registers none.
	Metrics prometheus.Registerer
}

// Keeper keeps the views up to date: it runs the projector, watches for views that have to
// be rebuilt, and rebuilds and compares them.
type Keeper struct {
	config    Config
	projector *projector.Projector // nil without an index
	overdue   *overdue
	streams   redis.UniversalClient
	cancel    context.CancelFunc
	running   sync.WaitGroup
}

// NewKeeper returns a keeper that is not running yet.
func NewKeeper(c Config) (*Keeper, error) {
	k := &Keeper{config: c}
	if c.Index == nil {
		return k, nil
	}
	var err error
	if k.overdue, err = newOverdue(c); err != nil {
		return nil, err
	}
	streams, err := redisdb.Sibling(c.Redis, projectorConnections)
	if err != nil {
		return nil, fmt.Errorf("open a client for the projector: %w", err)
	}
	k.streams, k.cancel = streams, func() {}
	k.projector, err = projector.New(projector.Options{
		Redis: streams, Index: c.Index, Products: inventory.New(c.Redis), Orders: records.New(c.Redis),
		Log: c.Log, Metrics: c.Metrics, Gather: gather,
	})
	if err != nil {
		_ = streams.Close() // nothing was sent through it
		return nil, err
	}
	return k, nil
}

// Start runs it until Stop is called.
func (k *Keeper) Start() {
	if k.projector == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	k.cancel = cancel
	k.running.Go(func() { k.projector.Run(ctx) })
	k.running.Go(func() { newWatcher(k.config).run(ctx) })
	k.running.Go(func() { k.overdue.run(ctx) })
}

// Stop lets the projector's round finish.
func (k *Keeper) Stop() {
	if k.projector == nil {
		return
	}
	k.cancel()
	k.running.Wait()
	_ = k.streams.Close() // no longer used
}
