package coupons

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"holdfast/coupon"
	"holdfast/redisdb"
)

// Look returns a call that reads a coupon and what a customer has used of it, for use in a
// larger read. customerID is empty if that is of no interest.
func Look(code, customerID string) redisdb.Call {
	return redisdb.Call{Script: lookScript, Keys: []string{couponKey(code), customersKey(code)}, Args: []any{customerID}}
}

// Looked reads the answer to Look. It fails with coupon.ErrNotFound.
func Looked(code string, answer *redis.Cmd) (c coupon.Coupon, used int64, err error) {
	said, err := redisdb.Slice(answer)
	if err == nil && len(said) != 2 {
		err = fmt.Errorf("the script answered %d values", len(said))
	}
	if err == nil {
		c, err = decode(code, said[0])
	}
	if err == nil {
		count, _ := said[1].(string)
		used, err = strconv.ParseInt(count, 10, 64)
	}
	if err != nil {
		return coupon.Coupon{}, 0, fmt.Errorf("read coupon %s: %w", code, err)
	}
	return c, used, nil
}

// Get reads a coupon. It fails with coupon.ErrNotFound.
func (s *Store) Get(ctx context.Context, code string) (coupon.Coupon, error) {
	if err := validCode(code); err != nil {
		return coupon.Coupon{}, fmt.Errorf("%w: %w", coupon.ErrNotFound, err)
	}
	c, _, err := Looked(code, redisdb.Run(ctx, s.rdb, Look(code, ""))[0])
	return c, err
}
