package coupons_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// tenOff is a coupon of this many uses in all and per customer; 0 is any number.
func tenOff(code string, limit, perCustomer int64) coupon.Change {
	return coupon.Change{Code: code, Spec: coupon.Spec{
		Action: price.Action{Rate: 1000}, Limit: limit, PerCustomer: perCustomer,
	}}
}

// code returns a coupon's code that no other test uses.
func code() string {
	folded, _ := price.FoldCode(redistest.ID("ten"))
	return folded
}

// fixture is one coupon and an order's clock.
type fixture struct {
	t     *testing.T
	rdb   redis.UniversalClient
	store *coupons.Store
	code  string
	// terms that orders were quoted.
	terms    int64
	placedAt time.Time
}

func newFixture(t *testing.T, rdb redis.UniversalClient, limit, perCustomer int64) *fixture {
	t.Helper()
	f := &fixture{t: t, rdb: rdb, store: coupons.New(rdb), code: code(), placedAt: time.Now().Truncate(time.Millisecond)}
	f.put(tenOff(f.code, limit, perCustomer))
	return f
}

func (f *fixture) put(ch coupon.Change) {
	f.t.Helper()
	c, _, err := f.store.Put(f.t.Context(), ch)
	require.NoError(f.t, err)
	f.terms = c.TermsVersion
}

func (f *fixture) asks(orderID string, try int, customerID string) order.CouponClaim {
	return order.CouponClaim{
		CouponUse: order.CouponUse{Code: f.code, Version: f.terms, Amount: 250, CustomerID: customerID},
		OrderID:   orderID, PlacedAt: f.placedAt, Try: try, Deadline: f.placedAt.Add(time.Hour), QuotedAt: f.placedAt,
	}
}

// claim returns the outcome of a claim, or the reason of its refusal.
func (f *fixture) claim(c order.CouponClaim) string {
	f.t.Helper()
	holds, err := f.store.Claim(f.t.Context(), []order.CouponClaim{c})
	require.NoError(f.t, err)
	require.Len(f.t, holds, 1)
	require.Equal(f.t, f.code, holds[0].Code)
	if holds[0].Outcome == product.HoldRefused {
		return string(holds[0].Reason)
	}
	return string(holds[0].Outcome)
}

func (f *fixture) commit(orderID string, try int, customerID string) string {
	f.t.Helper()
	c := f.asks(orderID, try, customerID)
	call, err := coupons.Commit(c.CouponUse, c.Holder(), try)
	require.NoError(f.t, err)
	return said(f.t.Context(), f.t, f.rdb, call)
}

func (f *fixture) release(orderID string, try int) string {
	f.t.Helper()
	call, err := coupons.Release(f.code, f.asks(orderID, try, "").Holder(), try, "customer")
	require.NoError(f.t, err)
	return said(f.t.Context(), f.t, f.rdb, call)
}

func (f *fixture) closes(orderID string) string {
	f.t.Helper()
	call, err := coupons.Close(f.code, f.asks(orderID, 1, "").Holder())
	require.NoError(f.t, err)
	return said(f.t.Context(), f.t, f.rdb, call)
}

func said(ctx context.Context, t require.TestingT, rdb redis.UniversalClient, call redisdb.Call) string {
	answer, err := redisdb.Run(ctx, rdb, call)[0].Text()
	require.NoError(t, err)
	return answer
}

// books reads what was used of the coupon, which adds up, and by this customer.
func (f *fixture) books(customerID string) (coupon.Books, int64) {
	f.t.Helper()
	c, used, err := coupons.Looked(f.code, redisdb.Run(f.t.Context(), f.rdb, coupons.Look(f.code, customerID))[0])
	require.NoError(f.t, err)
	require.NoError(f.t, c.Check())
	return c.Books, used
}

func (f *fixture) requireBooks(want coupon.Books) {
	f.t.Helper()
	got, _ := f.books("")
	require.Equal(f.t, want, got)
}
