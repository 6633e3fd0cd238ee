package coupons

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/coupon"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

// What an audit reads. It takes everything as it is stored, whether or not it fits together.

// ClaimID names one order's claim on one coupon.
type ClaimID struct{ Code, OrderID string }

// StoredBooks are the counters of a coupon.
type StoredBooks struct {
	Code  string
	Found bool
	coupon.Books
	// Unreadable says which counter isn't a number.
	Unreadable string
}

// StoredClaim is a claim, and whether the sweeper would find it.
type StoredClaim struct {
	order.CouponClaimDetail
	// Listed means on the bucket's list of claims by deadline.
	Listed bool
	// Expires is the time until Redis forgets it; 0 means never.
	Expires time.Duration
	// Unreadable says what can't be read.
	Unreadable string
}

// ID of the claim.
func (c StoredClaim) ID() ClaimID { return ClaimID{c.Code, c.OrderID} }

// IsLive reports whether the claim counts as a use.
func (c StoredClaim) IsLive() bool {
	return c.State == product.HoldStateHeld || c.State == product.HoldStateCommitted
}

// Uses is how often a customer uses a coupon, as the coupon counts it.
type Uses struct {
	CustomerID string
	Count      int64
	// Unreadable says why the count isn't a number.
	Unreadable string
}

// WalkCoupons iterates over the codes of all coupons, each once: over the hashes themselves,
// not over the sets that list them. One that is created meanwhile may or may not be included.
func (s *Store) WalkCoupons(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range redisdb.Scan(ctx, s.rdb, "{b??}:coupon:*") {
			_, code, _ := strings.Cut(key, ":coupon:")
			if !yield(code, err) {
				return
			}
		}
	}
}

// WalkClaims iterates over all claims, including ended ones and marks, each once. One that is
// made meanwhile may or may not be included.
func (s *Store) WalkClaims(ctx context.Context) iter.Seq2[ClaimID, error] {
	return func(yield func(ClaimID, error) bool) {
		for key, err := range redisdb.Scan(ctx, s.rdb, "{b??}:claim:*") {
			_, ids, _ := strings.Cut(key, ":claim:")
			code, orderID, _ := strings.Cut(ids, ":")
			if !yield(ClaimID{code, orderID}, err) {
				return
			}
		}
	}
}

// scanCount is how many members the server reads in one step of a walk.
const scanCount = 500

// WalkListed iterates over the entries of the sweeper's lists. An entry may appear twice.
func (s *Store) WalkListed(ctx context.Context) iter.Seq2[ClaimID, error] {
	return func(yield func(ClaimID, error) bool) {
		for _, bucket := range redisdb.AllBuckets() {
			entries := s.rdb.ZScan(ctx, claimsKey(bucket), 0, "", scanCount).Iterator()
			for i := 0; entries.Next(ctx); i++ {
				if i%2 == 1 { // a deadline
					continue
				}
				code, orderID, _ := strings.Cut(entries.Val(), "/")
				if !yield(ClaimID{code, orderID}, nil) {
					return
				}
			}
			if err := entries.Err(); err != nil {
				yield(ClaimID{}, fmt.Errorf("list the claims of bucket %s: %w", bucket, err))
				return
			}
		}
	}
}

// WalkCustomers iterates over what customers use of the coupon, as far as that is limited. A
// customer may appear twice.
func (s *Store) WalkCustomers(ctx context.Context, code string) iter.Seq2[Uses, error] {
	return func(yield func(Uses, error) bool) {
		entries := s.rdb.HScan(ctx, customersKey(code), 0, "", scanCount).Iterator()
		for entries.Next(ctx) {
			customerID := entries.Val()
			if !entries.Next(ctx) {
				break
			}
			if !yield(readUses(customerID, entries.Val()), nil) {
				return
			}
		}
		if err := entries.Err(); err != nil {
			yield(Uses{}, fmt.Errorf("list the customers of coupon %s: %w", code, err))
		}
	}
}

func readUses(customerID string, count any) Uses {
	u := Uses{CustomerID: customerID}
	text, there := count.(string)
	if !there {
		return u
	}
	var err error
	if u.Count, err = strconv.ParseInt(text, 10, 64); err != nil {
		u.Unreadable = err.Error()
	}
	return u
}

// ReadBooks reads the counters of coupons, in the order of the codes and in one round trip.
func (s *Store) ReadBooks(ctx context.Context, codes []string) ([]StoredBooks, error) {
	pipe := s.rdb.Pipeline()
	reads := make([]*redis.SliceCmd, len(codes))
	for i, code := range codes {
		reads[i] = queueBooks(ctx, pipe, code)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read the books of %d coupons: %w", len(codes), err)
	}
	all := make([]StoredBooks, len(codes))
	for i, code := range codes {
		all[i] = readBooks(code, reads[i].Val())
	}
	return all, nil
}

