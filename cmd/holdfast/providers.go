package main

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/url"
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

// providerFlags say which payment providers there are. The gateway and the workers
// need the same.
type providerFlags struct{ settings.Providers }

// check finds a mistake in the flags before anything is waited for.
func (f providerFlags) check() error {
	if math.IsNaN(f.SandboxFails) || f.SandboxFails < 0 || f.SandboxFails > 1 {
		return usagef("--sandbox-fails (HOLDFAST_SANDBOX_FAILS): %g is no share, which is 0 to 1", f.SandboxFails)
	}
	if err := f.checkSandbox(); err != nil {
		return err
	}
	return f.checkProviders()
}

// checkProviders is what an audit, which takes no payment, checks as well.
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

// checkSandbox refuses a sandbox that could take an order of a shop that takes money.
func (f providerFlags) checkSandbox() error {
	switch {
	case !f.Sandbox:
		return nil
	case f.hasStripe() && stripe.IsLive(f.StripeKey):
		return usagef("HOLDFAST_SANDBOX is on beside a live STRIPE_API_KEY: customers could pay without money. " +
			"Set HOLDFAST_SANDBOX=false, or use a test key (sk_test_… or rk_test_…)")
	case f.WebhookSecret == "":
		return usagef("HOLDFAST_SANDBOX is on, and HOLDFAST_WEBHOOK_SECRET, which signs its callbacks, is not set")
	}
	return nil
}

// mode is what payments are worth here, empty where there are none. A test key is as good
// as the sandbox: its owner says that an order of this shop is paid, and no money moves.
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
// Redis. The context that it returns ends when the claim is lost; release gives that as
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

// reach is a setting by which others than this machine's own programs may reach a process.
type reach struct {
	setting string
	beyond  bool
}

// checkReach refuses the published secret where others than this machine's own programs
// could use it.
func (f providerFlags) checkReach(ways ...reach) error {
	if !f.Sandbox || !sandbox.IsPublished(f.WebhookSecret) {
		return nil
	}
	for _, way := range ways {
		if way.beyond {
			return usagef("HOLDFAST_WEBHOOK_SECRET is the published one of make run, and %s lets others than this machine call: "+
				"with it they could have any order paid. Set a secret of your own (make env does), or stay on loopback", way.setting)
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

// providers are the payment providers that the flags name, and what the gateway runs
// for them.
type providers struct {
	byName map[string]payment.Provider
	pages  map[string]http.Handler
	// run sends what providers inside this program have to say to the gateway, until
	// the context ends.
	run []func(ctx context.Context, gatewayURL string)
}

// open makes the providers. publicURL is where buyers reach the gateway; a worker
// needs none.
func (f providerFlags) open(rdb redis.UniversalClient, publicURL string, log *slog.Logger) (providers, error) {
	p := providers{byName: map[string]payment.Provider{}, pages: map[string]http.Handler{}}
	if f.hasSandbox() {
		signer, err := sandbox.New(f.WebhookSecret)
		if err != nil {
			return p, usagef("HOLDFAST_WEBHOOK_SECRET: %v", err)
		}
		books := sandbox.NewBooks(rdb)
		p.byName[sandbox.Name] = sandbox.NewProvider(signer, books, sandbox.Options{PublicURL: publicURL, Fails: f.SandboxFails})
		p.pages[sandbox.Path] = sandbox.NewPages(books, log)
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

// forGateway is what the gateway asks of them.
func (p providers) forGateway() map[string]api.Provider {
	all := make(map[string]api.Provider, len(p.byName))
	for name, provider := range p.byName {
		all[name] = provider
	}
	return all
}

// forWorker is what the sagas ask of them.
func (p providers) forWorker() activities.Providers {
	all := make(activities.Providers, len(p.byName))
	for name, provider := range p.byName {
		all[name] = provider
	}
	return all
}

// forAudit is what an audit of the money asks of them.
func (p providers) forAudit() map[string]audit.MoneyBooks {
	all := make(map[string]audit.MoneyBooks, len(p.byName))
	for name, provider := range p.byName {
		all[name] = provider
	}
	return all
}

// localURL is how a process reaches what it listens to itself.
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

// checkPublicURL refuses what a browser can't go to.
func checkPublicURL(s string) error {
	u, err := url.Parse(s)
	if s == "" || (err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "") {
		return nil
	}
	return usagef("--public-url (HOLDFAST_PUBLIC_URL): %q is no URL such as https://shop.example", s)
}
