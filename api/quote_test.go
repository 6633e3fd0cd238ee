package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
	"holdfast/coupon"
	"holdfast/customer"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
	"holdfast/redisdb"
)

func (g *gateway) quoteOf(body any) order.Quote {
	g.t.Helper()
	a := g.post("/v1/quotes", body)
	require.Equal(g.t, http.StatusOK, a.status, "%s", a.body)
	var q order.Quote
	require.NoError(g.t, json.Unmarshal(a.body, &q))
	return q
}

func (g *gateway) putCoupon(code string, spec coupon.Spec) {
	g.t.Helper()
	_, _, err := g.coupons.Put(g.t.Context(), coupon.Change{Code: code, Spec: spec})
	require.NoError(g.t, err)
}

func TestACouponTakesItsShareOffTheOrder(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	g.putProduct("cup", 50)
	g.putCoupon("SPRING", coupon.Spec{Action: price.Action{Rate: 1000}})
	body := basket(line{"productId": "mug", "quantity": 2}, line{"productId": "cup", "quantity": 1})
	body["couponCodes"] = []string{"spring", "SPRING"}
	q := g.quoteOf(body)
	require.Equal(t, int64(3000), q.Items)
	require.Equal(t, int64(300), q.Discount)
	require.Equal(t, int64(2700), q.Total)
	require.Len(t, q.Pricing.Coupons, 1)
	used := q.Pricing.Coupons[0]
	require.Equal(t, order.QuotedCoupon{Code: "SPRING", Version: used.Version, Amount: 300}, used)

	body["expectedTotal"] = q.Total
	a := g.place("k-1", body)
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	o := a.order(t)
	require.Equal(t, map[string]int64{"items": 3000, "discount": 300, "total": 2700, "paid": 0, "refunded": 0}, o.Amounts)
	require.Equal(t, int64(1800), *o.Lines[0].Total)
	require.Equal(t, []order.Adjustment{{Kind: order.AdjustmentCoupon, Source: "SPRING", Version: used.Version, Amount: -200}}, o.Lines[0].Adjustments)
	body["couponCodes"] = []string{"SPRING"}
	require.Equal(t, "/problems/idempotency-mismatch", g.place("k-1", body).problem(t).Type, "another body")
}