func queueBooks(ctx context.Context, pipe redis.Pipeliner, code string) *redis.SliceCmd {
	return pipe.HMGet(ctx, couponKey(code), "version", "uses", "claimed", "committed", "returned")
}

func readBooks(code string, values []any) StoredBooks {
	b := StoredBooks{Code: code, Found: values[0] != nil}
	for i, counter := range []*int64{&b.Uses, &b.Claimed, &b.Committed, &b.Returned} {
		text, _ := values[i+1].(string)
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil && b.Found {
			b.Unreadable = fmt.Sprintf("counter %d of uses, claimed, committed and returned: %v", i+1, err)
		}
		*counter = n
	}
	return b
}

// ReadClaims reads claims, in the order of the ids and in one round trip.
func (s *Store) ReadClaims(ctx context.Context, ids []ClaimID) ([]StoredClaim, error) {
	pipe := s.rdb.Pipeline()
	reads := queueClaims(ctx, pipe, ids)
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("read %d claims on coupons: %w", len(ids), err)
	}
	return takeClaims(reads)
}

// Snapshot is a part of what one coupon has, read at one moment.
type Snapshot struct {
	StoredBooks
	// Listed are all orders that the sweeper's list names for this coupon.
	Listed []string
	// Claims and Customers are those that were asked for, in that order.
	Claims    []StoredClaim
	Customers []Uses
}

// Snapshot reads a coupon's books with these orders' claims and these customers' uses, at one
// moment.
func (s *Store) Snapshot(ctx context.Context, code string, orderIDs, customerIDs []string) (Snapshot, error) {
	ids := make([]ClaimID, len(orderIDs))
	for i, o := range orderIDs {
		ids[i] = ClaimID{code, o}
	}
	tx := s.rdb.TxPipeline() // all keys of a coupon are in one slot
	books, list := queueBooks(ctx, tx, code), tx.ZRange(ctx, claimsKey(redisdb.Bucket(code)), 0, -1)
	reads := queueClaims(ctx, tx, ids)
	var uses *redis.SliceCmd
	if len(customerIDs) > 0 {
		uses = tx.HMGet(ctx, customersKey(code), customerIDs...)
	}
	_, err := tx.Exec(ctx)
	if err == nil || errors.Is(err, redis.Nil) {
		err = errors.Join(books.Err(), list.Err())
	}
	if err == nil && uses != nil {
		err = uses.Err()
	}
	if err != nil {
		return Snapshot{}, fmt.Errorf("read coupon %s and %d claims on it: %w", code, len(ids), err)
	}
	snap := Snapshot{StoredBooks: readBooks(code, books.Val())}
	for _, member := range list.Val() { // of all coupons in the bucket
		if orderID, mine := strings.CutPrefix(member, code+"/"); mine {
			snap.Listed = append(snap.Listed, orderID)
		}
	}
	for i, c := range customerIDs {
		snap.Customers = append(snap.Customers, readUses(c, uses.Val()[i]))
	}
	snap.Claims, err = takeClaims(reads)
	return snap, err
}

// claimRead is what is read about one claim.
type claimRead struct {
	id     ClaimID
	hash   *redis.MapStringStringCmd
	listed *redis.FloatCmd
	ttl    *redis.DurationCmd
}

func queueClaims(ctx context.Context, pipe redis.Pipeliner, ids []ClaimID) []claimRead {
	reads := make([]claimRead, len(ids))
	for i, id := range ids {
		key := claimKey(id.Code, id.OrderID)
		reads[i] = claimRead{
			id: id, hash: pipe.HGetAll(ctx, key),
			listed: pipe.ZScore(ctx, claimsKey(redisdb.Bucket(id.Code)), id.Code+"/"+id.OrderID),
			ttl:    pipe.PTTL(ctx, key),
		}
	}
	return reads
}

func takeClaims(reads []claimRead) ([]StoredClaim, error) {
	claims := make([]StoredClaim, len(reads))
	for i, r := range reads {
		unlisted := errors.Is(r.listed.Err(), redis.Nil)
		err := errors.Join(r.hash.Err(), r.ttl.Err())
		if err == nil && !unlisted {
			err = r.listed.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read the claim of order %s on coupon %s: %w", r.id.OrderID, r.id.Code, err)
		}
		c := StoredClaim{
			CouponClaimDetail: order.CouponClaimDetail{Code: r.id.Code, OrderID: r.id.OrderID, State: product.HoldStateNone},
			Listed:            !unlisted, Expires: max(r.ttl.Val(), 0), // below 0: it doesn't expire, or there is no claim
		}
		if fields := r.hash.Val(); len(fields) > 0 {
			if err := readClaim(&c.CouponClaimDetail, fields); err != nil {
				c.Unreadable = err.Error()
			}
		}
		claims[i] = c
	}
	return claims, nil
}
