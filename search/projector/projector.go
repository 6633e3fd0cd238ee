// Package projector keeps the views up to date with the entities: it reads the event
// streams of all buckets as one consumer group, reads the current state of what changed,
// and puts it into the index. An entry is acknowledged only once the index has confirmed
// everything that it stands for, so none is lost; and everything may be put again, since an
// index compares revisions. The package decides nothing about an order and computes nothing
// from events.
//
// It also maintains the streams themselves: entries that every registered group has read
// are trimmed, what can't be stored becomes a dead letter, and Changes lets a view be
// rebuilt at the same time.
package projector

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
	"holdfast/streams"
)

// Group is the consumer group of the views.
const Group = "views"

// Index is what a projector needs of a search.Index.
type Index interface {
	Put(ctx context.Context, b search.Batch) (search.Results, error)
	GetOrder(ctx context.Context, id string) (search.Order, error)
}

// Products reads the product entities.
type Products interface {
	GetMany(ctx context.Context, ids []string) ([]product.Lookup, error)
}

// Orders reads the orders' documents.
type Orders interface {
	ReadMany(ctx context.Context, ids []string) ([]order.Stored, error)
}

// Options of a projector. The zero values have defaults that suit most shops.
type Options struct {
	// Redis is used only for the streams: see redisdb.Sibling.
	Redis    redis.UniversalClient
	Index    Index
	Products Products
	Orders   Orders
	Log      *slog.Logger
	// Metrics registers the projector's counters; nil registers none.
	Metrics prometheus.Registerer

	// Consumer names this projector in its group: no other one may use the name while this
	// one runs. Empty generates a name.
	Consumer string
	// ClaimAfter is how long an entry may stay unacknowledged with a consumer before
	// another one takes it over. Defaults to 30 s.
	ClaimAfter time.Duration
	// Housekeeping is how often streams are trimmed and the lag is measured. Defaults to 15
	// s.
	Housekeeping time.Duration
	// Grace is how long a round may continue once Run was told to stop. Defaults to 5 s.
	Grace time.Duration
	// Gather is how long a round that found little waits for more before the next one: an
	// index stores ten changes at once for little more than one. 0 means no wait.
	Gather time.Duration
	// MaxBackoff bounds the pause between two tries while the index or Redis is down.
	// Defaults to 5 s.
	MaxBackoff time.Duration
}

// The defaults, and bounds that need no setting.
const (
	claimAfter   = 30 * time.Second
	housekeeping = 15 * time.Second
	grace        = 5 * time.Second
	maxBackoff   = 5 * time.Second
	minBackoff   = 50 * time.Millisecond
	// minPause and maxPause bound the pause after a round that found nothing; a busy
	// projector doesn't pause.
	minPause = 10 * time.Millisecond
	maxPause = 100 * time.Millisecond
	// plenty is the number of entries in a round from which the next one starts at once.
	plenty = 200
)

// Projector carries changes from the streams into the index.
type Projector struct {
	Options
	metrics *metrics
	reader  *streams.Reader
	// failing means that the last round failed and was logged. insisting means that a step
	// is being retried.
	failing, insisting bool
}

// New returns a projector that is not running yet.
func New(o Options) (*Projector, error) {
	if o.Redis == nil || o.Index == nil || o.Products == nil || o.Orders == nil {
		return nil, errors.New("a projector needs Redis, an index, products and orders")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Consumer == "" {
		o.Consumer = streams.ConsumerName()
	}
	setDefault(&o.ClaimAfter, claimAfter)
	setDefault(&o.Housekeeping, housekeeping)
	setDefault(&o.Grace, grace)
	setDefault(&o.MaxBackoff, maxBackoff)
	m, err := newMetrics(o.Metrics)
	if err != nil {
		return nil, err
	}
	r, err := streams.New(streams.Options{
		Redis: o.Redis, Group: Group, Consumer: o.Consumer, ClaimAfter: o.ClaimAfter, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	return &Projector{Options: o, metrics: m, reader: r}, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// Run projects until ctx ends. The round in progress is then finished within Grace, or left
// unacknowledged for another projector.
func (p *Projector) Run(ctx context.Context) {
	working, stop := outlive(ctx, p.Grace)
	defer stop()
	if p.insist(ctx, "register the group of the views", func() error { return streams.Register(working, p.Redis, Group) }) != nil {
		return
	}
	var keeping sync.WaitGroup
	keeping.Go(func() { p.upkeep(ctx) })
	defer keeping.Wait()
	pause := minPause
	for ctx.Err() == nil {
		n, err := p.round(ctx, working)
		switch {
		case err != nil:
			pause = min(max(2*pause, minBackoff), p.MaxBackoff)
		case n >= plenty, n > 0 && p.Gather == 0:
			pause = minPause
			continue
		case n > 0:
			pause = p.Gather
		default:
			pause = min(2*pause, maxPause)
		}
		if sleep(ctx, pause) != nil {
			return
		}
		if n > 0 {
			pause = minPause
		}
	}
}

// outlive returns a context that ends some time after ctx has.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var timer *time.Timer
	var mu sync.Mutex
	unlink := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		timer = time.AfterFunc(by, cancel)
	})
	return longer, func() {
		unlink()
		mu.Lock()
		defer mu.Unlock()
		if timer != nil {
			timer.Stop()
		}
		cancel()
	}
}

// insist retries until it succeeds or ctx ends, and logs once that it has to, and once that
// it is over.
func (p *Projector) insist(ctx context.Context, what string, try func() error) error {
	defer func() {
		p.insisting = false
		p.tellWaiting()
	}()
	for pause := minBackoff; ; pause = min(2*pause, p.MaxBackoff) {
		err := try()
		if err == nil {
			if p.insisting {
				p.Log.InfoContext(ctx, "the views continue", "after", what)
			}
			return nil
		}
		if ctx.Err() == nil && !p.insisting {
			p.insisting = true
			p.tellWaiting()
			p.Log.WarnContext(ctx, "the views wait", "for", what, "error", search.WithCause(err))
		}
		p.metrics.failedRounds.Inc()
		if stopped := sleep(ctx, pause); stopped != nil {
			return stopped
		}
	}
}

func (p *Projector) tellWaiting() {
	waiting := 0.0
	if p.failing || p.insisting {
		waiting = 1
	}
	p.metrics.waiting.Set(waiting)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
