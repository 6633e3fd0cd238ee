package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
	"holdfast/settings"
)

// redisFlags name the Redis of the entities.
type redisFlags struct{ settings.Redis }

// secured returns nil if no TLS files are set, so that the machine's own apply.
func (f redisFlags) secured() (*tls.Config, error) {
	if f.RedisCA == "" && f.RedisCert == "" && f.RedisKey == "" {
		return nil, nil //nolint:nilnil // no files are not an error
	}
	pool, err := authorities(f.RedisCA)
	if err != nil {
		return nil, usagef("--redis-ca-file (REDIS_CA_FILE): %v", err)
	}
	own, err := certificate(f.RedisCert, f.RedisKey)
	if err != nil {
		return nil, usagef("--redis-cert-file and --redis-key-file (REDIS_CERT_FILE, REDIS_KEY_FILE): %v", err)
	}
	return &tls.Config{RootCAs: pool, Certificates: own, MinVersion: tls.VersionTLS12}, nil
}

// checkTLS finds a mistake in the files before other services are awaited.
func (f redisFlags) checkTLS() error {
	secured, err := f.secured()
	if err == nil && secured != nil && !strings.HasPrefix(f.RedisURL, "rediss://") {
		return usagef("REDIS_CA_FILE, REDIS_CERT_FILE and REDIS_KEY_FILE are for a REDIS_URL that begins with rediss://")
	}
	return err
}

// connect waits until Redis answers.
func (f redisFlags) connect(ctx context.Context, patience time.Duration, logger *slog.Logger) (redis.UniversalClient, error) {
	if err := f.checkTLS(); err != nil {
		return nil, err
	}
	secured, err := f.secured()
	if err != nil {
		return nil, err
	}
	var rdb redis.UniversalClient
	err = waitFor(ctx, "redis", patience, logger, func(ctx context.Context) error {
		opened, err := redisdb.OpenTLS(ctx, f.RedisURL, secured)
		if err != nil {
			return err
		}
		rdb = opened
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("connect to Redis (REDIS_URL): %w", err)
	}
	return rdb, nil
}
