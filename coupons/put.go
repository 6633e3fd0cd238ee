package coupons

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/coupon"
	"holdfast/redisdb"
)

// Put creates the coupon or replaces its spec, and reports whether it is new. A change that
// changes nothing returns the coupon as it is, whatever version its writer read: if an answer
// is lost, the call is repeated. It fails with coupon.ErrStale or coupon.ErrExists.
func (s *Store) Put(ctx context.Context, ch coupon.Change) (c coupon.Coupon, created bool, err error) {
	if err := ch.Validate(); err != nil {
		return coupon.Coupon{}, false, err
	}
	call, err := putting(ch)
	if err == nil {
		c, created, err = readPut(ch, redisdb.Run(ctx, s.rdb, call)[0])
	}
	if err != nil {
		return coupon.Coupon{}, false, fmt.Errorf("put coupon %s: %w", ch.Code, err)
	}
	return c, created, nil
}

func putting(ch coupon.Change) (redisdb.Call, error) {
	spec := ch.Spec
	spec.Limit, spec.PerCustomer = 0, 0 // they are fields of their own: scripts read them
	spec.StartsAt, spec.EndsAt = spec.StartsAt.UTC(), spec.EndsAt.UTC()
	doc, err := json.Marshal(spec)
	if err != nil {
		return redisdb.Call{}, fmt.Errorf("encode its terms: %w", err)
	}
	match := ""
	if ch.IfMatch != nil {
		match = strconv.FormatInt(*ch.IfMatch, 10)
	}
	bucket := redisdb.Bucket(ch.Code)
	return redisdb.Call{
		Script: putScript,
		Keys:   []string{couponKey(ch.Code), couponsKey(bucket), redisdb.EventsKey(bucket)},
		Args:   []any{ch.Code, match, doc, bound(spec.StartsAt), bound(spec.EndsAt), ch.Limit, ch.PerCustomer},
	}, nil
}

// bound is an end of the window in ms, "" if it has none there.
func bound(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return strconv.FormatInt(at.UnixMilli(), 10)
}

func readPut(ch coupon.Change, answer *redis.Cmd) (c coupon.Coupon, created bool, err error) {
	said, err := redisdb.Slice(answer)
	if err != nil {
		return c, false, err
	}
	switch {
	case said[0] == "PUT" && len(said) == 3:
		c, err = decode(ch.Code, said[2])
		return c, said[1] == "1", err
	case said[0] == "STALE" && *ch.IfMatch == coupon.NotThere:
		return c, false, coupon.ErrExists
	case said[0] == "STALE":
		return c, false, coupon.ErrStale
	}
	return c, false, fmt.Errorf("the script answered %q", said)
}

// decode reads a coupon from a flat list of its fields and their values.
func decode(code string, list any) (coupon.Coupon, error) {
	flat, _ := list.([]any)
	r := reader{fields: make(map[string]string, len(flat)/2)}
	for i := 0; i+1 < len(flat); i += 2 {
		field, _ := flat[i].(string)
		r.fields[field], _ = flat[i+1].(string)
	}
	if len(r.fields) == 0 {
		return coupon.Coupon{}, coupon.ErrNotFound
	}
	c := coupon.Coupon{
		Code: code, Version: r.number("version"), TermsVersion: r.number("terms"),
		Books: coupon.Books{
			Uses: r.number("uses"), Claimed: r.number("claimed"), Committed: r.number("committed"), Returned: r.number("returned"),
		},
		CreatedAt: time.UnixMilli(r.number("created")).UTC(),
	}
	if r.err == nil {
		if err := json.Unmarshal([]byte(r.fields["doc"]), &c.Spec); err != nil {
			return c, fmt.Errorf("its terms: %w", err)
		}
	}
	c.Limit, c.PerCustomer = r.number("limit"), r.number("perCustomer")
	c.UpdatedAt = time.UnixMilli(c.Version).UTC() // see next_version in redisdb/lua/entity.lua
	return c, r.err
}
