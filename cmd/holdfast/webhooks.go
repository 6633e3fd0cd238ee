package main

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
	"holdfast/settings"
	"holdfast/webhook/deliver"
)

// webhookFlags say where webhooks may go. The gateway and the workers need the same values.
type webhookFlags struct{ settings.Webhooks }

// guard finds a mistake in the flag before other services are awaited.
func (f webhookFlags) guard() (*deliver.Guard, error) {
	g, err := deliver.NewGuard(f.WebhooksAllow)
	if err != nil {
		return nil, usagef("--webhooks-allow (HOLDFAST_WEBHOOKS_ALLOW): %v", err)
	}
	return g, nil
}

// ownServices lists the services that Holdfast runs on, which trust every caller: webhooks
// must not reach any of them, whatever HOLDFAST_WEBHOOKS_ALLOW says.
func ownServices(rdb redis.UniversalClient, elasticsearch string, log *slog.Logger) (func(context.Context) []string, error) {
	temporal, err := temporalOptions(log)
	if err != nil {
		return nil, err
	}
	fixed := []string{temporal.HostPort}
	for text := range strings.SplitSeq(elasticsearch, ",") {
		if u, err := url.Parse(strings.TrimSpace(text)); err == nil && u.Host != "" {
			port := u.Port()
			if port == "" {
				port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
			}
			fixed = append(fixed, net.JoinHostPort(u.Hostname(), port))
		}
	}
	return func(ctx context.Context) []string {
		return slices.Concat(redisdb.Addresses(ctx, rdb), fixed)
	}, nil
}
