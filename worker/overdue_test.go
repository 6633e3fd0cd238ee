package worker

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/inventory"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
	"holdfast/redisdb"
)

func TestTheSweepersListHasHoldsAndClaims(t *testing.T) {
	rdb, err := redisdb.Open(t.Context(), "redis://"+miniredis.RunT(t).Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	list := overdue{inventory.New(rdb), coupons.New(rdb)}
	deadline, one := time.Now().Truncate(time.Second), int64(1)
	_, _, err = list.holds.Put(t.Context(), "shirt", product.Spec{
		Description: product.Description{Title: "A shirt"}, Currency: "EUR", Variants: []product.VariantSpec{{SKU: "m", Price: 500, Stock: &one}},
	}, nil)
	require.NoError(t, err)
	_, err = list.holds.Hold(t.Context(), []product.HoldRequest{{
		ProductID: "shirt", OrderID: "o", Try: 1, Deadline: deadline, Lines: []product.HoldLine{{Quantity: 1, Price: product.AnyPrice}},
	}})
	require.NoError(t, err)
	c, _, err := list.claims.Put(t.Context(), coupon.Change{Code: "HALF", Spec: coupon.Spec{Action: price.Action{Rate: 5000}, Limit: 1}})
	require.NoError(t, err)
	_, err = list.claims.Claim(t.Context(), []order.CouponClaim{{
		CouponUse: order.CouponUse{Code: c.Code, Version: c.TermsVersion}, OrderID: "o", Try: 1, Deadline: deadline,
	}})
	require.NoError(t, err)

	behind := map[int]string{}
	for b := range list.Buckets() {
		behind[b] = ""
	}
	pages, err := list.Overdue(t.Context(), deadline.Add(time.Hour), behind, 10)
	require.NoError(t, err)
	require.Len(t, pages, list.Buckets())
	var found []product.LiveHold
	for b, p := range pages {
		require.NoError(t, p.Err)
		for _, h := range p.Holds {
			require.Equal(t, h.CouponCode != "", b >= redisdb.Buckets)
			found = append(found, product.LiveHold{ProductID: h.ProductID, CouponCode: h.CouponCode, OrderID: h.OrderID, Deadline: h.Deadline})
		}
	}
	require.ElementsMatch(t, []product.LiveHold{
		{ProductID: "shirt", OrderID: "o", Deadline: deadline}, {CouponCode: "HALF", OrderID: "o", Deadline: deadline},
	}, found)
	_, err = list.Overdue(t.Context(), deadline, map[int]string{list.Buckets(): ""}, 10)
	require.Error(t, err)
}
