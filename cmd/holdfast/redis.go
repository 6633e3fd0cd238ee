package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

// redisFlags say where the entities are.
type redisFlags struct {
	Redis string `name:"redis-url" env:"REDIS_URL" default:"redis://127.0.0.1:6379/0" help:"URL of Redis; several with commas between, or ?cluster=true, mean a cluster (${env})."`
}

// connect waits until Redis answers.
func (f redisFlags) connect(ctx context.Context, patience time.Duration, logger *slog.Logger) (redis.UniversalClient, error) {
	var rdb redis.UniversalClient
	err := waitFor(ctx, "redis", patience, logger, func(ctx context.Context) error {
		opened, err := redisdb.Open(ctx, f.Redis)
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
