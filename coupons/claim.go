package coupons

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

// keepSeconds is how long an ended claim or a mark stays, so that a late message of its order
// finds its answer.
const keepSeconds = int64(product.RememberActions / time.Second)

// Claim asks each coupon for one use, in one round trip. On a refusal nothing is undone here.
// The answers are in the order of the claims. After an error some coupons may have given
// their use: call it again.
func (s *Store) Claim(ctx context.Context, claims []order.CouponClaim) ([]order.CouponHold, error) {
	if len(claims) == 0 {
		return nil, nil
	}
	calls := make([]redisdb.Call, len(claims))
	seen := make(map[string]bool, len(claims))
	for i, c := range claims {
		if err := validUse(c.Code, c.Holder()); err != nil {
			return nil, fmt.Errorf("claim a coupon: %w", err)
		}
		if c.Try < 1 {
			return nil, fmt.Errorf("claim coupon %s for order %s: try %d is below 1", c.Code, c.OrderID, c.Try)
		}
		if seen[c.Code] {
			return nil, fmt.Errorf("claim coupons for order %s: %s is named twice", c.OrderID, c.Code)
		}
		seen[c.Code] = true
		calls[i] = claiming(c)
	}
	holds := make([]order.CouponHold, len(claims))
	for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		var err error
		if holds[i], err = claimed(claims[i].Code, answer); err != nil {
			return nil, fmt.Errorf("claim coupon %s for order %s: %w", claims[i].Code, claims[i].OrderID, err)
		}
	}
	return holds, nil
}

func claiming(c order.CouponClaim) redisdb.Call {
	return redisdb.Call{
		Script: claimScript, Keys: claimKeys(c.Code, c.OrderID),
		Args: []any{
			c.Code, c.OrderID, placed(c.Holder()), c.Try, c.Deadline.UnixMilli(), c.Version, c.Amount, c.CustomerID,
			c.QuotedAt.UnixMilli(),
		},
	}
}

func claimed(code string, answer *redis.Cmd) (order.CouponHold, error) {
	h := order.CouponHold{Code: code}
	said, err := answer.StringSlice()
	if err != nil {
		return h, err
	}
	switch {
	case len(said) == 1 && said[0] == "HELD":
		h.Outcome = product.HoldMade
	case len(said) == 2 && said[0] == "REFUSED":
		h.Outcome, h.Reason = product.HoldRefused, order.CouponReason(said[1])
	case len(said) == 2 && said[0] == "ENDED":
		h.Outcome = product.HoldEnded
	default:
		err = fmt.Errorf("the script answered %q", said)
	}
	return h, err
}

// Commit returns a call that notes that a paid order has used a coupon, to be sent together
// with the sale of its stock. An order whose claim was lost uses the coupon all the same, and
// so does one whose claim was released, with a higher try.
func Commit(u order.CouponUse, h product.Holder, try int) (redisdb.Call, error) {
	return redisdb.Call{
		Script: commitScript, Keys: claimKeys(u.Code, h.OrderID),
		Args: []any{u.Code, h.OrderID, placed(h), try, u.Version, u.Amount, u.CustomerID},
	}, validUse(u.Code, h)
}

// Release returns a call that gives back what the order claimed or used of a coupon, and ends
// all its tries up to try. It is sent together with the release of its stock.
func Release(code string, h product.Holder, try int, reason string) (redisdb.Call, error) {
	return redisdb.Call{
		Script: releaseScript, Keys: claimKeys(code, h.OrderID),
		Args: []any{code, h.OrderID, placed(h), try, reason, keepSeconds},
	}, validUse(code, h)
}

// Close returns a call that lets the record of a closed order's use expire. The use stays
// counted.
func Close(code string, h product.Holder) (redisdb.Call, error) {
	return redisdb.Call{
		Script: closeScript, Keys: []string{claimKey(code, h.OrderID)}, Args: []any{placed(h), keepSeconds},
	}, validUse(code, h)
}

// ClaimDetail reads what the coupon knows about the order's claim, including one that ended up
// to 30 days ago.
func (s *Store) ClaimDetail(ctx context.Context, code, orderID string) (order.CouponClaimDetail, error) {
	d := order.CouponClaimDetail{Code: code, OrderID: orderID, State: product.HoldStateNone}
	fields, err := s.rdb.HGetAll(ctx, claimKey(code, orderID)).Result()
	if err == nil && len(fields) > 0 {
		err = readClaim(&d, fields)
	}
	if err != nil {
		return d, fmt.Errorf("read the claim of order %s on coupon %s: %w", orderID, code, err)
	}
	return d, nil
}

func readClaim(d *order.CouponClaimDetail, fields map[string]string) error {
	r := reader{fields: fields}
	d.State, d.Reason, d.CustomerID = product.HoldState(fields["state"]), fields["reason"], fields["customer"]
	d.Try = int(r.number("try"))
	if at := r.number("placed"); at != 0 {
		d.PlacedAt = time.UnixMilli(at)
	}
	if fields["deadline"] != "" {
		d.Deadline = time.UnixMilli(r.number("deadline"))
	}
	if fields["version"] != "" { // a mark without an earlier claim has none
		d.Version, d.Amount = r.number("version"), r.number("amount")
	}
	return r.err
}
