package audit

import (
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
	"holdfast/search"
)

// couponShop is a shop in which orders use the coupon TEN.
type couponShop struct {
	*shop
	coupons *coupons.Store
	// customer who buys next.
	customer string
	view     *coldView
	// Orders with the coupon, by what became of their use. That of the one that lapsed closed so
	// long ago that Redis has forgotten its claim.
	held, used, delivered, lapsed, givenUp, takenBack string
}

const (
	ten   = "TEN"
	buyer = "customer"
	// early bought long ago.
	early = "early-customer"
)

// openCouponShop opens a shop in which a use of a coupon has ended in each possible way, and
// everything adds up: 4 uses, one of them only held.
func openCouponShop(t *testing.T, rdb redis.UniversalClient) *couponShop {
	t.Helper()
	s := &couponShop{shop: openShop(t, rdb), customer: buyer, coupons: coupons.New(rdb), view: &coldView{orders: map[string]search.Order{}}}
	s.putTen(100, 100)
	s.held = s.buy()
	s.used = s.payTen(s.buy())
	s.delivered = s.deliverTen(s.payTen(s.buy()))
	s.customer = early
	s.lapsed = s.deliverTen(s.payTen(s.buy()))
	s.customer = buyer
	s.age(s.lapsed)
	s.lose(claimOfTen(s.lapsed))
	s.givenUp = s.expire(s.buy())
	s.takenBack = s.takeBack(s.payTen(s.buy()))
	return s
}

func couponKey() string                { return redisdb.Bucket(ten) + ":coupon:" + ten }
func customersKey() string             { return redisdb.Bucket(ten) + ":coupon-customers:" + ten }
func claimsKey() string                { return redisdb.Bucket(ten) + ":claims" }
func claimOfTen(orderID string) string { return redisdb.Bucket(ten) + ":claim:" + ten + ":" + orderID }

func (s *couponShop) putTen(limit, perCustomer int64) {
	s.t.Helper()
	_, _, err := s.coupons.Put(s.t.Context(), coupon.Change{Code: ten, Spec: coupon.Spec{
		Action: price.Action{Rate: 1000}, Limit: limit, PerCustomer: perCustomer,
	}})
	require.NoError(s.t, err)
}

// buy holds a lamp, with the coupon.
func (s *couponShop) buy() string { return s.buyWithin(time.Hour, ten) }

// buyWithin is buy for an order with another payment window, and coupons.
func (s *couponShop) buyWithin(window time.Duration, codes ...string) string {
	s.t.Helper()
	now := time.Now()
	r := price.Request{Currency: "EUR", At: now.UTC(), Lines: []price.Line{{ProductID: s.lamp, SKU: "lamp", Quantity: 1, UnitPrice: 500}}}
	for _, code := range codes {
		c, err := s.coupons.Get(s.t.Context(), code)
		require.NoError(s.t, err)
		r.Coupons = append(r.Coupons, c.Terms())
	}
	q, err := price.Quote(nil, r)
	require.NoError(s.t, err)
	p := order.Placement{
		OrderID: redistest.ID("order"), CustomerID: s.customer, PaymentWindow: window, Quote: &q, Currency: "EUR",
		Lines: []order.LineRequest{{ProductID: s.lamp, SKU: "lamp", Quantity: 1}},
	}
	answers, err := s.stock.Hold(s.t.Context(), p.HoldRequests(1, now))
	require.NoError(s.t, err)
	h, err := order.Combine(p, answers)
	require.NoError(s.t, err)
	claims := p.CouponClaims(1, now)
	holds, err := s.coupons.Claim(s.t.Context(), claims)
	require.NoError(s.t, err)
	h.Claimed(holds)
	require.True(s.t, h.Held)
	o := order.New(p, now)
	require.NoError(s.t, o.Hold(h, now))
	s.record(o, true)
	s.newest = o.ID
	return o.ID
}

func (s *couponShop) now(id string) order.Order {
	o, err := s.work.Order(s.t.Context(), id)
	require.NoError(s.t, err)
	return o
}

func (s *couponShop) payTen(id string) string {
	s.t.Helper()
	o := s.now(id)
	states, err := s.stock.CommitSale(s.t.Context(), o.Sale(1))
	require.NoError(s.t, err)
	require.Equal(s.t, order.SaleStates{
		Products: []product.HoldState{product.HoldStateCommitted}, Coupons: []product.HoldState{product.HoldStateCommitted},
	}, states)
	p := s.payment("pay-"+id, o)
	o.Pay(p, time.Now())
	s.record(o, true, order.NewAttempt(p, true))
	return id
}

func (s *couponShop) deliverTen(id string) string {
	s.t.Helper()
	o := s.now(id)
	o.Deliver("operator", time.Now())
	s.record(o, false)
	require.NoError(s.t, s.stock.CloseSale(s.t.Context(), o.Sale(1), false))
	return id
}

// age moves a delivered order's payment into the past.
func (s *couponShop) age(id string) {
	o := s.now(id)
	o.Payment.PaidAt = o.Payment.PaidAt.Add(-40 * 24 * time.Hour)
	o.Version++
	s.record(o, false)
}

func (s *couponShop) expire(id string) string {
	s.t.Helper()
	o := s.now(id)
	_, err := s.stock.ReleaseSale(s.t.Context(), o.Sale(1), "expired")
	require.NoError(s.t, err)
	o.Close(order.StatusExpired, "", order.ActorSystem, time.Now())
	s.record(o, false)
	return id
}

// takeBack undoes a sale.
func (s *couponShop) takeBack(id string) string {
	s.t.Helper()
	s.unwind(id)
	o := s.now(id)
	require.NoError(s.t, s.stock.CloseSale(s.t.Context(), o.Sale(1), true))
	return id
}

// closes ends the order's workflow, and gives back its stock, but not its use.
func (s *couponShop) closes(id string) {
	s.t.Helper()
	o := s.now(id)
	_, err := s.stock.Release(s.t.Context(), o.Holder(), 1, o.ProductIDs(), "customer")
	require.NoError(s.t, err)
	s.close(id)
}

// vanishes lets an order's stock go, and then all that was known of the order.
func (s *couponShop) vanishes(id string) {
	s.closes(id)
	s.forget(id)
	s.lose(orderKey(id))
}

// saveTen stores what the coupon has and knows of the order; the function that it returns
// restores it, as a Redis restored from a backup would have it.
func (s *couponShop) saveTen(orderID string) (restore func()) {
	return s.save(couponKey(), customersKey(), claimsKey(), claimOfTen(orderID))
}

func (s *couponShop) config() Config {
	c := s.shop.config()
	c.Coupons, c.Cold = s.coupons, s.view
	return c
}

func (s *couponShop) audit() []Finding {
	s.t.Helper()
	return s.run(s.config()).Findings
}

func (s *couponShop) repair() Report {
	s.t.Helper()
	r, err := Repairer{Config: s.config(), Stock: s.stock, Records: s.docs, CouponStock: s.coupons}.Run(s.t.Context())
	require.NoError(s.t, err)
	return r
}
