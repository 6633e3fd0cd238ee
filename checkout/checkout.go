// Package checkout reads what an order is quoted from, in one round trip: its products, its
// buyer, and the terms that apply to them. It changes nothing and holds nothing.
package checkout

import (
	"context"

	"github.com/redis/go-redis/v9"

	"holdfast/inventory"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

// Ask says what to read.
type Ask struct {
	// Buyer's own holds, open orders and units, as far as they are limited.
	Buyer product.Buyer
	// Wants are the variants, by product.
	Wants []product.Want
}

// Seen is what was read.
type Seen struct {
	// Products are in the order of Ask.Wants.
	Products []product.Availability
	// Open are the buyer's open orders, if the buyer has a customer's id.
	Open order.OpenOrders
}

// Store reads from one Redis or Redis Cluster.
type Store struct {
	rdb redis.UniversalClient
}

// New returns a store on rdb, which the caller closes.
func New(rdb redis.UniversalClient) *Store { return &Store{rdb: rdb} }

// Look reads everything at once.
func (s *Store) Look(ctx context.Context, a Ask) (seen Seen, err error) {
	stock := inventory.Looking(a.Buyer, a.Wants)
	if len(stock.Calls) == 0 {
		return Seen{}, nil
	}
	answers := redisdb.Run(ctx, s.rdb, stock.Calls...)
	seen.Products, seen.Open, err = stock.Read(answers)
	return seen, err
}
