package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	sdk "go.temporal.io/sdk/worker"

	"holdfast/api"
	commandstore "holdfast/commands"
	sagaclient "holdfast/saga/client"
	"holdfast/script"
	"holdfast/settings"
	"holdfast/worker"
)

// workerCommand runs the sagas.
type workerCommand struct {
	temporalFlags //nolint:unused // found by its type: see connectsToTemporal
	settings.Start
	redisFlags
	durabilityFlags
	indexFlags
	providerFlags
	webhookFlags
	settings.Worker
}

// Run polls until the process is told to stop.
func (c *workerCommand) Run(ctx context.Context, out out) (err error) {
	log := newLog(out.stderr)
	if c.Grace < 0 || c.Grace > longestStop {
		return usagef("--grace (HOLDFAST_GRACE): must lie between 0s and %v, not %v", longestStop, c.Grace)
	}
	err = errors.Join(c.checkIndex(), c.check(),
		c.checkReach(reach{"HOLDFAST_METRICS_ADDR", c.MetricsAddr != "" && !onLoopback(c.MetricsAddr)}))
	if err != nil {
		return err
	}
	if _, err := c.guard(); err != nil {
		return err
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
	keep := c.KeepOrders
	if c.ElasticsearchURL == "" {
		keep = forever
	}
	sagas := sagaclient.New(temporal, name)
	if err := checkRetention(ctx, sagas, name, keep, log); err != nil {
		return err
	}
	rdb, err := c.connect(ctx, c.Wait, log)
	if err != nil {
		return err
	}
	defer rdb.Close() //nolint:errcheck // the process ends
	durability, err := c.requireDurable(ctx, rdb, c.Wait, log)
	if err != nil {
		return err
	}
	ctx, release, err := c.holdMode(ctx, rdb, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()

	services, err := ownServices(rdb, c.ElasticsearchURL, log)
	if err != nil {
		return err
	}
	index, err := c.connectIndex(ctx, log)
	if err != nil {
		return err
	}
	if index != nil {
		defer index.Close() //nolint:errcheck // the process ends
	}

	providers, err := c.open(rdb, "", "", log)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	w, err := worker.New(worker.Config{
		Temporal: temporal, Namespace: name, Redis: rdb, Index: index, KeepOrders: c.KeepOrders, Metrics: registry, Log: log,
		Box:       commandstore.NewBox(script.Options{}), //nolint:contextcheck // the engine outlives the call
		Providers: providers.forWorker(), Money: c.mode(), WebhooksAllow: c.WebhooksAllow, OwnServices: services, Options: sdk.Options{WorkerStopTimeout: c.Grace},
	})
	if err != nil {
		return fmt.Errorf("build the worker: %w", err)
	}
	stop, err := serveMetrics(ctx, c.MetricsAddr, registry, map[string]api.Check{
		"temporal":         sagas.CheckHealth,
		"redis":            func(ctx context.Context) error { return rdb.Ping(ctx).Err() },
		"redis-durability": c.readiness(durability),
		"retention":        func(ctx context.Context) error { return retentionFits(ctx, sagas, name, keep) },
	}, log)
	if err != nil {
		return err
	}
	defer stop()
	defer watch(ctx, durability, registry)()
	log.InfoContext(ctx, "worker running")
	err = w.Run(ctx)
	log.InfoContext(ctx, "worker stopped")
	return err
}

// serveMetrics serves /healthz, /readyz and /metrics on addr, until the returned function
// is called.
func serveMetrics(
	ctx context.Context, addr string, registry *prometheus.Registry, checks map[string]api.Check, log *slog.Logger,
) (func(), error) {
	ready := api.NewReadiness(checks, log)
	mux := http.NewServeMux()
	mux.Handle("GET /readyz", ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	stop, err := serveApart(ctx, addr, mux, log)
	if err != nil {
		return nil, err
	}
	return func() {
		stop()
		ready.Close()
	}, nil
}

// serveApart serves operators' endpoints on a listener of their own; an empty addr means
// none.
func serveApart(ctx context.Context, addr string, handler http.Handler, log *slog.Logger) (func(), error) {
	if addr == "" {
		return func() {}, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics on %s (HOLDFAST_METRICS_ADDR): %w", addr, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.ErrorContext(ctx, "metrics are no longer served", "error", err)
		}
	}()
	log.InfoContext(ctx, "metrics are served", "address", listener.Addr().String())
	return func() {
		_ = server.Close() // an interrupted scrape is repeated
		<-done
	}, nil
}
