package audit

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// couponDamage is one way in which the books of a coupon can be wrong.
type couponDamage struct {
	name string
	do   func(s *couponShop)
	want func(s *couponShop) []Finding // their details don't matter
	// left is what a repair can't fix; nil if it fixes everything.
	left func(s *couponShop) []Finding
}

func offBy(units int64) func(*couponShop) []Finding {
	return func(*couponShop) []Finding {
		return []Finding{{Kind: KindCouponDiffers, CouponCode: ten, Units: units}}
	}
}

func customerOffBy(id string, units int64) func(*couponShop) []Finding {
	return func(*couponShop) []Finding {
		return []Finding{{Kind: KindCustomerUsesDiffer, CouponCode: ten, CustomerID: id, Units: units}}
	}
}

func onClaim(k Kind, of func(*couponShop) string) func(*couponShop) []Finding {
	return func(s *couponShop) []Finding { return []Finding{{Kind: k, CouponCode: ten, OrderID: of(s)}} }
}

func heldOne(s *couponShop) string { return s.held }
func usedOne(s *couponShop) string { return s.used }
func newest(s *couponShop) string  { return s.last() }

func both(some ...func(*couponShop) []Finding) func(*couponShop) []Finding {
	return func(s *couponShop) (all []Finding) {
		for _, of := range some {
			all = append(all, of(s)...)
		}
		return all
	}
}

func (s *couponShop) counts(fields ...any) {
	for i := 0; i < len(fields); i += 2 {
		s.do("HINCRBY", couponKey(), fields[i], fields[i+1])
	}
}

