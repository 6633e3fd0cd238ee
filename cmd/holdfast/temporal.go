package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
)

// temporalFlags mark a command that connects to Temporal. Its client reads its own settings
// from the environment.
type temporalFlags struct{}

// temporalOptions reads Temporal's own settings: TEMPORAL_ADDRESS,
// TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS…, or its configuration file.
func temporalOptions(logger *slog.Logger) (client.Options, error) {
	opts, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return client.Options{}, usagef("settings of Temporal: %v", err)
	}
	if opts.HostPort == "" {
		opts.HostPort = client.DefaultHostPort
	}
	if opts.Namespace == "" {
		opts.Namespace = client.DefaultNamespace
	}
	opts.Logger = log.NewStructuredLogger(logger)
	return opts, nil
}

// waitForTemporal connects and waits until the service responds.
func waitForTemporal(ctx context.Context, patience time.Duration, logger *slog.Logger) (client.Client, error) {
	opts, err := temporalOptions(logger)
	if err != nil {
		return nil, err
	}
	var c client.Client
	err = waitFor(ctx, "temporal", patience, logger, func(ctx context.Context) error {
		dialed, err := client.DialContext(ctx, opts)
		if err != nil {
			return err
		}
		c = dialed
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal at %s (TEMPORAL_ADDRESS): %w", opts.HostPort, err)
	}
	return c, nil
}

// namespace is the one that the settings name.
func namespace(logger *slog.Logger) (string, error) {
	opts, err := temporalOptions(logger)
	return opts.Namespace, err
}
