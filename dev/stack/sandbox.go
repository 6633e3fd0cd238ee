package stack

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"

	"holdfast/activities"
	"holdfast/api"
	"holdfast/carrier"
	parcels "holdfast/carrier/sandbox"
	"holdfast/order"
	"holdfast/payment/moneymode"
	"holdfast/payment/sandbox"
)

// DefaultSecret signs the sandbox's callbacks if no secret is set. It isn't a secret: this
// stack listens only on loopback, and moves no money.
const DefaultSecret = sandbox.PublishedSecret

// stripeName is the provider's name, as package stripe has it, which is too large to be linked for that.
const stripeName = "stripe"

// openSandbox creates the payment provider for all orders here.
func (s *Stack) openSandbox(ctx context.Context) (func(context.Context) error, error) {
	if s.opts.WithoutSandbox || s.opts.WithoutHoldfast {
		return nothing, nil
	}
	secret := s.opts.WebhookSecret
	if secret == "" {
		secret = DefaultSecret
	}
	signer, err := sandbox.New(secret)
	if err != nil {
		return nil, fmt.Errorf("HOLDFAST_WEBHOOK_SECRET: %w", err)
	}
	s.signer, s.books = signer, sandbox.NewBooks(s.redis)
	return s.claimPretendMoney(ctx)
}

// claimPretendMoney keeps the sandbox off a Redis whose shop takes real money.
func (s *Stack) claimPretendMoney(ctx context.Context) (func(context.Context) error, error) {
	claim := moneymode.New(s.redis, moneymode.ModePretend, s.log())
	if err := claim.Take(ctx); err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	var lost error
	go func() {
		defer close(done)
		lost = claim.Hold(run)
	}()
	s.watch(done, func() error { return lost })
	return func(context.Context) error {
		stop()
		<-done
		return nil
	}, nil
}

// sandbox is the provider; only the gateway knows where buyers reach it.
func (s *Stack) sandbox(publicURL string) *sandbox.Provider {
	return sandbox.NewProvider(s.signer, s.books, sandbox.Options{PublicURL: publicURL, Fails: s.opts.SandboxFails})
}

// sagaProviders are the payment providers for the worker.
func (s *Stack) sagaProviders() activities.Providers {
	if s.books == nil {
		return nil
	}
	all := activities.Providers{sandbox.Name: s.sandbox("")}
	if s.opts.Stripe != nil {
		all[stripeName] = s.opts.Stripe
	}
	return all
}

// sagaMoney is the kind of money that they take.
func (s *Stack) sagaMoney() order.Money {
	if s.books == nil {
		return ""
	}
	return order.MoneyPretend
}

// atSandbox lets the gateway take payments through the sandbox and serve its pages.
func (s *Stack) atSandbox(c *api.Config, publicURL string) {
	if s.books == nil {
		return
	}
	c.Money = order.MoneyPretend
	c.Providers[sandbox.Name] = s.sandbox(publicURL)
	if s.opts.Stripe != nil {
		c.Providers[stripeName], c.DefaultProvider = s.opts.Stripe, stripeName
	}
	orders := "/orders/"
	if s.opts.WithoutPages {
		orders = ""
	}
	c.Pages[sandbox.Path] = sandbox.NewPages(s.books, orders, c.Log)
}

// DefaultCarrierSecret signs the sandbox carrier's callbacks if no secret is set. It isn't a secret
// either.
const DefaultCarrierSecret = parcels.PublishedSecret

// atSandboxCarrier lets the gateway take the sandbox carrier's callbacks and serve its page.
func (s *Stack) atSandboxCarrier(c *api.Config, gatewayURL string) error {
	if s.opts.WithoutSandbox {
		return nil
	}
	adapter, err := parcels.New(cmp.Or(s.opts.CarrierSecret, DefaultCarrierSecret))
	if err != nil {
		return fmt.Errorf("HOLDFAST_CARRIER_SECRET: %w", err)
	}
	c.Carriers = map[string]carrier.Carrier{parcels.Name: adapter}
	c.Pages[parcels.Path] = parcels.NewPage(adapter, gatewayURL, c.Log)
	return nil
}

// sendCallbacks sends the sandbox's callbacks to the gateway.
func (s *Stack) sendCallbacks(ctx context.Context) (func(context.Context) error, error) {
	if s.books == nil {
		return nothing, nil
	}
	sender := sandbox.NewSender(s.books, s.signer, s.URL, s.log())
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		sender.Run(run)
	}()
	return func(context.Context) error {
		stop()
		<-done
		return nil
	}, nil
}

func (s *Stack) log() *slog.Logger {
	if s.opts.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.opts.Log
}
