package dispatch

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/streams"
	"holdfast/webhook"
)

// Endpoints stores where merchants receive events.
type Endpoints interface {
	Any(ctx context.Context) (bool, error)
	List(ctx context.Context) ([]webhook.Stored, error)
}

// Orders reads the orders' documents.
type Orders interface {
	ReadMany(ctx context.Context, ids []string) ([]order.Stored, error)
}

// Options of a dispatcher. Times that are zero have defaults.
type Options struct {
	// Redis is used only for the streams: see redisdb.Sibling.
	Redis     redis.UniversalClient
	Endpoints Endpoints
	Orders    Orders
	// Start starts a delivery, or finds that it was started before.
	Start func(ctx context.Context, d webhook.Delivery) error
	Log   *slog.Logger
	// Metrics registers the dispatcher's counters; nil registers none.
	Metrics prometheus.Registerer

	// Consumer names this dispatcher in its group. Empty generates a name.
	Consumer string
	// ClaimAfter is how long an entry may stay unacknowledged with a dispatcher before
	// another one takes it. Defaults to 30 s.
	ClaimAfter time.Duration
	// Look is how often a shop without endpoints is checked for one. Defaults to 2 s.
	Look time.Duration
	// MaxBackoff bounds the pause between two tries while Temporal or Redis is down.
	// Defaults to 5 s.
	MaxBackoff time.Duration
}

const (
	claimAfter = 30 * time.Second
	look       = 2 * time.Second
	maxBackoff = 5 * time.Second
	minBackoff = 50 * time.Millisecond
	// minPause and maxPause bound the pause after a round that found nothing.
	minPause = 10 * time.Millisecond
	maxPause = 100 * time.Millisecond
	// housekeeping is how often dead consumers are searched, and dropAfter how many times
	// ClaimAfter one must be idle.
	housekeeping = 5 * time.Minute
	dropAfter    = 20
)

// Dispatcher starts the deliveries of the streams' events.
type Dispatcher struct {
	Options
	reader  *streams.Reader
	started *prometheus.CounterVec
	// known means that the group was created on the streams. idle means that there were no
	// endpoints, and the group is gone from the streams. failing means that the last round
	// failed and was logged.
	known, idle, failing bool
	// lookAt is when to check again for endpoints, keepAt when to check for dead consumers.
	lookAt, keepAt time.Time
}

// New returns a dispatcher that is not running yet.
func New(o Options) (*Dispatcher, error) {
	if o.Redis == nil || o.Endpoints == nil || o.Orders == nil || o.Start == nil {
		return nil, errors.New("a dispatcher of webhooks needs Redis, endpoints, orders, and a function that starts deliveries")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Consumer == "" {
		o.Consumer = streams.ConsumerName()
	}
	for d, standard := range map[*time.Duration]time.Duration{
		&o.ClaimAfter: claimAfter, &o.Look: look, &o.MaxBackoff: maxBackoff,
	} {
		if *d <= 0 {
			*d = standard
		}
	}
	r, err := streams.New(streams.Options{
		Redis: o.Redis, Group: webhook.Group, Consumer: o.Consumer, ClaimAfter: o.ClaimAfter, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	d := &Dispatcher{Options: o, reader: r, keepAt: time.Now().Add(housekeeping)}
	d.started = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "holdfast_webhooks_started_total", Help: "Deliveries started, or found started already, by event type.",
	}, []string{"type"})
	if o.Metrics != nil {
		if err := o.Metrics.Register(d.started); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Run dispatches until ctx ends. Entries in progress are then not acknowledged, and come
// again: a delivery that was started is not started twice.
func (d *Dispatcher) Run(ctx context.Context) {
	pause := minPause
	for ctx.Err() == nil {
		there, err := d.look(ctx)
		n := 0
		if err == nil && there {
			n, err = d.round(ctx)
		}
		d.tell(ctx, err)
		switch {
		case err != nil:
			d.reader.Again()
			pause = min(max(2*pause, minBackoff), d.MaxBackoff)
		case !there:
			pause = d.Look
		case n > 0:
			pause = minPause
			continue
		default:
			pause = min(2*pause, maxPause)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// look keeps the group on the streams as long as there are endpoints. The streams are not
// trimmed while the group is registered, which happens in one step with the first endpoint
// and ends with the last, see registry/lua.
func (d *Dispatcher) look(ctx context.Context) (bool, error) {
	if d.known && time.Now().Before(d.lookAt) {
		return true, nil
	}
	there, err := d.Endpoints.Any(ctx)
	if err != nil {
		return false, err
	}
	d.lookAt = time.Now().Add(d.Look)
	switch {
	case there && !d.known:
		if err := streams.Register(ctx, d.Redis, webhook.Group); err != nil {
			return true, err
		}
		d.known, d.idle = true, false
		d.reader.Again()
	case !there && !d.idle:
		if err := streams.Destroy(ctx, d.Redis, webhook.Group); err != nil {
			return false, err
		}
		d.known, d.idle = false, true
	}
	return there, nil
}

// tell logs once that rounds fail, and once that they succeed again.
func (d *Dispatcher) tell(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !d.failing:
		d.failing = true
		d.Log.WarnContext(ctx, "webhooks are delayed", "error", err)
	case err == nil && d.failing:
		d.failing = false
		d.Log.InfoContext(ctx, "webhooks continue")
	}
}

// round takes some entries, starts their deliveries, acknowledges them, and returns their
// number.
func (d *Dispatcher) round(ctx context.Context) (int, error) {
	entries, err := d.reader.Gather(ctx)
	if streams.NoGroup(err) {
		d.known = false // Redis was emptied, or another dispatcher saw no endpoints a moment ago
		return 0, err
	}
	if err != nil {
		return 0, err
	}
	if len(entries) > 0 {
		if err := d.dispatch(ctx, entries); err != nil {
			return 0, err
		}
	}
	if time.Now().After(d.keepAt) {
		d.keepAt = time.Now().Add(housekeeping)
		return len(entries), d.reader.DropConsumers(ctx, dropAfter*d.ClaimAfter)
	}
	return len(entries), nil
}
