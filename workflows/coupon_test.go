package workflows_test

import (
	"testing"
	"time"

	"holdfast/coupon"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
	"holdfast/redisdb"
	"holdfast/saga"
)

// half is a coupon that halves an order, which one order may use.
func half() coupon.Change {
	return coupon.Change{Code: "HALF", Spec: coupon.Spec{Action: price.Action{Rate: 5000}, Limit: 1}}
}

// openQuoted is open for an order that is quoted with these coupons, by their terms of now.
func openQuoted(t *testing.T, changes []coupon.Change, lines ...order.LineRequest) *scenario {
	t.Helper()
	s := open(t, lines...)
	r := price.Request{Currency: "EUR", At: s.env.Now().UTC()}
	for _, l := range lines {
		r.Lines = append(r.Lines, price.Line{ProductID: l.ProductID, SKU: l.ProductID + "-1", Quantity: l.Quantity, UnitPrice: prices[l.ProductID]})
	}
	for _, ch := range changes {
		c, _, err := s.coupons.Put(t.Context(), ch)
		s.NoError(err)
		r.Coupons = append(r.Coupons, c.Terms())
	}
	q, err := price.Quote(nil, r)
	s.NoError(err)
	s.placement.Quote, s.placement.Currency = &q, "EUR"
	return s
}

// openHalved is an order of two shirts, for 500 cents instead of 1,000.
func openHalved(t *testing.T) *scenario {
	t.Helper()
	return openQuoted(t, []coupon.Change{half()}, line("shirt", 2))
}

// books are those of the coupon HALF, which add up.
func (s *scenario) books() coupon.Books {
	s.Helper()
	c, err := s.coupons.Get(s.Context(), "HALF")
	s.NoError(err)
	s.NoError(c.Check())
	return c.Books
}

func (s *scenario) claimOn(code string) order.CouponClaimDetail {
	s.Helper()
	d, err := s.coupons.ClaimDetail(s.Context(), code, orderID)
	s.NoError(err)
	return d
}

// othersClaim lets an earlier order of the customer use the coupon.
func (s *scenario) othersClaim(code string) {
	s.Helper()
	c, err := s.coupons.Get(s.Context(), code)
	s.NoError(err)
	got, err := s.coupons.Claim(s.Context(), []order.CouponClaim{{
		CouponUse: order.CouponUse{Code: code, Version: c.TermsVersion, CustomerID: s.placement.CustomerID}, OrderID: "other",
		PlacedAt: time.Now(), Try: 1, Deadline: time.Now().Add(time.Hour), QuotedAt: s.placement.Quote.Pricing.QuotedAt,
	}})
	s.NoError(err)
	s.Equal(product.HoldMade, got[0].Outcome)
}

// claimReleased releases the order's claim behind its back.
func (s *scenario) claimReleased(code string) {
	s.Helper()
	_, err := s.stock.ReleaseSale(s.Context(), order.Sale{
		Holder: s.claimOn(code).Holder(), Try: 1, Coupons: []order.CouponUse{{Code: code}},
	}, "swept")
	s.NoError(err)
}

// claimLost makes the coupon forget the order's claim, as a copy of Redis restored from before
// the claim does.
func (s *scenario) claimLost(code string) {
	s.Helper()
	bucket := redisdb.Bucket(code)
	s.redis.Del(bucket + ":claim:" + code + ":" + orderID)
	_, err := s.redis.ZRem(bucket+":claims", code+"/"+orderID)
	s.NoError(err)
	s.redis.HSet(bucket+":coupon:"+code, "claimed", "0", "uses", "0")
}

var (
	used     = coupon.Books{Uses: 1, Committed: 1}
	givenUp  = coupon.Books{}
	cameBack = coupon.Books{Committed: 1, Returned: 1}
)

