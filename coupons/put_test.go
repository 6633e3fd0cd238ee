package coupons_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/customer"
	"holdfast/price"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func claimKeysOf(t *testing.T, rdb redis.UniversalClient, code string) (keys []string, err error) {
	t.Helper()
	for key, err := range redisdb.Scan(t.Context(), rdb, redisdb.Bucket(code)+":claim:"+code+":*") {
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// events reads what the bucket's stream says about the coupon.
func events(ctx context.Context, t require.TestingT, rdb redis.UniversalClient, code string) (all []map[string]any) {
	entries, err := rdb.XRange(ctx, redisdb.EventsKey(redisdb.Bucket(code)), "-", "+").Result()
	require.NoError(t, err)
	for _, e := range entries {
		if e.Values["entity"] == "coupon" && e.Values["id"] == code {
			all = append(all, e.Values)
		}
	}
	return all
}

func TestACouponIsPutReadAndPutAgain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, s, c := t.Context(), coupons.New(rdb), code()
		_, err := s.Get(ctx, c)
		require.ErrorIs(t, err, coupon.ErrNotFound)
		_, err = s.Get(ctx, "no/code")
		require.ErrorIs(t, err, coupon.ErrNotFound)

		change := coupon.Change{Code: c, Spec: coupon.Spec{
			Window:  price.Window{StartsAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), EndsAt: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)},
			Minimum: &price.Money{Amount: 5000, Currency: "EUR"}, Scope: &price.Scope{Tags: []string{"tea"}},
			Action: price.Action{Amount: 1000, Currency: "EUR"}, Limit: 100, PerCustomer: 1,
		}}
		none := coupon.NotThere
		change.IfMatch = &none
		made, created, err := s.Put(ctx, change)
		require.NoError(t, err)
		require.True(t, created)
		require.Equal(t, change.Spec, made.Spec)
		require.Equal(t, made.Version, made.TermsVersion)
		require.Equal(t, made.Version, made.UpdatedAt.UnixMilli())
		require.Equal(t, made.UpdatedAt, made.CreatedAt)
		require.Zero(t, made.Books)
		got, err := s.Get(ctx, c)
		require.NoError(t, err)
		require.Equal(t, made, got)

		again, created, err := s.Put(ctx, change)
		require.NoError(t, err, "its writer got no answer")
		require.False(t, created)
		require.Equal(t, made, again)

		other := change
		other.Limit = 200
		_, _, err = s.Put(ctx, other)
		require.ErrorIs(t, err, coupon.ErrExists)
		other.IfMatch = &made.Version
		raised, _, err := s.Put(ctx, other)
		require.NoError(t, err)
		require.Greater(t, raised.Version, made.Version)
		require.Equal(t, made.TermsVersion, raised.TermsVersion, "the terms stay: orders that were quoted by them are not refused")

		other.Action.Amount = 900
		_, _, err = s.Put(ctx, other)
		require.ErrorIs(t, err, coupon.ErrStale)
		other.IfMatch = nil
		worth, _, err := s.Put(ctx, other)
		require.NoError(t, err)
		require.Equal(t, worth.Version, worth.TermsVersion)
		require.Equal(t, made.CreatedAt, worth.CreatedAt)

		var kinds []any
		for _, e := range events(ctx, t, rdb, c) {
			kinds = append(kinds, e["type"])
			for field := range e {
				require.Contains(t, []string{"v", "type", "entity", "id", "version", "at", "order", "stock"}, field)
			}
		}
		require.Equal(t, []any{"coupon.created", "coupon.changed", "coupon.changed"}, kinds)
	})
}

