package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"holdfast/api"
	"holdfast/audits"
	"holdfast/carrier/tracking"
	commandstore "holdfast/commands"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/payment/moneymode"
	"holdfast/pricebooks"
	quotingreader "holdfast/quoting/reader"
	"holdfast/records"
	sagaclient "holdfast/saga/client"
	"holdfast/script"
	"holdfast/settings"
	"holdfast/webhook/registry"
)

// apiCommand runs the gateway.
type apiCommand struct {
	temporalFlags //nolint:unused // found by its type: see connectsToTemporal
	settings.Start
	redisFlags
	durabilityFlags
	indexFlags
	providerFlags
	carrierFlags
	webhookFlags
	identityFlags
	listenFlags
}

// Run serves until the process is told to stop.
func (c *apiCommand) Run(ctx context.Context, out out) (err error) {
	log := newLog(out.stderr)
	if err := c.check(log); err != nil { // before waiting, because only a running gateway needs it
		return err
	}
	guard, err := c.guard()
	if err != nil {
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
	guard.RefuseOwn(services)
	index, err := c.readIndex(ctx)
	if err != nil {
		return err
	}
	if index != nil {
		defer index.Close() //nolint:errcheck // the process ends
	}

	guests, err := c.guests()
	if err != nil {
		return err
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
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.HTTPAddr)
	if err != nil {
		return fmt.Errorf("listen (HOLDFAST_HTTP_ADDR): %w", err)
	}
	// A name such as localhost is resolved by the machine's own tables.
	err = c.checkSecrets(reach{"HOLDFAST_HTTP_ADDR " + c.HTTPAddr, !onLoopback(listener.Addr().String())})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	own := localURL(listener.Addr().String(), secured != nil)
	sendTo := own
	if secured != nil { // the certificate is for the public name
		sendTo = cmp.Or(c.PublicURL, own)
	}
	providers, err := c.providerFlags.open(rdb, cmp.Or(c.PublicURL, own), c.ShopURL, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	carriers, err := c.carrierFlags.open()
	if err == nil {
		err = c.addPage(providers.pages, sendTo, log)
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	chains := commandstore.New(rdb, commandstore.NewBox(script.Options{})) //nolint:contextcheck // the engine outlives the call
	cfg := api.Config{
		Listener: listener, TLS: secured, Identity: verifier, Guests: guests, Limits: c.limits(c.Off()),
		TrustedProxies: c.TrustedProxies, Origins: c.Origins, MetricsApart: c.MetricsAddr != "",
		Products: inventory.New(rdb), Quoting: quotingreader.New(rdb, chains), Orders: records.New(rdb), Sagas: sagaclient.New(temporal, name), Index: index,
		Customers: customers.New(rdb), Coupons: coupons.New(rdb),
		Tracking: tracking.New(rdb, time.Now), PriceBooks: pricebooks.New(rdb, customers.New(rdb)), Commands: chains, Audits: audits.New(rdb),
		Webhooks: registry.New(rdb), CheckURL: guard.Check,
		Providers: providers.forGateway(), DefaultProvider: c.first(), Money: c.mode(), Pages: providers.pages,
		Carriers: carriers,
		Checks: map[string]api.Check{
			"redis":            func(ctx context.Context) error { return rdb.Ping(ctx).Err() },
			"redis-durability": c.readiness(durability),
		},
		BodyBytes: c.BodyBytes, DrainDelay: c.DrainDelay, MaxLines: c.maxLines(), MaxSearches: c.MaxSearches,
		Log: log, Metrics: metrics,
	}
	if err := c.Apply(&cfg, c.Off()); err != nil {
		return errors.Join(usagef("%v", err), listener.Close())
	}
	gateway, err := api.New(cfg)
	if err != nil {
		return errors.Join(fmt.Errorf("build the gateway: %w", err), listener.Close())
	}
	stop, err := serveApart(ctx, c.MetricsAddr, gateway.Operation(), log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stop()
	defer watch(ctx, durability, metrics)()
	defer providers.start(ctx, sendTo)()
	log.InfoContext(ctx, "gateway running", "address", c.HTTPAddr, "auth", c.Auth)
	err = gateway.Run(ctx)
	log.InfoContext(ctx, "gateway stopped")
	return err
}

// checkSecrets refuses published secrets if programs on other machines could use them.
func (c *apiCommand) checkSecrets(ways ...reach) error {
	return errors.Join(c.providerFlags.checkReach(ways...), c.carrierFlags.checkReach(ways...))
}

// orderLines is the limit if none is set: more than people order at once, in a document
// that lists and journals can handle.
const orderLines = 500

func (c *apiCommand) maxLines() int {
	switch {
	case c.MaxLines != nil:
		return *c.MaxLines
	case c.Off():
		return order.MaxLines
	}
	return orderLines
}

func (c *apiCommand) check(log *slog.Logger) error {
	if err := errors.Join(c.Shop.Check(c.Off()), c.Guests.Check(c.PaymentWindow, c.ReturnWindow, c.GuestSecret != "" || c.JWTSecret != "")); err != nil {
		return usagef("%v", err)
	}
	if n := c.maxLines(); n < 1 || n > order.MaxLines {
		return usagef("--max-lines (HOLDFAST_MAX_LINES): must lie between 1 and %d", order.MaxLines)
	}
	if c.MaxSearches < 1 || c.MaxSearches > api.MostSearches {
		return usagef("--max-searches (HOLDFAST_MAX_SEARCHES): must lie between 1 and %d, not %d", api.MostSearches, c.MaxSearches)
	}
	if err := errors.Join(c.checkIndex(), c.providerFlags.check(), c.carrierFlags.check(c.mode() == moneymode.ModeReal), checkPublicURL("--public-url (HOLDFAST_PUBLIC_URL)", c.PublicURL), checkPublicURL("--shop-url (HOLDFAST_SHOP_URL)", c.ShopURL)); err != nil {
		return err
	}
	if !c.any() {
		return usagef("orders can't be paid: set STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET, " +
			"or for a demonstration HOLDFAST_SANDBOX=true and HOLDFAST_WEBHOOK_SECRET")
	}
	if err := c.checkSecrets(c.ways()...); err != nil {
		return err
	}
	if err := c.checkTLS(); err != nil {
		return err
	}
	if _, _, err := c.read(log); err != nil {
		return err
	}
	if _, err := c.guests(); err != nil {
		return err
	}
	return c.listenFlags.check(c.Off())
}
