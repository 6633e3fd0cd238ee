package coupons

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/coupon"
	"holdfast/product"
	"holdfast/redisdb"
)

// List returns coupons whose terms or limits last changed at this time or later, least recently
// changed first and at most limit, from a page on that an earlier call named; "" is the first.
// next is the page that follows, "" if there is none. The error is a coupon.ErrNoPage if there
// is no such page.
func (s *Store) List(ctx context.Context, since time.Time, limit int, from string) (page []coupon.Coupon, next string, err error) {
	if from == "" && !since.IsZero() {
		from = strconv.FormatInt(since.UnixMilli()-1, 10) + "/~" // behind every code: '~' is the last of their characters
	}
	places, next, err := redisdb.Merged(ctx, s.rdb, couponsKey, from, limit)
	if errors.Is(err, redisdb.ErrNoCursor) {
		return nil, "", coupon.ErrNoPage
	}
	if err != nil {
		return nil, "", fmt.Errorf("list coupons: %w", err)
	}
	if len(places) == 0 {
		return nil, "", nil
	}
	calls := make([]redisdb.Call, len(places))
	for i, p := range places {
		calls[i] = Look(p.Member, "")
	}
	for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		c, _, err := Looked(places[i].Member, answer)
		if err != nil {
			return nil, "", fmt.Errorf("list coupons: %w", err)
		}
		page = append(page, c)
	}
	return page, next, nil
}

// claimsWithin bounds the round trip of Overdue: the masters that respond don't wait longer
// than that for one that hangs.
const claimsWithin = 5 * time.Second

// Buckets is the number of lists of claims: Overdue reads each separately.
func (s *Store) Buckets() int { return redisdb.Buckets }

// Overdue reads, in one round trip, a page of each named bucket behind its cursor, "" at the
// start: claims of orders whose deadline is before the given time, the oldest first. The page
// of an unreadable bucket carries the error and doesn't affect the others.
func (s *Store) Overdue(ctx context.Context, before time.Time, behind map[int]string, limit int) (map[int]product.HoldPage, error) {
	ctx, cancel := context.WithTimeout(ctx, claimsWithin)
	defer cancel()
	lists, err := redisdb.BucketPages(ctx, s.rdb, claimsKey, behind, "("+strconv.FormatInt(before.UnixMilli(), 10), limit)
	if err != nil {
		return nil, fmt.Errorf("read the overdue claims on coupons: %w", err)
	}
	pages := make(map[int]product.HoldPage, len(lists))
	for b, list := range lists {
		page := product.HoldPage{Next: list.Next}
		if list.Err != nil {
			page.Err = fmt.Errorf("read the overdue claims on coupons of bucket %d: %w", b, list.Err)
		}
		for _, m := range list.Members {
			code, orderID, _ := strings.Cut(m.Member, "/")
			page.Holds = append(page.Holds, product.LiveHold{CouponCode: code, OrderID: orderID, Deadline: time.UnixMilli(m.Score)})
		}
		pages[b] = page
	}
	return pages, nil
}