var couponDamages = []couponDamage{
	{
		name: "uses too high", do: func(s *couponShop) { s.counts("uses", 1) }, want: offBy(1),
	},
	{
		name: "uses too low", do: func(s *couponShop) { s.counts("uses", -2) }, want: offBy(-2),
	},
	{
		name: "a claim that no order has", do: func(s *couponShop) { s.counts("uses", 1, "claimed", 1) }, want: offBy(1),
	},
	{
		name: "a use that no order has", do: func(s *couponShop) { s.counts("uses", 3, "committed", 3) }, want: offBy(3),
	},
	{
		name: "a use that came back twice", do: func(s *couponShop) { s.counts("uses", -1, "returned", 1) }, want: offBy(-1),
	},
	{
		name: "a claim that is counted as used", do: func(s *couponShop) { s.counts("claimed", -1, "committed", 1) }, want: offBy(0),
	},
	{
		name: "counter that is no number", do: func(s *couponShop) { s.do("HSET", couponKey(), "committed", "many") },
		want: func(*couponShop) []Finding { return []Finding{{Kind: KindUnreadable, CouponCode: ten}} },
		left: func(*couponShop) []Finding { return []Finding{{Kind: KindUnreadable, CouponCode: ten}} },
	},
	{
		name: "too many uses counted for a customer", do: func(s *couponShop) { s.do("HINCRBY", customersKey(), buyer, 2) },
		want: customerOffBy(buyer, 2),
	},
	{
		name: "too few uses counted for a customer", do: func(s *couponShop) { s.do("HINCRBY", customersKey(), buyer, -2) },
		want: customerOffBy(buyer, -2),
	},
	{
		name: "no uses counted for a customer", do: func(s *couponShop) { s.do("DEL", customersKey()) }, want: customerOffBy(buyer, -3),
	},
	{
		name: "uses counted for a customer without any", do: func(s *couponShop) { s.do("HSET", customersKey(), "stranger", 3) },
		want: customerOffBy("stranger", 3),
	},
	{
		name: "uses of a customer that are no number", do: func(s *couponShop) { s.do("HSET", customersKey(), "stranger", "many") },
		want: func(*couponShop) []Finding {
			return []Finding{{Kind: KindUnreadable, CouponCode: ten, CustomerID: "stranger"}}
		},
		left: func(*couponShop) []Finding {
			return []Finding{{Kind: KindUnreadable, CouponCode: ten, CustomerID: "stranger"}}
		},
	},
	{
		name: "uses counted for a customer whose claims have lapsed, beyond them", do: func(s *couponShop) { s.do("HSET", customersKey(), early, 2) },
		want: customerOffBy(early, 1),
	},
	{
		name: "claim missing on the sweeper's list", do: func(s *couponShop) { s.do("ZREM", claimsKey(), ten+"/"+s.held) },
		want: onClaim(KindClaimNotListed, heldOne),
	},
	{
		name: "used claim on the sweeper's list", do: func(s *couponShop) { s.do("ZADD", claimsKey(), 1, ten+"/"+s.used) },
		want: onClaim(KindListedWithoutClaim, usedOne),
	},
	{
		name: "entry without a claim on the sweeper's list", do: func(s *couponShop) { s.do("ZADD", claimsKey(), 1, ten+"/"+s.paid) },
		want: onClaim(KindListedWithoutClaim, func(s *couponShop) string { return s.paid }),
	},
	{
		name: "claim of a closed order", do: func(s *couponShop) { s.closes(s.held) }, want: onClaim(KindClaimOfClosedOrder, heldOne),
	},
	{
		name: "released claim that is live again", do: func(s *couponShop) { s.do("HSET", claimOfTen(s.givenUp), "state", "held") },
		want: both(onClaim(KindClaimOfClosedOrder, func(s *couponShop) string { return s.givenUp }),
			onClaim(KindClaimNotListed, func(s *couponShop) string { return s.givenUp }), offBy(-1), customerOffBy(buyer, -1)),
	},
	{
		name: "claim of an order that nothing knows, after its deadline", do: func(s *couponShop) { s.vanishes(s.buyWithin(-time.Minute, ten)) },
		want: onClaim(KindClaimOfUnknownOrder, newest),
	},
	{
		name: "claim of an order that nothing knows, before its deadline", do: func(s *couponShop) { s.vanishes(s.buy()) },
		want: onClaim(KindClaimOfUnknownOrder, newest), left: onClaim(KindClaimOfUnknownOrder, newest),
	},
	{
		name: "use by an order that nothing knows", do: func(s *couponShop) {
			s.commitTen(s.buy())
			s.vanishes(s.last())
		},
		// It may have been paid.
		want: onClaim(KindClaimOfUnknownOrder, newest), left: onClaim(KindClaimOfUnknownOrder, newest),
	},
	{
		name: "claim that was lost with a restored Redis", do: func(s *couponShop) {
			restore := s.save(couponKey(), customersKey(), claimsKey())
			id := s.buy()
			restore()
			s.lose(claimOfTen(id))
		},
		want: onClaim(KindOrderNotClaimed, newest),
	},
	{
		name: "claim that was lost with a restored Redis, and others took the last use", do: func(s *couponShop) {
			restore := s.save(couponKey(), customersKey(), claimsKey())
			id := s.buy()
			restore()
			s.lose(claimOfTen(id))
			s.putTen(4, 0)
		},
		want: onClaim(KindOrderNotClaimed, newest), left: onClaim(KindOrderNotClaimed, newest),
	},
	{
		name: "record of a claim lost", do: func(s *couponShop) { s.lose(claimOfTen(s.held)) },
		want: both(onClaim(KindOrderNotClaimed, heldOne), onClaim(KindListedWithoutClaim, heldOne), offBy(1), customerOffBy(buyer, 1)),
	},
	{
		name: "claim released behind its order's back", do: func(s *couponShop) { s.releaseTen(s.held) },
		want: onClaim(KindOrderNotClaimed, heldOne), left: onClaim(KindOrderNotClaimed, heldOne),
	},
	{
		name: "claim of an earlier order with the same id", do: func(s *couponShop) { s.do("HINCRBY", claimOfTen(s.held), "placed", -60000) },
		want: both(onClaim(KindClaimOfClosedOrder, heldOne), onClaim(KindOrderNotClaimed, heldOne)),
	},
	{
		name: "use that was lost with a restored Redis", do: func(s *couponShop) {
			restore := s.saveTen(s.held)
			s.payTen(s.held)
			restore()
		},
		want: onClaim(KindCouponNotUsed, heldOne),
	},
	{
		name: "claim and use that were lost with a restored Redis, and others took the last use", do: func(s *couponShop) {
			restore := s.save(couponKey(), customersKey(), claimsKey())
			id := s.payTen(s.buy())
			restore()
			s.lose(claimOfTen(id))
			s.putTen(4, 3)
		},
		want: onClaim(KindCouponNotUsed, newest),
	},
	{
		name: "record of a use lost", do: func(s *couponShop) { s.lose(claimOfTen(s.used)) },
		want: both(onClaim(KindCouponNotUsed, usedOne), offBy(1), customerOffBy(buyer, 1)),
	},
	{
		name: "use released behind its order's back", do: func(s *couponShop) { s.releaseTen(s.used) },
		want: onClaim(KindCouponNotUsed, usedOne),
	},
	{
		name: "return of a use lost with a restored Redis", do: func(s *couponShop) {
			restore := s.saveTen(s.used)
			s.takeBack(s.used)
			restore()
		},
		want: onClaim(KindUseNotReturned, usedOne),
	},
	{
		name: "use by an order that waits", do: func(s *couponShop) { s.commitTen(s.held) },
		want: onClaim(KindUsedUnpaid, heldOne), left: onClaim(KindUsedUnpaid, heldOne),
	},
	{
		name: "claim of a closed order that was not closed with it", do: func(s *couponShop) { s.do("PERSIST", claimOfTen(s.delivered)) },
		want: onClaim(KindUseStays, func(s *couponShop) string { return s.delivered }),
	},
	{
		name: "claim of another amount", do: func(s *couponShop) { s.do("HSET", claimOfTen(s.held), "amount", 9) },
		want: onClaim(KindClaimDiffers, heldOne), left: onClaim(KindClaimDiffers, heldOne),
	},
	{
		name: "claim of another customer", do: func(s *couponShop) {
			s.do("HSET", claimOfTen(s.used), "customer", "stranger")
			s.do("HSET", customersKey(), "stranger", 1)
			s.do("HINCRBY", customersKey(), buyer, -1)
		},
		want: onClaim(KindClaimDiffers, usedOne), left: onClaim(KindClaimDiffers, usedOne),
	},
	{
		name: "claim of an order that was not quoted with the coupon", do: func(s *couponShop) {
			o := s.now(s.buyWithin(time.Hour))
			holds, err := s.coupons.Claim(s.t.Context(), []order.CouponClaim{{
				CouponUse: order.CouponUse{Code: ten, Version: s.terms(), CustomerID: buyer}, OrderID: o.ID, PlacedAt: o.PlacedAt,
				Try: 1, Deadline: o.Payment.Deadline, QuotedAt: o.PlacedAt,
			}})
			require.NoError(s.t, err)
			require.Equal(s.t, product.HoldMade, holds[0].Outcome)
		},
		want: onClaim(KindClaimDiffers, newest), left: onClaim(KindClaimDiffers, newest),
	},
	{
		name: "claim that can't be read", do: func(s *couponShop) { s.do("HSET", claimOfTen(s.used), "version", "new") },
		want: both(onClaim(KindUnreadable, usedOne), onClaim(KindClaimDiffers, usedOne)),
		left: both(onClaim(KindUnreadable, usedOne), onClaim(KindClaimDiffers, usedOne)),
	},
	{
		name: "coupon lost", do: func(s *couponShop) { s.lose(couponKey()) },
		want: func(*couponShop) []Finding { return []Finding{{Kind: KindCouponMissing, CouponCode: ten, Units: 4}} },
		left: func(*couponShop) []Finding { return []Finding{{Kind: KindCouponMissing, CouponCode: ten, Units: 4}} },
	},
	{
		name: "coupon lost, and put again", do: func(s *couponShop) {
			s.lose(couponKey())
			s.putTen(100, 100)
		},
		want: offBy(-4),
	},
}