func TestAPriceBookDecidesByLevelCategoryAndDestination(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	g.putProduct("book", 50, func(s *product.Spec) { s.Category, s.Tags = "books", []string{"used"} })
	body := basket(line{"productId": "mug", "quantity": 1}, line{"productId": "book", "quantity": 2})
	require.Nil(t, g.quoteOf(body).Pricing, "there is no price book")

	version := g.publish(`{
		"levels": [{"number": 1, "name": "Silver", "discount": 500}, {"number": 2, "name": "Gold", "discount": 1000}],
		"itemPromotions": [{"id": "used", "title": "Used books", "scope": {"tags": ["used"]}, "action": {"rate": 5000}}],
		"shippingMethods": [{"id": "post", "title": "Post", "currency": "EUR", "brackets": [{"from": 0, "price": 490}], "default": true, "taxClass": "all", "countries": ["DE"]}],
		"taxes": {"included": false, "home": {"country": "DE"}, "classes": [{"id": "all", "default": true}],
			"rules": [{"class": "all", "country": "DE", "rate": 1900}]}}`)
	q := g.quoteOf(body)
	require.Equal(t, version, *q.Pricing.Book)
	require.Equal(t, int64(1000), q.Discount)
	require.Equal(t, int64(490), q.Shipping)
	require.Equal(t, int64(473), q.Tax) // 19% of 2490
	require.Equal(t, int64(2963), q.Total)

	g.level("c-1", 2)
	q = g.quoteOf(body)
	require.Equal(t, 2, q.Pricing.Level)
	require.Equal(t, []order.Adjustment{
		{Kind: order.AdjustmentLevel, Source: "2", Version: 1, Amount: -200},
		{Kind: order.AdjustmentItemPromotion, Source: "used", Version: 1, Amount: -900},
	}, q.Lines[1].Adjustments)

	wrong := g.post("/v1/prices", map[string]any{"customerId": "c:1", "items": []any{map[string]any{"productId": "mug"}}})
	require.Equal(t, 422, wrong.status, "%s", wrong.body)
	require.Equal(t, "customerId", wrong.problem(t).Errors[0].Path)
	prices := g.post("/v1/prices", map[string]any{"customerId": "c-1", "items": []any{
		map[string]any{"productId": "mug"}, map[string]any{"productId": "nothing"}, map[string]any{"productId": "book", "sku": "one"},
	}})
	require.Equal(t, http.StatusOK, prices.status, "%s", prices.body)
	var list openapi.PriceList
	require.NoError(t, json.Unmarshal(prices.body, &list))
	require.Len(t, list.Items, 2)
	require.Equal(t, []int64{900, 450}, []int64{list.Items[0].Price, list.Items[1].Price})

	body["address"] = map[string]any{"recipient": "Ada", "line1": "1", "city": "London", "country": "GB"}
	a := g.place("", body)
	require.Equal(t, http.StatusUnprocessableEntity, a.status, "%s", a.body)
	require.Equal(t, "/problems/not-quotable", a.problem(t).Type)
	body["address"] = map[string]any{"recipient": "Ada", "line1": "1", "city": "Bonn", "country": "DE"}
	a = g.place("", body)
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	o := a.order(t)
	require.Equal(t, o.Amounts["items"]-o.Amounts["discount"]+o.Amounts["shipping"]+o.Amounts["tax"], o.Amounts["total"])
	require.Equal(t, "Post", o.Pricing.Shipping.Title)

	g.redis.HDel(redisdb.Bucket("book")+":product:book", "terms") // stored before terms were kept apart
	require.Equal(t, q.Discount, g.quoteOf(basket(line{"productId": "mug", "quantity": 1}, line{"productId": "book", "quantity": 2})).Discount)
}

func (g *gateway) publish(document string) order.BookVersion {
	g.t.Helper()
	book, err := price.Parse([]byte(document))
	require.NoError(g.t, err)
	v, _, err := g.books.Publish(g.t.Context(), book, "", "op")
	require.NoError(g.t, err)
	return v.BookVersion
}

func (g *gateway) level(id string, level int) {
	g.t.Helper()
	_, _, err := g.customers.Put(g.t.Context(), customer.Change{ID: id, Standing: &customer.Standing{Level: level}, At: time.Now()})
	require.NoError(g.t, err)
}

func TestACouponThatCantBeUsedSaysWhy(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	g.putCoupon("DOLLARS", coupon.Spec{Action: price.Action{Amount: 100, Currency: "USD"}})
	g.putCoupon("LARGE", coupon.Spec{Action: price.Action{Rate: 100}, Minimum: &price.Money{Amount: 100_000, Currency: "EUR"}})
	g.putCoupon("BOOKS", coupon.Spec{Action: price.Action{Rate: 100}, Scope: &price.Scope{Categories: []string{"books"}}})
	for code, want := range map[string]order.CouponReason{
		"nothing": order.CouponReasonUnknown, "dollars": order.CouponReasonCurrency, "Large": order.CouponReasonMinimum,
		"books": order.CouponReasonScope,
	} {
		body := basket(line{"productId": "mug", "quantity": 1})
		body["couponCodes"] = []string{code}
		for _, key := range []string{"", "k"} {
			a := g.place(key, body)
			require.Equal(t, http.StatusConflict, a.status, "%s", a.body)
			require.Equal(t, "/problems/coupon-refused", a.problem(t).Type)
			require.Equal(t, want, a.problem(t).Coupons[0].Reason, code)
		}
	}
	for path, codes := range map[string]any{
		"couponCodes":    []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"},
		"couponCodes[1]": []string{"A", "a b"},
	} {
		body := basket(line{"productId": "mug", "quantity": 1})
		body["couponCodes"] = codes
		a := g.place("", body)
		require.Equal(t, http.StatusUnprocessableEntity, a.status, "%s", a.body)
		require.Equal(t, path, a.problem(t).Errors[0].Path)
	}
	require.Empty(t, g.temporal.starts)
}