func TestACouponThatCantBeIsNotPut(t *testing.T) {
	valid := func() coupon.Change { return tenOff("TEN", 5, 1) }
	rows := map[string]func(*coupon.Change){
		"code":                func(c *coupon.Change) { c.Code = "ten" },
		"limit":               func(c *coupon.Change) { c.Limit = -1 },
		"perCustomer":         func(c *coupon.Change) { c.PerCustomer = coupon.MaxUses + 1 },
		"action":              func(c *coupon.Change) { c.Action = price.Action{} },
		"action.rate":         func(c *coupon.Change) { c.Action.Rate = 10_001 },
		"endsAt":              func(c *coupon.Change) { c.StartsAt, c.EndsAt = time.Unix(2, 0), time.Unix(1, 0) },
		"minimum.currency":    func(c *coupon.Change) { c.Minimum = &price.Money{Amount: 1, Currency: "EURO"} },
		"scope":               func(c *coupon.Change) { c.Scope = &price.Scope{} },
		"scope.products[0]":   func(c *coupon.Change) { c.Scope = &price.Scope{Products: []string{"a/b"}} },
		"scope.categories[0]": func(c *coupon.Change) { c.Scope = &price.Scope{Categories: []string{strings.Repeat("x", 70_000)}} },
	}
	s := coupons.New(redistest.Real(t))
	for path, bad := range rows {
		c := valid()
		bad(&c)
		_, _, err := s.Put(t.Context(), c)
		var invalid product.Invalid
		require.ErrorAs(t, err, &invalid, path)
		require.Equal(t, path, invalid[0].Path)
	}
	c := valid()
	require.NoError(t, c.Validate())
}

func TestCouponsAreListedByTheirLastChange(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		ctx, s := t.Context(), coupons.New(rdb)
		var codes []string
		var first coupon.Coupon
		for i := range 7 {
			c, _, err := s.Put(ctx, tenOff(code(), 5, 0))
			require.NoError(t, err)
			if i == 0 {
				first = c
			}
			codes = append(codes, c.Code)
		}
		// read lists all pages, of this test's coupons only: the server may be shared.
		read := func(since time.Time, limit int) (found []string) {
			for cursor := ""; ; {
				page, next, err := s.List(ctx, since, limit, cursor)
				require.NoError(t, err)
				require.LessOrEqual(t, len(page), limit)
				for _, c := range page {
					for _, mine := range codes {
						if c.Code == mine {
							found = append(found, c.Code)
						}
					}
				}
				if next == "" {
					return found
				}
				cursor = next
			}
		}
		require.ElementsMatch(t, codes, read(first.UpdatedAt, 3))
		require.ElementsMatch(t, codes, read(time.Time{}, 100))
		changed, _, err := s.Put(ctx, tenOff(codes[0], 6, 0))
		require.NoError(t, err)
		require.Equal(t, codes[0], read(first.UpdatedAt, 2)[6], "a change takes it to the end")
		require.Contains(t, read(changed.UpdatedAt, 2), codes[0])
		require.Empty(t, read(changed.UpdatedAt.Add(time.Hour), 2))
		_, _, err = s.List(ctx, time.Time{}, 10, "nonsense")
		require.ErrorIs(t, err, coupon.ErrNoPage)
	})
}

// The gateway looks at a coupon before it quotes; the script claims it after. Both answer alike.
func TestALookRefusesWhatAClaimWould(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		guest := customer.GuestID("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		for _, limits := range [][2]int64{{0, 0}, {1, 0}, {2, 0}, {0, 1}, {0, 2}, {2, 1}, {1, 1}, {5, 2}} {
			f := newFixture(t, rdb, limits[0], limits[1])
			require.Equal(t, "held", f.claim(f.asks("earlier", 1, "bea")))
			for i, who := range []string{"ada", "bea", guest} {
				c, used, err := coupons.Looked(f.code, redisdb.Run(t.Context(), rdb, coupons.Look(f.code, who))[0])
				require.NoError(t, err)
				claimant := who
				if customer.IsGuest(who) {
					claimant = ""
				}
				want := string(c.Refusal(who, used))
				if want == "" {
					want = "held"
				}
				o := []string{"a", "b", "g"}[i]
				require.Equal(t, want, f.claim(f.asks(o, 1, claimant)), "limits %v, %s", limits, who)
				f.release(o, 1)
			}
		}
		_, _, err := coupons.Looked("NONE", redisdb.Run(t.Context(), rdb, coupons.Look("NONE", "ada"))[0])
		require.ErrorIs(t, err, coupon.ErrNotFound)
		_, valid := price.FoldCode("no code")
		require.False(t, valid)
		folded, valid := price.FoldCode("spring-10")
		require.True(t, valid)
		require.Equal(t, "SPRING-10", folded)
	})
}
