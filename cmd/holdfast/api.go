package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
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
	Secret         string        `name:"webhook-secret" env:"HOLDFAST_WEBHOOK_SECRET" required:"" help:"Secret that the sandbox provider's callbacks are signed with, whsec_… (${env})."`
	Addr           string        `name:"http-addr" env:"HOLDFAST_HTTP_ADDR" default:"127.0.0.1:8080" help:"Address to listen on (${env})."`
	Auth           string        `env:"HOLDFAST_AUTH" enum:"off" default:"off" help:"Who may call: off, everybody who reaches the address is an operator (${env})."`
	InsecureListen bool          `env:"HOLDFAST_INSECURE_LISTEN" help:"Listen on an address that others can reach although authentication is off (${env})."`
	PaymentWindow  time.Duration `env:"HOLDFAST_PAYMENT_WINDOW" default:"15m" help:"How long an order's stock is held for its payment (${env})."`
	DrainDelay     time.Duration `env:"HOLDFAST_DRAIN_DELAY" default:"0s" help:"How long a stopping gateway still takes calls after /readyz said no, so that a load balancer hears of it (${env})."`
}

// Run serves until the process is told to stop.
func (c *apiCommand) Run(ctx context.Context, out out) error {
	log := newLog(out.stderr)
	provider, err := sandbox.New(c.Secret)
	if err != nil {
		return usagef("--webhook-secret: %v", err)
	}
	if err := c.check(); err != nil { // before the wait for what only a running gateway needs
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

	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	gateway, err := api.New(api.Config{
		Addr: c.Addr, InsecureListen: c.InsecureListen,
		Products: inventory.New(rdb), Orders: records.New(rdb), Temporal: temporal, Index: index,
		Providers:     map[string]payment.Reader{sandbox.Name: provider},
		Checks:        map[string]api.Check{"redis": func(ctx context.Context) error { return rdb.Ping(ctx).Err() }},
		PaymentWindow: c.PaymentWindow, DrainDelay: c.DrainDelay, Log: log, Metrics: registry,
	})
	if err != nil {
		return fmt.Errorf("build the gateway: %w", err)
	}
	log.InfoContext(ctx, "gateway runs", "address", c.Addr)
	err = gateway.Run(ctx)
	log.InfoContext(ctx, "gateway has stopped")
	return err
}

func (c *apiCommand) check() error {
	if c.PaymentWindow < api.MinPaymentWindow {
		return usagef("--payment-window (HOLDFAST_PAYMENT_WINDOW): %s is too short, at least %s are needed",
			c.PaymentWindow, api.MinPaymentWindow)
	}
	if err := c.checkIndex(); err != nil {
		return err
	}
	return c.checkAddress()
}

// checkAddress finds a mistake in the address without listening yet: as long as
// nobody serves, connections should be refused. The gateway checks it again.
func (c *apiCommand) checkAddress() error {
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return usagef("--http-addr (HOLDFAST_HTTP_ADDR): %v", err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return usagef("--http-addr (HOLDFAST_HTTP_ADDR): %q is no port", port)
	}
	ip := net.ParseIP(host)
	if c.InsecureListen || host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return nil
	}
	return usagef("with authentication off, --http-addr %s (HOLDFAST_HTTP_ADDR) would let anybody be the operator: "+
		"listen on 127.0.0.1, or set HOLDFAST_INSECURE_LISTEN=true if others are kept away otherwise", c.Addr)
}
