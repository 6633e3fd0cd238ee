package main

import (
	"context"
	"errors"
	"os"

	goredis "github.com/redis/go-redis/v9"

	"holdfast/dev/redis"
	"holdfast/redisdb"
)

// ownRedis starts a Redis for one measurement, in a folder that is removed with it.
func ownRedis(ctx context.Context) (rdb goredis.UniversalClient, url string, stop func(), err error) {
	dir, err := os.MkdirTemp("", "holdfast-bench-")
	if err != nil {
		return nil, "", nil, err
	}
	server, err := redis.Start(ctx, redis.Options{Dir: dir})
	if err != nil {
		return nil, "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	end := func() {
		_ = server.Stop(context.WithoutCancel(ctx)) // the figures are out
		_ = os.RemoveAll(dir)
	}
	if rdb, err = redisdb.Open(ctx, server.URL()); err != nil {
		end()
		return nil, "", nil, err
	}
	return rdb, server.URL(), func() {
		_ = rdb.Close()
		end()
	}, nil
}
