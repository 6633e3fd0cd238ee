// Package inventory keeps the product entity on Redis: its stock, its holds, its
// price and its description. One script runs alone on one product; it changes
// everything that belongs together in one step, or nothing. The package never
// decides about an order: it answers what a product can give.
package inventory

import (
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/product"
)

// Remember is how long ended holds, marks and applied actions stay, so that a late
// message of any order finds its answer. Temporal must keep closed workflows at least
// as long: it is Temporal that refuses a second order under one id.
const Remember = 30 * 24 * time.Hour

const rememberSeconds = int64(Remember / time.Second)

// Store is the product entities of one Redis or one Redis Cluster.
type Store struct {
	rdb redis.UniversalClient
}

// New returns the entities that rdb keeps. The caller closes rdb.
func New(rdb redis.UniversalClient) *Store {
	return &Store{rdb: rdb}
}

// validIDs guards the keys: an id with a separator in it could name another entity.
func validIDs(ids ...string) error {
	for _, id := range ids {
		if !product.ValidID(id) {
			return fmt.Errorf("%q can't be an id", id)
		}
	}
	return nil
}
