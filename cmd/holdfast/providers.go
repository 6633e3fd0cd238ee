package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"holdfast/activities"
	"holdfast/api"
	"holdfast/audit"
	"holdfast/payment"
	"holdfast/payment/moneymode"
	"holdfast/payment/sandbox"
	"holdfast/payment/stripe"
	"holdfast/settings"
)

// providerFlags say which payment providers there are. The gateway and the workers need the
// same ones.
type providerFlags struct{ settings.Providers }

// check finds a mistake in the flags before other services are awaited.
func (f providerFlags) check() error {
	if math.IsNaN(f.SandboxFails) || f.SandboxFails < 0 || f.SandboxFails > 1 {
		return usagef("--sandbox-fails (HOLDFAST_SANDBOX_FAILS): %g must lie between 0 and 1", f.SandboxFails)
	}
	if err := f.checkSandbox(); err != nil {
		return err
	}
	return f.checkProviders()
}

// checkProviders is the part of check that an audit, which takes no payment, needs as well.
func (f providerFlags) checkProviders() error {
	if f.WebhookSecret != "" {
		if _, err := sandbox.New(f.WebhookSecret); err != nil {
			return usagef("HOLDFAST_WEBHOOK_SECRET: %v", err)
		}
	}
	atStripe, err := f.stripe()
	if err != nil {
		return err
	}
	switch {
	case f.DefaultProvider == "", f.DefaultProvider == sandbox.Name && f.hasSandbox(), f.DefaultProvider == stripe.Name && atStripe != nil:
		return nil
	}
	return usagef("--payment-provider (HOLDFAST_PAYMENT_PROVIDER): %q is not set up", f.DefaultProvider)
}

// checkSandbox refuses a sandbox that could accept orders of a shop that takes real money.
func (f providerFlags) checkSandbox() error {
	switch {
	case !f.Sandbox:
		return nil
	case f.hasStripe() && stripe.IsLive(f.StripeKey):
		return usagef("HOLDFAST_SANDBOX is on together with a live STRIPE_API_KEY: customers could pay without money. " +
			"Set HOLDFAST_SANDBOX=false, or use a test key (sk_test_… or rk_test_…)")
	case f.WebhookSecret == "":
		return usagef("HOLDFAST_SANDBOX is on, but HOLDFAST_WEBHOOK_SECRET, which signs its callbacks, is not set")
	}
	return nil
}

// mode is the kind of money taken here, empty if there are no payments. A test key counts
// like the sandbox: its owner can report an order of this shop as paid, and no money moves.
func (f providerFlags) mode() moneymode.Mode {
	switch {
	case f.hasStripe() && stripe.IsLive(f.StripeKey):
		return moneymode.ModeReal
	case f.Sandbox, f.hasStripe():
		return moneymode.ModePretend
	}
	return ""
}

// holdMode claims this process's mode of money against all other processes on the same
// Redis. The context that it returns ends when the claim is lost; release returns that as
// an error.
func (f providerFlags) holdMode(ctx context.Context, rdb redis.UniversalClient, log *slog.Logger) (held context.Context, release func() error, err error) {
	mode := f.mode()
	if mode == "" {
		return ctx, func() error { return nil }, nil
	}
	claim := moneymode.New(rdb, mode, log)
	if err := claim.Take(ctx); err != nil {
		if conflict, ok := errors.AsType[*moneymode.ConflictError](err); ok {
			return nil, nil, usagef("%v", conflict)
		}
		return nil, nil, err
	}
	held, cancel := context.WithCancel(ctx)
	lost := make(chan error, 1)
	go func() {
		defer cancel()
		lost <- claim.Hold(held)
	}()
	return held, func() error { cancel(); return <-lost }, nil
}

// reach is a setting through which programs on other machines may reach a process.
type reach struct {
	setting string
	beyond  bool
}

