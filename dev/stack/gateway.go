package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"holdfast/api"
	"holdfast/inventory"
	"holdfast/payment"
	"holdfast/payment/sandbox"
	"holdfast/records"
)

// DefaultSecret signs the sandbox's callbacks where no secret is set. It is no
// secret: this stack listens on loopback alone, and moves no money.
const DefaultSecret = "whsec_aG9sZGZhc3Qtc2FuZGJveC1ub3QtYS1zZWNyZXQ=" //nolint:gosec // says so itself

func (s *Stack) startGateway(ctx context.Context) (func(context.Context) error, error) {
	if s.opts.WithoutHoldfast {
		return nothing, nil
	}
	addr := s.opts.HTTPAddr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for the gateway (choose another address with HOLDFAST_HTTP_ADDR): %w", err)
	}
	gateway, err := s.gateway(listener)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.URL = "http://" + listener.Addr().String()
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	var ended error
	go func() {
		defer close(done)
		ended = gateway.Run(run)
	}()
	s.watch(done, func() error { return ended })
	return func(context.Context) error {
		stop()
		<-done
		return ended
	}, nil
}

func (s *Stack) gateway(listener net.Listener) (*api.Server, error) {
	secret := s.opts.WebhookSecret
	if secret == "" {
		secret = DefaultSecret
	}
	provider, err := sandbox.New(secret)
	if err != nil {
		return nil, fmt.Errorf("HOLDFAST_WEBHOOK_SECRET: %w", err)
	}
	log := s.opts.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return api.New(api.Config{
		Listener: listener, Products: inventory.New(s.redis), Orders: records.New(s.redis), Temporal: s.Temporal,
		Index: s.Index, Identity: s.opts.Identity,
		Providers: map[string]payment.Reader{"sandbox": provider},
		Checks: map[string]api.Check{"redis": func(ctx context.Context) error {
			return s.redis.Ping(ctx).Err()
		}},
		PaymentWindow: s.opts.PaymentWindow, Log: log, Metrics: s.metrics,
	})
}
