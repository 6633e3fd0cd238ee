// Package quota stores, for each customer, which of their orders are open: they hold stock
// and await their payment. All guests of a network count together, beside each on their own, by
// the name that product.GuestsOf gives them. It is one small entity per customer, and one script runs alone
// on it, so that of any number of orders placed at once no more than the limit get a place.
//
// A place is claimed in the round trip that holds the stock (package inventory) and given
// up in the one that records the order as paid or ended (package records). A place that was
// never given up expires by itself, shortly after the order's deadline: a lost step costs a
// customer minutes, never more.
package quota

import (
	"context"
	"embed"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	claimScript  = redisdb.Embedded(sources, "claim")
	countScript  = redisdb.Embedded(sources, "count")
	extendScript = redisdb.Embedded(sources, "extend")
	leaveScript  = redisdb.Embedded(sources, "leave")
)

// grace is how long a place counts beyond its order's deadline. An order ends shortly after
// its deadline and holds its stock until then. If its payment provider doesn't answer it
// holds it longer, and Extend keeps the place.
const grace = time.Minute

// Extension is the longest time, from now, for which Extend keeps a place.
const Extension = 5 * time.Minute

// marked is how long an order that left is remembered, after its end and after its
// deadline. A claim counts until its deadline plus the grace, an extension until its end
// plus the grace; one minute more allows for clock differences.
const marked = Extension + grace + time.Minute

// Every key starts with a bucket's hash tag; a customer's bucket is rarely that of the
// products in the order.
func openKey(customer string) string { return redisdb.Bucket(customer) + ":open:" + customer }

// placeOf names an order in its customer's set. An id may be used again, and messages of
// one order must not count for another one. Messages of earlier versions carry no placing
// time.
func placeOf(h product.Holder) string {
	if h.PlacedAt.IsZero() {
		return h.OrderID
	}
	return h.OrderID + "/" + strconv.FormatInt(h.PlacedAt.UnixMilli(), 10)
}

// Claim requests a place among the customer's open orders, of which there may be limit.
func Claim(customer string, limit int64, h product.Holder, deadline time.Time) redisdb.Call {
	return redisdb.Call{
		Script: claimScript, Keys: []string{openKey(customer)},
		Args: []any{placeOf(h), deadline.UnixMilli(), limit, grace.Milliseconds()},
	}
}

// Claimed reads the answer to Claim.
func Claimed(answer *redis.Cmd) (bool, error) {
	switch code, err := answer.Text(); {
	case err != nil:
		return false, fmt.Errorf("ask for a place among the customer's open orders: %w", err)
	case code == "OPEN":
		return true, nil
	case code == "FULL":
		return false, nil
	default:
		return false, fmt.Errorf("the script answered %q", code)
	}
}

// Leave gives up the place of an order that has reached this status, and keeps a late
// message from claiming one for it again. A paid order without a place leaves no mark:
// shops that don't limit open orders would pay for marks in vain.
func Leave(customer string, h product.Holder, s order.Status) redisdb.Call {
	always := "1"
	if s.TookPayment() {
		always = "0"
	}
	return redisdb.Call{
		Script: leaveScript, Keys: []string{openKey(customer)},
		Args: []any{placeOf(h), always, marked.Milliseconds(), h.OrderID},
	}
}

// Count returns a call that counts the customer's open orders, for use in a larger read.
func Count(customer string) redisdb.Call {
	return redisdb.Call{Script: countScript, Keys: []string{openKey(customer)}, Args: []any{grace.Milliseconds()}}
}

// Counted reads the answer to Count.
func Counted(answer *redis.Cmd) (order.OpenOrders, error) {
	read, err := answer.Int64Slice()
	if err == nil && len(read) != 2 {
		err = fmt.Errorf("the script answered %v", read)
	}
	if err != nil {
		return order.OpenOrders{}, fmt.Errorf("count the open orders of a customer: %w", err)
	}
	open := order.OpenOrders{Count: read[0]}
	if open.Count > 0 {
		open.Until = time.UnixMilli(read[1])
	}
	return open, nil
}

// Store gives access to the customers' open orders on one Redis or Redis Cluster.
type Store struct {
	rdb redis.UniversalClient
}

// New returns a store on rdb, which the caller closes.
func New(rdb redis.UniversalClient) *Store { return &Store{rdb: rdb} }

// Extend keeps the place of an order that holds its stock beyond its deadline, until at
// most Extension from now. An order that has left doesn't get a place again.
func (s *Store) Extend(ctx context.Context, customer string, h product.Holder, until time.Time) error {
	if !product.ValidBuyer(customer) || !product.ValidID(h.OrderID) {
		return fmt.Errorf("%q or %q is not a valid id", customer, h.OrderID)
	}
	if longest := time.Now().Add(Extension); until.After(longest) {
		until = longest
	}
	_, err := redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: extendScript, Keys: []string{openKey(customer)},
		Args: []any{placeOf(h), until.UnixMilli(), grace.Milliseconds()},
	})[0].Text()
	if err != nil {
		return fmt.Errorf("keep order %s among the customer's open orders: %w", h.OrderID, err)
	}
	return nil
}

// Ended reports whether an order in this status no longer has a place.
func Ended(s order.Status) bool { return s != "" && !s.Unpaid() }
