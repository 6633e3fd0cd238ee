// Package redisdb is what every adapter on Redis shares: opening the client, spreading
// entities over buckets, and running scripts. It knows no entity.
package redisdb

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Bounds of one call, for callers whose context has no earlier deadline. A script runs for
// less than a millisecond; anything longer is the network.
const (
	dialTimeout = 2 * time.Second
	callTimeout = 3 * time.Second
	poolTimeout = 1 * time.Second
	poolSize    = 64
	idleConns   = 4
)

// Open connects to the Redis at addr and pings it, so that a wrong address is noticed at
// once. addr is a redis://, rediss:// or unix:// URL; several separated by commas, or the
// parameter cluster=true, mean a Redis Cluster. Parameters such as pool_size are those of
// go-redis and override ours.
func Open(ctx context.Context, addr string) (redis.UniversalClient, error) {
	return OpenTLS(ctx, addr, nil)
}

// OpenTLS is Open with the caller's own authorities or certificate for rediss:// addresses;
// nil means those of the machine.
func OpenTLS(ctx context.Context, addr string, secured *tls.Config) (redis.UniversalClient, error) {
	rdb, err := connect(addr, secured)
	if err != nil {
		return nil, err
	}
	if err := rdb.Ping(ctx).Err(); err != nil {
		_ = rdb.Close()
		return nil, fmt.Errorf("ping redis: %w", err)
	}
	return rdb, nil
}

func connect(addr string, secured *tls.Config) (redis.UniversalClient, error) {
	first, cluster, err := clusterURL(addr)
	if err != nil {
		return nil, err
	}
	if cluster {
		opt, err := redis.ParseClusterURL(first)
		if err != nil {
			return nil, fmt.Errorf("parse the address of the redis cluster: %w", err)
		}
		secure(opt.TLSConfig, secured)
		opt.ContextTimeoutEnabled = true
		opt.MaintNotificationsConfig = noNotifications()
		setDefault(&opt.DialTimeout, dialTimeout)
		setDefault(&opt.ReadTimeout, callTimeout)
		setDefault(&opt.WriteTimeout, callTimeout)
		setDefault(&opt.PoolTimeout, poolTimeout)
		setDefault(&opt.PoolSize, poolSize)
		setDefault(&opt.MinIdleConns, idleConns)
		return redis.NewClusterClient(opt), nil
	}
	opt, err := redis.ParseURL(first)
	if err != nil {
		return nil, fmt.Errorf("parse the address of redis: %w", err)
	}
	secure(opt.TLSConfig, secured)
	opt.ContextTimeoutEnabled = true
	opt.MaintNotificationsConfig = noNotifications()
	setDefault(&opt.DialTimeout, dialTimeout)
	setDefault(&opt.ReadTimeout, callTimeout)
	setDefault(&opt.WriteTimeout, callTimeout)
	setDefault(&opt.PoolTimeout, poolTimeout)
	setDefault(&opt.PoolSize, poolSize)
	setDefault(&opt.MinIdleConns, idleConns)
	return redis.NewClient(opt), nil
}

// Addresses lists the host:port of each server that a client knows, including a cluster's
// replicas.
func Addresses(ctx context.Context, rdb redis.UniversalClient) []string {
	switch c := rdb.(type) {
	case *redis.Client:
		return []string{c.Options().Addr}
	case *redis.ClusterClient:
		var mu sync.Mutex
		all := c.Options().Addrs
		_ = c.ForEachShard(ctx, func(_ context.Context, node *redis.Client) error { // those of the URL remain
			mu.Lock()
			defer mu.Unlock()
			all = append(slices.Clip(all), node.Options().Addr)
			return nil
		})
		return all
	}
	return nil
}

// secure adds the user's own TLS settings to those of an address. The server's name stays
// that of the address; an address without TLS gets none.
func secure(of, own *tls.Config) {
	if of == nil || own == nil {
		return
	}
	of.RootCAs, of.Certificates = own.RootCAs, own.Certificates
}

// noNotifications saves each new connection a command that only Redis' commercial editions
// know.
func noNotifications() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

func setDefault[T comparable](field *T, value T) {
	var unset T
	if *field == unset {
		*field = value
	}
}

// clusterURL converts the user's address to one URL as go-redis reads it, and reports
// whether it means a cluster.
func clusterURL(addr string) (string, bool, error) {
	parts := strings.Split(addr, ",")
	u, err := url.Parse(strings.TrimSpace(parts[0]))
	if err != nil {
		// The cause is left out: it would repeat the password.
		return "", false, fmt.Errorf("the address of redis is not a URL such as redis://localhost:6379")
	}
	query := u.Query()
	cluster := len(parts) > 1 || query.Get("cluster") == "true"
	query.Del("cluster")
	for _, p := range parts[1:] {
		p = strings.TrimSpace(p)
		if i := strings.Index(p, "://"); i >= 0 {
			other, err := url.Parse(p)
			if err != nil {
				return "", false, fmt.Errorf("an address of redis after the first is not a URL such as redis://localhost:6379")
			}
			p = other.Host
		}
		query.Add("addr", p)
	}
	u.RawQuery = query.Encode()
	return u.String(), cluster, nil
}