// An order's use of a coupon, by the way in which the order ends.
func TestAUseOfACouponByTheEndOfItsOrder(t *testing.T) {
	paid := func(s *scenario) { s.at(time.Minute, func() { s.succeeds("pay-1", 500) }) }
	rows := []struct {
		name   string
		happen func(*scenario)
		status order.Status
		want   coupon.Books
	}{
		{"delivered", func(s *scenario) { paid(s); s.later() }, order.StatusDelivered, used},
		{"expired", func(*scenario) {}, order.StatusExpired, givenUp},
		{"cancelled before its payment", func(s *scenario) { s.at(time.Minute, func() { s.cancel("c1") }) }, order.StatusCancelled, givenUp},
		{"its payment was refused", func(s *scenario) { s.at(time.Minute, func() { s.isRefused("pay-1") }) }, order.StatusCancelled, givenUp},
		{"delisted", func(s *scenario) { s.at(time.Minute, func() { s.delisted("shirt") }) }, order.StatusCancelled, givenUp},
		{"cancelled by Temporal", func(s *scenario) { s.at(time.Minute, s.env.CancelWorkflow) }, order.StatusCancelled, givenUp},
		{"cancelled as a whole after its payment", func(s *scenario) {
			paid(s)
			s.at(time.Hour, func() { s.cancel("c1") })
		}, order.StatusCancelled, cameBack},
		{"cancelled in part", func(s *scenario) {
			paid(s)
			s.at(time.Hour, func() { s.cancelUnits("c", of("1", 1)) })
			s.later()
		}, order.StatusDelivered, used},
		{"cancelled in parts, up to the last one", func(s *scenario) {
			paid(s)
			s.at(time.Hour, func() { s.cancelUnits("c", of("1", 1)) })
			s.at(2*time.Hour, func() { s.Equal(used, s.books()); s.cancelUnits("d", of("1", 1)) })
		}, order.StatusCancelled, cameBack},
		{"all of it lost on its way", func(s *scenario) {
			paid(s)
			s.at(time.Hour, func() { s.packAs("a", order.Package{Items: []order.LineUnits{of("1", 2)}}, order.NodeLeftWarehouse) })
			s.at(2*time.Hour, func() { s.marks("a", "m", order.MarkLost) })
			s.at(3*time.Hour, func() { s.resolves("a", order.ResolveRefund) })
		}, order.StatusCancelled, cameBack},
		{"all of it returned", func(s *scenario) {
			s.placement.ReturnWindow = 14 * 24 * time.Hour
			paid(s)
			s.at(time.Hour, func() { s.deliver("d1") })
			s.at(24*time.Hour, func() { s.returns("r", of("1", 2)) })
			s.at(25*time.Hour, func() { s.decides("r", true) })
			s.at(26*time.Hour, func() {
				s.receives("r", order.ReceivedUnits{LineUnits: of("1", 2), Condition: order.ConditionRestock})
			})
		}, order.StatusDelivered, used},
		{"its stock was lost", func(s *scenario) {
			s.at(time.Minute, func() { s.losesHold("shirt"); s.goMissing("shirt", 9); s.succeeds("pay-1", 500) })
		}, order.StatusCancelled, cameBack},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := openHalved(t)
			row.happen(s)
			s.run()
			s.Equal(row.status, s.result.Status)
			s.Equal(row.want, s.books())
			s.Positive(s.rdb.TTL(s.Context(), redisdb.Bucket("HALF")+":claim:HALF:"+orderID).Val(), "its record is forgotten in the end")
		})
	}
}

// Each fault happens to an order that is paid and delivered, or expires.
func TestAUseOfACouponIsCountedOnceWhateverIsLost(t *testing.T) {
	faults := map[string]func(*scenario){
		"claim, its request":            func(s *scenario) { s.faults.before[claim] = first(2) },
		"claim, its answer":             func(s *scenario) { s.faults.after[claim] = first(2) },
		"claim, for long":               func(s *scenario) { s.faults.after[claim] = first(5) },
		"the document after the claim":  func(s *scenario) { s.faults.before[put] = first(2) },
		"the document, its answer":      func(s *scenario) { s.faults.after[put] = first(2) },
		"commit or release":             func(s *scenario) { s.faults.before[commit], s.faults.before[release] = first(5), first(5) },
		"answers of commit and release": func(s *scenario) { s.faults.after[commit], s.faults.after[release] = first(5), first(5) },
		"close":                         func(s *scenario) { s.faults.before[closing] = first(5) },
		"answers of close":              func(s *scenario) { s.faults.after[closing] = first(5) },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			s := openHalved(t)
			fault(s)
			s.at(time.Minute, func() { s.succeeds("pay-1", 500) })
			s.later()
			s.run()
			s.Equal(order.StatusDelivered, s.result.Status)
			s.Equal(used, s.books())

			s = openHalved(t)
			fault(s)
			s.run()
			s.Equal(order.StatusExpired, s.result.Status)
			s.Equal(givenUp, s.books())

			s = openHalved(t)
			fault(s)
			s.at(time.Minute, func() { s.succeeds("pay-1", 500) })
			s.at(time.Hour, func() { s.cancel("c1") })
			s.run()
			s.Equal(order.StatusCancelled, s.result.Status)
			s.Equal(cameBack, s.books())
		})
	}
}

