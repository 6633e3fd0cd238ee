package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"holdfast/api"
	"holdfast/audits"
	"holdfast/carrier/tracking"
	"holdfast/commands"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/inventory"
	"holdfast/pricebooks"
	"holdfast/quoting/reader"
	"holdfast/records"
	sagaclient "holdfast/saga/client"
	"holdfast/webhook/deliver"
	"holdfast/webhook/registry"
)

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
	gateway, endPages, err := s.gateway(listener)
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
		endPages()
		stop()
		<-done
		return ended
	}, nil
}

// gateway returns the gateway with the pages, and what ends the streams of those.
func (s *Stack) gateway(listener net.Listener) (gateway *api.Server, endPages func(), err error) {
	guard, err := deliver.NewGuard(s.webhooksAllow())
	if err != nil {
		return nil, nil, err
	}
	guard.RefuseOwn(s.ownServices)
	chains := commands.New(s.redis, s.box)
	cfg := api.Config{
		Listener: listener, Products: inventory.New(s.redis), Quoting: reader.New(s.redis, chains), Orders: records.New(s.redis),
		Customers: customers.New(s.redis), Coupons: coupons.New(s.redis),
		Tracking: tracking.New(s.redis, time.Now), PriceBooks: pricebooks.New(s.redis, customers.New(s.redis)), Commands: chains, Audits: audits.New(s.redis),
		Sagas: sagaclient.New(s.Temporal, s.Namespace), Index: s.Index, Webhooks: registry.New(s.redis), CheckURL: guard.Check, Identity: s.opts.Identity, Guests: s.opts.Guests,
		Providers: map[string]api.Provider{}, Pages: map[string]http.Handler{},
		Checks: map[string]api.Check{"redis": func(ctx context.Context) error {
			return s.redis.Ping(ctx).Err()
		}},
		Log: s.log(), Metrics: s.metrics,
	}
	if err := s.opts.Apply(&cfg, true); err != nil {
		return nil, nil, err
	}
	own := "http://" + listener.Addr().String()
	s.atSandbox(&cfg, cmp.Or(s.opts.PublicURL, own))
	if err := s.atSandboxCarrier(&cfg, own); err != nil {
		return nil, nil, err
	}
	if endPages, err = s.pages(&cfg, own); err != nil {
		return nil, nil, err
	}
	gateway, err = api.New(cfg)
	return gateway, endPages, err
}
