package coupons

import (
	"context"
	"fmt"

	"holdfast/coupon"
	"holdfast/product"
	"holdfast/redisdb"
)

// Mending is what an audit found about a coupon's counters.
type Mending struct {
	Code string
	// Seen are the counters when the claims were counted, Now what they should have been.
	Seen, Now coupon.Books
	// Customers whose uses differ, with their counts then and what these should have been.
	Customers []CustomerMending
}

// CustomerMending is Mending for the uses of one customer.
type CustomerMending struct {
	CustomerID string
	Seen, Now  int64
}

// Mend makes a coupon's counters follow its claims. It reports false, and changes nothing, if a
// counter isn't what was seen. One that changed in between and changed back does no harm: a
// step changes a counter as it changes the claims, so how far they are apart is still the same.
func (s *Store) Mend(ctx context.Context, m Mending) (bool, error) {
	if err := validCode(m.Code); err != nil {
		return false, fmt.Errorf("mend a coupon: %w", err)
	}
	if err := m.Now.Check(); err != nil {
		return false, fmt.Errorf("mend coupon %s: %w", m.Code, err)
	}
	args := []any{
		m.Seen.Uses, m.Seen.Claimed, m.Seen.Committed, m.Seen.Returned, m.Now.Uses, m.Now.Claimed, m.Now.Committed, m.Now.Returned,
	}
	for _, c := range m.Customers {
		if !product.ValidID(c.CustomerID) || c.Now < 0 {
			return false, fmt.Errorf("mend coupon %s: customer %q can't use it %d times", m.Code, c.CustomerID, c.Now)
		}
		args = append(args, c.CustomerID, c.Seen, c.Now)
	}
	said, err := redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: mendScript, Keys: []string{couponKey(m.Code), customersKey(m.Code)}, Args: args,
	})[0].Text()
	if err != nil {
		return false, fmt.Errorf("mend coupon %s: %w", m.Code, err)
	}
	return said == "DONE", nil
}

// Relist makes the sweeper's list follow one claim, and reports whether the claim is on it now.
func (s *Store) Relist(ctx context.Context, id ClaimID) (listed bool, err error) {
	if err := validUse(id.Code, product.Holder{OrderID: id.OrderID}); err != nil {
		return false, fmt.Errorf("list a claim: %w", err)
	}
	said, err := redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: relistScript, Keys: []string{claimKey(id.Code, id.OrderID), claimsKey(redisdb.Bucket(id.Code))},
		Args: []any{id.Code + "/" + id.OrderID},
	})[0].Text()
	if err != nil {
		return false, fmt.Errorf("list the claim of order %s on coupon %s: %w", id.OrderID, id.Code, err)
	}
	return said == "listed", nil
}