func (s *couponShop) terms() int64 {
	c, err := s.coupons.Get(s.t.Context(), ten)
	require.NoError(s.t, err)
	return c.TermsVersion
}

// commitTen lets an order use the coupon, without a payment.
func (s *couponShop) commitTen(id string) {
	sale := s.saleOfTen(id)
	_, err := s.stock.CommitSale(s.t.Context(), sale)
	require.NoError(s.t, err)
}

func (s *couponShop) releaseTen(id string) {
	sale := s.saleOfTen(id)
	_, err := s.stock.ReleaseSale(s.t.Context(), sale, "by hand")
	require.NoError(s.t, err)
}

func (s *couponShop) saleOfTen(id string) order.Sale {
	o := s.now(id)
	sale := o.Sale(1)
	sale.ProductIDs = nil
	return sale
}

func TestEachDamageOfCouponsIsFoundAndRepairedWhereItCanBe(t *testing.T) {
	for i, d := range couponDamages {
		if testing.Short() && i%4 != 0 {
			continue
		}
		t.Run(d.name, func(t *testing.T) {
			redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
				s := openCouponShop(t, rdb)
				require.Empty(t, s.audit())
				d.do(s)
				found := s.audit()
				assert.ElementsMatch(t, d.want(s), plain(found), "found: %v", found)

				var want []Finding
				if d.left != nil {
					want = d.left(s)
				}
				r := s.repair()
				assert.ElementsMatch(t, want, plain(r.Findings), "left: %v, repaired: %v, not repaired: %v", r.Findings, r.Repaired, r.NotRepaired)
			})
		})
	}
}
