// Package inventory keeps the product entity on Redis: its stock, its holds, its price and
// its description. A script runs alone on one product; it changes everything that belongs
// together in one step, or nothing. The package never decides about an order: it reports
// what a product can give.
package inventory

import (
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/product"
)

// Remember is how long ended holds, marks and applied actions stay, so that a late message
// of any order finds its answer. Temporal must keep closed workflows at least as long: it
// is Temporal that refuses a second order under one id.
const Remember = product.RememberActions

const rememberSeconds = int64(Remember / time.Second)

// Store gives access to the product entities of one Redis or Redis Cluster.
type Store struct {
	rdb redis.UniversalClient
}

// New returns a store on rdb, which the caller closes.
func New(rdb redis.UniversalClient) *Store {
	return &Store{rdb: rdb}
}

// validIDs guards the keys: an id that contains a separator could name another entity.
func validIDs(ids ...string) error {
	for _, id := range ids {
		if !product.ValidID(id) {
			return fmt.Errorf("%q is not a valid id", id)
		}
	}
	return nil
}