// checkReach refuses the published secret if programs on other machines could use it.
func (f providerFlags) checkReach(ways ...reach) error {
	if !f.Sandbox || !sandbox.IsPublished(f.WebhookSecret) {
		return nil
	}
	for _, way := range ways {
		if way.beyond {
			return usagef("HOLDFAST_WEBHOOK_SECRET is the published one of make run, and %s lets other machines call: "+
				"they could use it to have any order paid. Set a secret of your own (make env does), or stay on loopback", way.setting)
		}
	}
	return nil
}

func (f providerFlags) hasSandbox() bool { return f.Sandbox && f.WebhookSecret != "" }

// any reports whether there is a provider at all.
func (f providerFlags) any() bool { return f.hasSandbox() || f.hasStripe() }

// first is the provider of buyers who name none.
func (f providerFlags) first() string {
	switch {
	case f.DefaultProvider != "":
		return f.DefaultProvider
	case f.hasStripe():
		return stripe.Name
	}
	return sandbox.Name
}

// providers are the payment providers that the flags name, and what the gateway runs for
// them.
type providers struct {
	byName map[string]payment.Provider
	pages  map[string]http.Handler
	// run sends the callbacks of providers inside this program to the gateway, until the
	// context ends.
	run []func(ctx context.Context, gatewayURL string)
}

// open creates the providers. publicURL is where buyers reach the gateway, and shopURL where they reach
// the shop's pages, if there are any; a worker needs neither.
func (f providerFlags) open(rdb redis.UniversalClient, publicURL, shopURL string, log *slog.Logger) (providers, error) {
	p := providers{byName: map[string]payment.Provider{}, pages: map[string]http.Handler{}}
	if f.hasSandbox() {
		signer, err := sandbox.New(f.WebhookSecret)
		if err != nil {
			return p, usagef("HOLDFAST_WEBHOOK_SECRET: %v", err)
		}
		books := sandbox.NewBooks(rdb)
		p.byName[sandbox.Name] = sandbox.NewProvider(signer, books, sandbox.Options{PublicURL: publicURL, Fails: f.SandboxFails})
		p.pages[sandbox.Path] = sandbox.NewPages(books, ordersBelow(shopURL), log)
		p.run = append(p.run, func(ctx context.Context, gatewayURL string) {
			sandbox.NewSender(books, signer, gatewayURL, log).Run(ctx)
		})
	}
	atStripe, err := f.stripe()
	if err != nil {
		return p, err
	}
	if atStripe != nil {
		p.byName[stripe.Name] = atStripe
	}
	return p, nil
}

// start runs what the gateway runs for them; the returned function ends it and waits.
func (p providers) start(ctx context.Context, gatewayURL string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, run := range p.run {
		all.Go(func() { run(ctx, gatewayURL) })
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// forGateway is the gateway's view of them.
func (p providers) forGateway() map[string]api.Provider {
	all := make(map[string]api.Provider, len(p.byName))
	for name, provider := range p.byName {
		all[name] = provider
	}
	return all
}

// forWorker is the sagas' view of them.
func (p providers) forWorker() activities.Providers {
	all := make(activities.Providers, len(p.byName))
	for name, provider := range p.byName {
		all[name] = provider
	}
	return all
}

// forAudit is the money audit's view of them.
func (p providers) forAudit() map[string]audit.MoneyBooks {
	all := make(map[string]audit.MoneyBooks, len(p.byName))
	for name, provider := range p.byName {
		all[name] = provider
	}
	return all
}

// localURL is the URL by which a process reaches its own listener.
func localURL(addr string, secured bool) string {
	scheme := "http://"
	if secured {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return scheme + addr
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(host, port)
}

// ordersBelow is where the shop's pages show orders.
func ordersBelow(shopURL string) string {
	if shopURL == "" {
		return ""
	}
	return strings.TrimSuffix(shopURL, "/") + "/orders/"
}

// checkPublicURL refuses a URL that a browser can't open.
func checkPublicURL(setting, s string) error {
	u, err := url.Parse(s)
	if s == "" || (err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "") {
		return nil
	}
	return usagef("%s: %q is not a URL such as https://shop.example", setting, s)
}
