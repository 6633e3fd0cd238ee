// Package coupons keeps the coupon entity on Redis: its terms, its limits, and which orders
// use it. A script runs alone on one coupon, so that of any number of orders placed at once no
// more than the limit get a use.
//
// A use goes the way of a hold of stock (package inventory): an order claims it once its lines
// are held, commits it with its payment, and gives it back if it ends without a sale or its
// sale is taken back as a whole. A claim ends only with its order, never by time. Coupons
// without a limit are only read.
package coupons

import (
	"embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"holdfast/product"
	"holdfast/redisdb"
)

//go:embed lua/*.lua
var sources embed.FS

var (
	putScript     = redisdb.Entity(sources, "shared", "put")
	claimScript   = redisdb.Entity(sources, "shared", "claim")
	commitScript  = redisdb.Entity(sources, "shared", "commit")
	releaseScript = redisdb.Entity(sources, "shared", "release")
	closeScript   = redisdb.Entity(sources, "close")
	mendScript    = redisdb.Embedded(sources, "mend")
	relistScript  = redisdb.Embedded(sources, "relist")
	lookScript    = redisdb.Embedded(sources, "look") // changes nothing
)

// Store gives access to the coupons of one Redis or Redis Cluster.
type Store struct {
	rdb redis.UniversalClient
}

// New returns a store on rdb, which the caller closes.
func New(rdb redis.UniversalClient) *Store { return &Store{rdb: rdb} }

// Every key starts with the hash tag of the coupon's bucket. Codes and ids contain neither ':'
// nor '/'.

func couponKey(code string) string { return redisdb.Bucket(code) + ":coupon:" + code }

// couponsKey lists the bucket's coupons by their version, which is the time of their last
// change.
func couponsKey(bucket string) string { return bucket + ":coupons" }

func claimKey(code, order string) string {
	return redisdb.Bucket(code) + ":claim:" + code + ":" + order
}

// claimsKey lists the bucket's claims of unpaid orders, as code/order, by their deadlines.
func claimsKey(bucket string) string { return bucket + ":claims" }

// customersKey stores how often each customer uses the coupon, if that is limited.
func customersKey(code string) string { return redisdb.Bucket(code) + ":coupon-customers:" + code }

// claimKeys are the keys of claim, commit and release.
func claimKeys(code, order string) []string {
	return []string{couponKey(code), claimKey(code, order), claimsKey(redisdb.Bucket(code)), customersKey(code)}
}

// validCode guards the keys.
func validCode(code string) error {
	if !product.ValidID(code) || code != strings.ToUpper(code) {
		return fmt.Errorf("%q is not a coupon's code", code)
	}
	return nil
}

func validUse(code string, h product.Holder) error {
	if !product.ValidID(h.OrderID) {
		return fmt.Errorf("%q is not a valid id", h.OrderID)
	}
	return validCode(code)
}

// placed is the order's placing time for the scripts: in ms, 0 if unknown.
func placed(h product.Holder) int64 {
	if h.PlacedAt.IsZero() {
		return 0
	}
	return h.PlacedAt.UnixMilli()
}

// reader reads the fields of a hash and keeps the first error.
type reader struct {
	fields map[string]string
	err    error
}

func (r *reader) number(field string) int64 {
	n, err := strconv.ParseInt(r.fields[field], 10, 64)
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("field %s: %w", field, err)
	}
	return n
}