// The gateway's look and the saga's claim are two moments: between them, others may take the last
// use, and staff may change the terms.
func TestAnOrderThatMissesTheLastUseOfItsCouponIsRefused(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 50)
	g.putCoupon("LAST", coupon.Spec{Action: price.Action{Rate: 1000}, Limit: 1, PerCustomer: 1})
	body := basket(line{"productId": "mug", "quantity": 1})
	body["couponCodes"] = []string{"last"}
	g.temporal.beforeClaims = func() {
		g.temporal.beforeClaims = nil
		c, err := g.coupons.Get(t.Context(), "LAST")
		require.NoError(t, err)
		_, err = g.coupons.Claim(t.Context(), []order.CouponClaim{{
			CouponUse: order.CouponUse{Code: "LAST", Version: c.TermsVersion, CustomerID: "bea"}, OrderID: "other", Try: 1, QuotedAt: time.Now(),
		}})
		require.NoError(t, err)
	}
	want := []order.CouponRefusal{{Code: "LAST", Reason: order.CouponReasonUsedUp}}
	for range 2 { // it comes again under its key: the order's answer stays
		a := g.place("k", body)
		require.Equal(t, http.StatusConflict, a.status, "%s", a.body)
		p := a.problem(t)
		require.Equal(t, "/problems/coupon-refused", p.Type)
		require.Equal(t, want, p.Coupons)
	}
	require.Len(t, g.temporal.starts, 1)
	id := strings.TrimPrefix(g.temporal.starts[0].options.ID, "order/")
	o := g.get("/v1/orders/" + id).order(t)
	require.Equal(t, order.StatusRejected, o.Status)
	require.Equal(t, order.ReasonCoupon, o.CancelReason)
	require.Equal(t, want, o.RefusedCoupons)

	a := g.place("another", body)
	require.Equal(t, want, a.problem(t).Coupons)
	require.Len(t, g.temporal.starts, 1, "the look sees it now: nothing is started")
}

// charger is a provider that can't charge everything.
type charger struct{ api.Provider }

func (charger) Charges(currency string) (smallest, step int64, ok bool) {
	return 50, 10, currency == "EUR"
}

func TestATotalThatNoProviderCanChargeIsRefused(t *testing.T) {
	g := newGateway(t, func(c *api.Config) {
		c.Providers = map[string]api.Provider{"sandbox": charger{c.Providers["sandbox"]}}
	})
	g.putProduct("pin", 5, func(s *product.Spec) { s.Variants[0].Price = 40 })
	g.putProduct("odd", 5, func(s *product.Spec) { s.Variants[0].Price = 105 })
	g.putProduct("won", 5, func(s *product.Spec) { s.Currency = "KRW" })
	g.putProduct("free", 5, func(s *product.Spec) { s.Variants[0].Price = 0 })
	for id, want := range map[string]int{"pin": 422, "odd": 422, "won": 422, "free": 201} {
		a := g.place("", basket(line{"productId": id, "quantity": 1}))
		require.Equal(t, want, a.status, "%s: %s", id, a.body)
		if want == 422 {
			require.Equal(t, "/problems/not-quotable", a.problem(t).Type)
		}
	}
	require.Equal(t, http.StatusCreated, g.place("", basket(line{"productId": "pin", "quantity": 2})).status)

	// The prices of a page are not refused because of one product that can't be paid for.
	require.Equal(t, http.StatusCreated, g.publishes(discounts(100), "").status)
	a := g.post("/v1/prices", map[string]any{"items": []any{
		map[string]any{"productId": "odd"}, map[string]any{"productId": "won"}, map[string]any{"productId": "pin"},
	}})
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var list openapi.PriceList
	require.NoError(t, json.Unmarshal(a.body, &list))
	require.Len(t, list.Items, 1)
	require.Equal(t, "pin", list.Items[0].ProductID)
}
