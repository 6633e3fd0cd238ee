package stack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	sdk "go.temporal.io/sdk/worker"

	"holdfast/commands"
	"holdfast/redisdb"
	"holdfast/script"
	"holdfast/webhook/deliver"
	"holdfast/worker"
)

func (s *Stack) connectRedis(ctx context.Context) (func(context.Context) error, error) {
	rdb, err := redisdb.Open(ctx, s.RedisURL)
	if err != nil {
		return nil, fmt.Errorf("connect to Redis: %w", err)
	}
	s.redis, s.box = rdb, commands.NewBox(script.Options{}) //nolint:contextcheck // the engine outlives the call
	if err := s.checkRedis(ctx); err != nil {
		return nil, errors.Join(err, rdb.Close())
	}
	s.metrics = prometheus.NewRegistry()
	s.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return func(context.Context) error { return rdb.Close() }, nil
}

func (s *Stack) startWorker(context.Context) (func(context.Context) error, error) {
	if s.opts.WithoutHoldfast {
		return nothing, nil
	}
	w, err := worker.New(worker.Config{
		Temporal: s.Temporal, Namespace: s.Namespace, Redis: s.redis, Index: s.Index, Metrics: s.metrics, Log: s.opts.Log,
		Box:         s.box,
		KeepForGood: s.opts.ElasticsearchURL == "", // the embedded index may be recreated, see embedded.Open
		Providers:   s.sagaProviders(), Money: s.sagaMoney(),
		Options: s.workerOptions(), WebhooksAllow: s.webhooksAllow(), OwnServices: s.ownServices,
	})
	if err != nil {
		return nil, err
	}
	if err := w.Start(); err != nil { //nolint:contextcheck // Stop ends what it begins
		return nil, fmt.Errorf("start the worker: %w", err)
	}
	return func(context.Context) error {
		w.Stop()
		return nil
	}, nil
}

// webhooksAllow lets webhooks reach a receiver on this machine.
func (s *Stack) webhooksAllow() string { return cmp.Or(s.opts.WebhooksAllow, deliver.Loopback) }

// ownServices are what webhooks must not reach, although it is on this machine too.
func (s *Stack) ownServices(ctx context.Context) []string {
	all := append(redisdb.Addresses(ctx, s.redis), s.TemporalAddress)
	for text := range strings.SplitSeq(s.UIURL+","+s.opts.ElasticsearchURL, ",") {
		if u, err := url.Parse(text); err == nil && u.Host != "" {
			all = append(all, u.Host)
		}
	}
	return all
}

func (s *Stack) workerOptions() sdk.Options {
	if s.opts.Worker != nil {
		return *s.opts.Worker
	}
	return sdk.Options{}
}
