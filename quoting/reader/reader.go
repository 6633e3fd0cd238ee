// Package reader reads what an order is quoted from, on Redis, in one round trip. It changes
// nothing and holds nothing.
package reader

import (
	"context"

	"github.com/redis/go-redis/v9"

	"holdfast/inventory"
	"holdfast/quoting"
	"holdfast/redisdb"
)

// Reader reads from one Redis or Redis Cluster.
type Reader struct {
	rdb redis.UniversalClient
}

// New returns a reader on rdb, which the caller closes.
func New(rdb redis.UniversalClient) *Reader { return &Reader{rdb: rdb} }

// Look reads everything at once.
func (r *Reader) Look(ctx context.Context, a quoting.Ask) (seen quoting.Seen, err error) {
	stock := inventory.Looking(a.Buyer, a.Wants)
	if len(stock.Calls) == 0 {
		return quoting.Seen{}, nil
	}
	answers := redisdb.Run(ctx, r.rdb, stock.Calls...)
	seen.Products, seen.Open, err = stock.Read(answers)
	return seen, err
}
