package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"holdfast/api"
	"holdfast/redisdb"
	"holdfast/settings"
)

// durabilityFlags say how to treat a Redis that may lose acknowledged writes.
type durabilityFlags struct{ settings.Durability }

func (f durabilityFlags) required() bool { return f.RedisDurability != "warn" }

// inspect checks repeatedly until Redis reports its durability.
func (f durabilityFlags) inspect(ctx context.Context, rdb redis.UniversalClient, patience time.Duration, log *slog.Logger) (redisdb.Durability, error) {
	var found redisdb.Durability
	err := waitFor(ctx, "redis", patience, log, func(ctx context.Context) (err error) {
		found, err = redisdb.CheckDurability(ctx, rdb)
		return err
	})
	if err != nil {
		return found, fmt.Errorf("check Redis (REDIS_URL): %w", err)
	}
	if len(found.Unknown) > 0 {
		log.WarnContext(ctx, "redis does not report its durability settings: check them yourself", "unknown", found.Unknown)
	}
	if found.Replicas > 0 {
		log.WarnContext(ctx, "a replica that takes over may lack the last writes: run holdfast audit --repair after a failover",
			"replicas", found.Replicas)
	}
	return found, nil
}

// requireDurable refuses a Redis that may lose acknowledged writes, or warns, as the flags
// say. The watch keeps checking once it runs.
func (f durabilityFlags) requireDurable(ctx context.Context, rdb redis.UniversalClient, patience time.Duration, log *slog.Logger) (*redisdb.Watch, error) {
	found, err := f.inspect(ctx, rdb, patience, log)
	if err != nil {
		return nil, err
	}
	if len(found.Faults) > 0 {
		if f.required() {
			return nil, usagef("the Redis at REDIS_URL may lose orders and stock that it acknowledged: %s. "+
				"HOLDFAST_REDIS_DURABILITY=warn accepts that, if losing them does no harm", strings.Join(found.Faults, "; "))
		}
		log.WarnContext(ctx, "redis may lose acknowledged writes (HOLDFAST_REDIS_DURABILITY=warn)", "faults", found.Faults)
	}
	return redisdb.NewWatch(rdb, found, log), nil
}

// watch runs the watch, and shows it as a metric, until the returned function is called.
func watch(ctx context.Context, w *redisdb.Watch, metrics prometheus.Registerer) (stop func()) {
	metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "holdfast_redis_durable",
		Help: "Whether Redis keeps acknowledged writes, as far as it reports: 1 yes, 0 no.",
	}, func() float64 {
		if len(w.Last().Faults) > 0 {
			return 0
		}
		return 1
	}))
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// readiness is the watch's check on /readyz.
func (f durabilityFlags) readiness(w *redisdb.Watch) api.Check {
	return func(context.Context) error {
		found := w.Last()
		switch {
		case len(found.Faults) > 0 && f.required():
			return fmt.Errorf("redis may lose acknowledged writes: %s", strings.Join(found.Faults, "; "))
		case len(found.Faults) > 0:
			return fmt.Errorf("%w: %s", api.ErrDegraded, strings.Join(found.Faults, "; "))
		case found.InMemory:
			return fmt.Errorf("%w: it was started in memory only", api.ErrUnknown)
		case len(found.Unknown) > 0:
			return fmt.Errorf("%w: %s", api.ErrUnknown, strings.Join(found.Unknown, "; "))
		}
		return nil
	}
}
