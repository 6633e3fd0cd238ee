package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"holdfast/api"
	"holdfast/inventory"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/records"
)

// apiCommand runs the gateway.
type apiCommand struct {
	startFlags
	redisFlags
	indexFlags
	identityFlags
	doorFlags
	Secret        string        `name:"webhook-secret" env:"HOLDFAST_WEBHOOK_SECRET" required:"" help:"Secret that the sandbox provider's callbacks are signed with, whsec_… (${env})."`
	PaymentWindow time.Duration `env:"HOLDFAST_PAYMENT_WINDOW" default:"15m" help:"How long an order's stock is held for its payment (${env})."`
	DrainDelay    time.Duration `env:"HOLDFAST_DRAIN_DELAY" default:"0s" help:"How long a stopping gateway still takes calls after /readyz said no, so that a load balancer hears of it (${env})."`
}

// Run serves until the process is told to stop.
func (c *apiCommand) Run(ctx context.Context, out out) error {
	log := newLog(out.stderr)
	provider, err := sandbox.New(c.Secret)
	if err != nil {
		return usagef("--webhook-secret: %v", err)
	}
	if err := c.check(log); err != nil { // before the wait for what only a running gateway needs
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

	index, err := c.readIndex(ctx)
	if err != nil {
		return err
	}
	if index != nil {
		defer index.Close() //nolint:errcheck // the process ends
	}

	verifier, forget, err := c.verifier(ctx, log)
	if err != nil {
		return err
	}
	defer forget()
	secured, err := c.tls()
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gateway, err := api.New(api.Config{
		Addr: c.Addr, TLS: secured, Identity: verifier, Limits: c.limits(c.off()),
		TrustedProxies: c.Proxies, Origins: c.Origins, MetricsApart: c.Metrics != "",
		Products: inventory.New(rdb), Orders: records.New(rdb), Temporal: temporal, Index: index,
		Providers:     map[string]payment.Reader{sandbox.Name: provider},
		Checks:        map[string]api.Check{"redis": func(ctx context.Context) error { return rdb.Ping(ctx).Err() }},
		PaymentWindow: c.PaymentWindow, DrainDelay: c.DrainDelay, Log: log, Metrics: registry,
	})
	if err != nil {
		return fmt.Errorf("build the gateway: %w", err)
	}
	stop, err := serveApart(ctx, c.Metrics, gateway.Operation(), log)
	if err != nil {
		return err
	}
	defer stop()
	log.InfoContext(ctx, "gateway runs", "address", c.Addr, "auth", c.Auth)
	err = gateway.Run(ctx)
	log.InfoContext(ctx, "gateway has stopped")
	return err
}

func (c *apiCommand) check(log *slog.Logger) error {
	if c.PaymentWindow < api.MinPaymentWindow {
		return usagef("--payment-window (HOLDFAST_PAYMENT_WINDOW): %s is too short, at least %s are needed",
			c.PaymentWindow, api.MinPaymentWindow)
	}
	if err := c.checkIndex(); err != nil {
		return err
	}
	if err := c.checkTLS(); err != nil {
		return err
	}
	if _, _, err := c.read(log); err != nil {
		return err
	}
	return c.doorFlags.check(c.off())
}
