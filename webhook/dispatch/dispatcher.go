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

// Endpoints are where merchants want to be told.
type Endpoints interface {
	Any(ctx context.Context) (bool, error)
	List(ctx context.Context) ([]webhook.Stored, error)
}

// Orders are the homes of orders' documents.
type Orders interface {
	ReadMany(ctx context.Context, ids []string) ([]order.Stored, error)
}

// Options of a dispatcher. Times that are zero have defaults.
type Options struct {
	// Redis is for the streams alone: see redisdb.Sibling.
	Redis     redis.UniversalClient
	Endpoints Endpoints
	Orders    Orders
	// Start begins a delivery, or finds that it was begun before.
	Start func(ctx context.Context, d webhook.Delivery) error
	Log   *slog.Logger
	// Metrics takes the dispatcher's counters; nil registers none.
	Metrics prometheus.Registerer

	// Consumer names this dispatcher in its group. Empty makes one up.
	Consumer string
	// ClaimAfter is how long an entry may stay with a dispatcher that doesn't
	// acknowledge it before another one takes it: 30 s.
	ClaimAfter time.Duration
	// Look is how often a shop without endpoints is asked whether it has one: 2 s.
	Look time.Duration
	// MaxBackoff bounds the pause between two tries while Temporal or Redis is away: 5 s.
	MaxBackoff time.Duration
}

const (
	claimAfter = 30 * time.Second
	look       = 2 * time.Second
	maxBackoff = 5 * time.Second
	minBackoff = 50 * time.Millisecond
	// minPause and maxPause lie between two rounds that found nothing.
	minPause = 10 * time.Millisecond
	maxPause = 100 * time.Millisecond
	// housekeeping is how often dead consumers are looked for, and dropAfter how many
	// times ClaimAfter one has to be idle.
	housekeeping = 5 * time.Minute
	dropAfter    = 20
)

// Dispatcher starts deliveries of what the streams tell.
type Dispatcher struct {
	Options
	reader  *streams.Reader
	started *prometheus.CounterVec
	// known: the group was made on the streams. idle: there were no endpoints, and the
	// group is gone from the streams. failing: the last round failed, and the log has it.
	known, idle, failing bool
	// lookAt is when to ask again whether there are endpoints, keepAt when to look for
	// dead consumers.
	lookAt, keepAt time.Time
}

// New builds a dispatcher that is not running yet.
func New(o Options) (*Dispatcher, error) {
	if o.Redis == nil || o.Endpoints == nil || o.Orders == nil || o.Start == nil {
		return nil, errors.New("a dispatcher of webhooks needs Redis, endpoints, orders, and who starts deliveries")
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
		Name: "holdfast_webhooks_started_total", Help: "Deliveries that were started or found to be, by the type of their event.",
	}, []string{"type"})
	if o.Metrics != nil {
		if err := o.Metrics.Register(d.started); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Run dispatches until ctx ends. What is under way then is not acknowledged, and comes
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

// look sees to the group: it is on the streams as long as there are endpoints. What
// keeps the streams whole is that it is registered, and that goes with the first and the
// last endpoint in one step, see registry/lua.
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

// tell says once in the log that rounds fail, and once that it is over.
func (d *Dispatcher) tell(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !d.failing:
		d.failing = true
		d.Log.WarnContext(ctx, "webhooks have to wait", "error", err)
	case err == nil && d.failing:
		d.failing = false
		d.Log.InfoContext(ctx, "webhooks go on")
	}
}

// round takes some entries, starts what is to be delivered of them, and acknowledges
// them; it answers how many there were.
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