func TestAnOrderThatCantUseItsCouponsIsRejected(t *testing.T) {
	two := []coupon.Change{half(), {Code: "TEN", Spec: coupon.Spec{Action: price.Action{Rate: 1000}, PerCustomer: 1}}}
	rows := []struct {
		name    string
		before  func(*scenario)
		refused []order.CouponRefusal
	}{
		{"all uses are taken", func(s *scenario) { s.othersClaim("HALF") }, []order.CouponRefusal{{Code: "HALF", Reason: order.CouponReasonUsedUp}}},
		{"the customer has used it", func(s *scenario) { s.othersClaim("TEN") }, []order.CouponRefusal{{Code: "TEN", Reason: order.CouponReasonCustomerUsedUp}}},
		{"both", func(s *scenario) { s.othersClaim("HALF"); s.othersClaim("TEN") }, []order.CouponRefusal{
			{Code: "HALF", Reason: order.CouponReasonUsedUp}, {Code: "TEN", Reason: order.CouponReasonCustomerUsedUp},
		}},
		{"its terms have changed", func(s *scenario) {
			worth := half()
			worth.Action.Rate = 4000
			_, _, err := s.coupons.Put(s.Context(), worth)
			s.NoError(err)
		}, []order.CouponRefusal{{Code: "HALF", Reason: order.CouponReasonChanged}}},
		{"it is gone", func(s *scenario) { s.redis.Del(redisdb.Bucket("HALF") + ":coupon:HALF") }, []order.CouponRefusal{{Code: "HALF", Reason: order.CouponReasonUnknown}}},
		{"the buyer is a guest", func(s *scenario) {
			s.placement.CustomerID = "guest-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			s.placement.MaxOpenOrders = 0
		}, []order.CouponRefusal{{Code: "TEN", Reason: order.CouponReasonSignInRequired}}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := openQuoted(t, two, line("shirt", 2))
			row.before(s)
			s.run()
			s.Equal(order.StatusRejected, s.result.Status)
			s.Equal(order.ReasonCoupon, s.result.Reason)
			s.Equal(row.refused, s.result.Coupons)
			s.Empty(s.result.Shortages)
			s.Equal(&order.Outcome{
				Status: order.StatusRejected, Version: s.result.Version, Reason: order.ReasonCoupon, Coupons: row.refused, Fingerprint: "f1",
			}, s.outcome)
			s.Equal(row.refused, s.document().RefusedCoupons)
			s.Equal(product.Stock{OnHand: units, Adjusted: units}, s.stockOf("shirt"))
			for _, ch := range two {
				if c, err := s.coupons.Get(s.Context(), ch.Code); err == nil {
					s.NoError(c.Check())
					s.LessOrEqual(c.Claimed, int64(1), "only the other order's")
				}
				s.NotEqual(product.HoldStateHeld, s.claimOn(ch.Code).State)
			}
		})
	}
}

// Each time the order is quoted anew, and the coupon's last use is free.
func TestAUseThatCameBackCanBeUsedAgain(t *testing.T) {
	s := openHalved(t)
	s.othersClaim("HALF")
	s.NoError(func() error {
		_, err := s.stock.ReleaseSale(s.Context(), order.Sale{
			Holder: product.Holder{OrderID: "other", PlacedAt: time.Now().Add(time.Hour)}, Try: 1, Coupons: []order.CouponUse{{Code: "HALF"}},
		}, "customer")
		return err
	}())
	s.at(time.Minute, func() { s.succeeds("pay-1", 500) })
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal(used, s.books())
}

// The stock is asked first: an order that is sold out claims nothing.
func TestOrdersWithoutStockClaimNoCoupon(t *testing.T) {
	s := openQuoted(t, []coupon.Change{half()}, line("shirt", 11))
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(order.Reason(product.ReasonOutOfStock), s.result.Reason)
	s.Zero(s.faults.count(claim))
}

// The gateway has a bug, or the quote was changed on its way: no retry can help.
func TestAnOrderWhoseQuoteDoesNotAddUpHoldsNothing(t *testing.T) {
	s := openQuoted(t, []coupon.Change{half()}, line("shirt", 2))
	s.placement.Quote.Total--
	s.run()
	s.Equal(order.StatusRejected, s.result.Status)
	s.Equal(order.ReasonUnavailable, s.result.Reason)
	s.Zero(s.faults.count(hold))
	s.Zero(s.faults.count(claim))
	s.Equal(givenUp, s.books())
}

func TestAContendedOrderClaimsItsCouponOnce(t *testing.T) {
	s := openQuoted(t, []coupon.Change{half()}, line("shirt", 2), line("mug", 2))
	s.othersHold()
	s.faults.before[inTurn] = once(func() { s.othersGiveBack() })
	s.at(time.Minute, func() { s.succeeds("pay-1", 800) })
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal(1, s.faults.count(claim))
	s.Equal(2, s.claimOn("HALF").Try)
	s.Equal(used, s.books())
}

func TestATryThatAnEarlierRunEndedIsFollowedByTheNext(t *testing.T) {
	s := openHalved(t)
	_, err := s.stock.ReleaseSale(s.Context(), order.Sale{
		Holder: product.Holder{OrderID: orderID}, Try: 1, Coupons: []order.CouponUse{{Code: "HALF"}},
	}, "retry")
	s.NoError(err)
	s.at(time.Minute, func() { s.succeeds("pay-1", 500) })
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal(used, s.books())
}

func TestOrdersWithoutLimitedCouponsAskNone(t *testing.T) {
	free := half()
	free.Limit = 0
	for name, s := range map[string]*scenario{
		"no quote":         open(t, line("shirt", 2)),
		"no coupon":        openQuoted(t, nil, line("shirt", 2)),
		"an unlimited one": openQuoted(t, []coupon.Change{free}, line("shirt", 2)),
	} {
		t.Run(name, func(t *testing.T) {
			total := int64(1000)
			if q := s.placement.Quote; q != nil {
				total = q.Total
			}
			s.at(time.Minute, func() { s.succeeds("pay-1", total) })
			s.later()
			s.run()
			s.Equal(order.StatusDelivered, s.result.Status)
			s.Zero(s.faults.count(claim))
			s.Empty(s.rdb.Keys(s.Context(), "*:claim*").Val())
		})
	}
}

// What a coupon forgot or gave back of a paid order, it counts all the same.
func TestAPaidOrderUsesItsCouponAlthoughItsClaimWasLost(t *testing.T) {
	for name, lose := range map[string]func(*scenario){
		"in a restore":                     func(s *scenario) { s.claimLost("HALF") },
		"in a restore, and others took it": func(s *scenario) { s.claimLost("HALF"); s.othersClaim("HALF") },
		"released":                         func(s *scenario) { s.claimReleased("HALF") },
		"released, with the stock":         func(s *scenario) { s.claimReleased("HALF"); s.givesBackHold("shirt") },
		"the stock only":                   func(s *scenario) { s.losesHold("shirt") },
	} {
		t.Run(name, func(t *testing.T) {
			s := openHalved(t)
			s.at(time.Minute, func() { lose(s); s.succeeds("pay-1", 500) })
			s.later()
			s.run()
			s.Equal(order.StatusDelivered, s.result.Status)
			s.Equal(int64(1), s.books().Committed)
			s.Equal(product.HoldStateCommitted, s.claimOn("HALF").State)
			s.Empty(s.refunds)
		})
	}
}

func TestAnOrderThatCostsNothingUsesItsCoupon(t *testing.T) {
	all := half()
	all.Action.Rate = 10_000
	s := openQuoted(t, []coupon.Change{all}, line("shirt", 2))
	s.later()
	s.run()
	s.Equal(order.StatusDelivered, s.result.Status)
	s.Equal(used, s.books())
}

func TestAnOrderThatCouldNotBeHeldInTimeGivesItsClaimBack(t *testing.T) {
	s := openHalved(t)
	s.faults.before[put] = func(call int) error {
		if s.now().Status == order.StatusReserving {
			return errAway
		}
		return nil
	}
	s.run()
	s.Equal(order.ReasonUnavailable, s.result.Reason)
	s.Equal(givenUp, s.books())
}

// The commit of an order's coupons travels with that of its stock, and so does the release.
func TestCouponsCostNoRoundTripBesideTheClaim(t *testing.T) {
	counts := func(s *scenario) []int {
		s.at(time.Minute, func() { s.succeeds("pay-1", 500) })
		s.at(time.Hour, func() { s.cancel("c1") })
		s.run()
		s.Equal(order.StatusCancelled, s.result.Status)
		return []int{s.faults.count(hold), s.faults.count(commit), s.faults.count(release), s.faults.count(restock), s.faults.count(closing), s.faults.count(put)}
	}
	with := openHalved(t)
	without := openQuoted(t, nil, line("shirt", 1))
	with.Equal(counts(without), counts(with))
	with.Equal(1, with.faults.count(claim))
}

// A cancellation that comes twice, or after a part was cancelled, gives the use back once.
func TestARepeatedCancellationGivesTheUseBackOnce(t *testing.T) {
	s := openHalved(t)
	s.at(time.Minute, func() { s.succeeds("pay-1", 500) })
	var a, b *asked
	s.at(time.Hour, func() { a = s.cancel("c1"); b = s.cancel("c2") })
	s.run()
	s.Equal(saga.VerdictDone, a.Verdict)
	s.Equal(saga.VerdictDone, b.Verdict)
	s.Equal(cameBack, s.books())
}
