package coupons_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

func TestAClaimIsRefusedForAReason(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	rows := []struct {
		name string
		// change the coupon, which has two uses and one per customer, and the claim.
		coupon func(*coupon.Change)
		claim  func(*order.CouponClaim)
		want   string
	}{
		{name: "nothing speaks against it", want: "held"},
		{name: "it has ended", coupon: func(c *coupon.Change) { c.EndsAt = now }, want: "expired"},
		{name: "it ends in a moment", coupon: func(c *coupon.Change) { c.EndsAt = now.Add(time.Millisecond) }, want: "held"},
		{name: "it starts now", coupon: func(c *coupon.Change) { c.StartsAt = now }, want: "held"},
		{name: "it starts in a moment", coupon: func(c *coupon.Change) { c.StartsAt = now.Add(time.Millisecond) }, want: "not_started"},
		{name: "other terms were quoted", claim: func(c *order.CouponClaim) { c.Version-- }, want: "changed"},
		{name: "a guest, one use per customer", claim: func(c *order.CouponClaim) { c.CustomerID = "" }, want: "sign_in_required"},
		{
			name: "a guest, uses in all only", coupon: func(c *coupon.Change) { c.PerCustomer = 0 },
			claim: func(c *order.CouponClaim) { c.CustomerID = "" }, want: "held",
		},
		{name: "the customer has used it", claim: func(c *order.CouponClaim) { c.CustomerID = "bea" }, want: "customer_used_up"},
		{name: "all are used", coupon: func(c *coupon.Change) { c.Limit = 1 }, want: "used_up"},
		{
			name: "all are used, by the same customer too", coupon: func(c *coupon.Change) { c.Limit = 1 },
			claim: func(c *order.CouponClaim) { c.CustomerID = "bea" }, want: "customer_used_up",
		},
		{name: "it has no limit any more", coupon: func(c *coupon.Change) { c.Limit, c.PerCustomer = 0, 0 }, want: "held"},
		{name: "there is no such coupon", claim: func(c *order.CouponClaim) { c.Code += "-X" }, want: "unknown"},
	}
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				f := newFixture(t, rdb, 2, 1)
				require.Equal(t, "held", f.claim(f.asks("earlier", 1, "bea")))
				if row.coupon != nil {
					change := tenOff(f.code, 2, 1)
					row.coupon(&change)
					f.put(change)
				}
				c := f.asks("o", 1, "ada")
				c.QuotedAt = now
				if row.claim != nil {
					row.claim(&c)
				}
				for range 2 { // the first answer is repeated
					holds, err := f.store.Claim(t.Context(), []order.CouponClaim{c})
					require.NoError(t, err)
					got := holds[0]
					if row.want == "held" {
						require.Equal(t, order.CouponHold{Code: c.Code, Outcome: product.HoldMade}, got)
						continue
					}
					require.Equal(t, order.CouponHold{Code: c.Code, Outcome: product.HoldRefused, Reason: order.CouponReason(row.want)}, got)
				}
				want := int64(1)
				if row.want == "held" {
					want = 2
				}
				f.requireBooks(coupon.Books{Uses: want, Claimed: want})
			})
		}
	})
}

// Each row sends the messages of one order to a coupon of one use, and says what each answers
// and what the books are in the end.
func TestTheMessagesOfAnOrderMayComeTwiceLateAndInAnyOrder(t *testing.T) {
	type step struct{ message, want string }
	rows := []struct {
		name  string
		steps []step
		want  coupon.Books
	}{
		{"claimed", []step{{"claim1", "held"}, {"claim1", "held"}}, coupon.Books{Uses: 1, Claimed: 1}},
		{"paid", []step{{"claim1", "held"}, {"commit1", "committed"}, {"commit1", "committed"}, {"claim1", "held"}}, coupon.Books{Uses: 1, Committed: 1}},
		{"ended unpaid", []step{{"claim1", "held"}, {"release1", "released"}, {"release1", "released"}}, coupon.Books{}},
		{"taken back", []step{{"claim1", "held"}, {"commit1", "committed"}, {"release1", "released"}, {"release1", "released"}}, coupon.Books{Committed: 1, Returned: 1}},
		{"a claim after its release", []step{{"release1", "released"}, {"claim1", "ended"}}, coupon.Books{}},
		{"the next try", []step{{"claim1", "held"}, {"release1", "released"}, {"claim2", "held"}, {"release1", "held"}}, coupon.Books{Uses: 1, Claimed: 1}},
		{"the next try takes over", []step{{"claim1", "held"}, {"claim2", "held"}, {"claim1", "ended"}, {"release1", "held"}}, coupon.Books{Uses: 1, Claimed: 1}},
		{"a late release of the try before", []step{{"claim2", "held"}, {"commit2", "committed"}, {"release1", "committed"}}, coupon.Books{Uses: 1, Committed: 1}},
		{"paid, and the claim was lost", []step{{"commit1", "committed"}, {"commit1", "committed"}, {"claim1", "held"}}, coupon.Books{Uses: 1, Committed: 1}},
		{"a late commit", []step{{"claim1", "held"}, {"release1", "released"}, {"commit1", "released"}}, coupon.Books{}},
		{"a late commit of a sale that was taken back", []step{{"claim1", "held"}, {"commit1", "committed"}, {"release1", "released"}, {"commit1", "released"}}, coupon.Books{Committed: 1, Returned: 1}},
		{"paid, and committed by the next try", []step{{"release1", "released"}, {"commit1", "released"}, {"commit2", "committed"}}, coupon.Books{Uses: 1, Committed: 1}},
		{"closed", []step{{"claim1", "held"}, {"commit1", "committed"}, {"close", "closed"}, {"close", "closed"}}, coupon.Books{Uses: 1, Committed: 1}},
		{"closed without a sale", []step{{"claim1", "held"}, {"close", "none"}}, coupon.Books{Uses: 1, Claimed: 1}},
	}
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				f := newFixture(t, rdb, 1, 1)
				for i, s := range row.steps {
					try := int(s.message[len(s.message)-1] - '0')
					var got string
					switch s.message[:len(s.message)-1] {
					case "claim":
						got = f.claim(f.asks("o", try, "ada"))
					case "commit":
						got = f.commit("o", try, "ada")
					case "release":
						got = f.release("o", try)
					default:
						got = f.closes("o")
					}
					require.Equal(t, s.want, got, "step %d, %s", i+1, s.message)
				}
				books, used := f.books("ada")
				require.Equal(t, row.want, books)
				require.Equal(t, row.want.Uses, used, "the customer has as many as there are")
			})
		}
	})
}

func TestAnOrderUnderTheIDOfAnEarlierOneHasAUseOfItsOwn(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		f := newFixture(t, rdb, 1, 1)
		require.Equal(t, "held", f.claim(f.asks("o", 3, "ada")))
		earlier := f.placedAt

		f.placedAt = earlier.Add(40 * 24 * time.Hour)
		require.Equal(t, "held", f.claim(f.asks("o", 1, "bea")), "what the earlier order still held comes back")
		_, used := f.books("ada")
		require.Zero(t, used)
		f.requireBooks(coupon.Books{Uses: 1, Claimed: 1})

		later := f.placedAt
		f.placedAt = earlier
		require.Equal(t, "ended", f.claim(f.asks("o", 4, "ada")))
		require.Equal(t, "none", f.commit("o", 4, "ada"))
		require.Equal(t, "released", f.release("o", 4))
		f.requireBooks(coupon.Books{Uses: 1, Claimed: 1})

		f.placedAt = later
		require.Equal(t, "committed", f.commit("o", 1, "bea"))
		f.placedAt = later.Add(40 * 24 * time.Hour)
		require.Equal(t, "customer_used_up", f.claim(f.asks("o", 1, "bea")), "what an order used stays used")
		require.Equal(t, "released", f.release("o", 1))
		f.requireBooks(coupon.Books{Uses: 1, Committed: 1})
	})
}

func TestARecordOfAClaimIsForgottenAndItsUseIsNot(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		f := newFixture(t, rdb, 3, 0)
		life := func(orderID string) time.Duration {
			keys, err := claimKeysOf(t, rdb, f.code)
			require.NoError(t, err)
			for _, key := range keys {
				if key[len(key)-1:] == orderID {
					left, err := rdb.TTL(t.Context(), key).Result()
					require.NoError(t, err)
					return left
				}
			}
			t.Fatalf("there is no claim of order %s", orderID)
			return 0
		}
		for _, orderID := range []string{"a", "b", "c"} {
			require.Equal(t, "held", f.claim(f.asks(orderID, 1, "ada")))
		}
		require.Negative(t, life("a"), "a claim ends only with its order")
		require.Equal(t, "released", f.release("a", 1))
		require.InDelta(t, product.RememberActions.Seconds(), life("a").Seconds(), 60)

		require.Equal(t, "committed", f.commit("b", 1, "ada"))
		require.Negative(t, life("b"), "the order is open")
		require.Equal(t, "closed", f.closes("b"))
		require.InDelta(t, product.RememberActions.Seconds(), life("b").Seconds(), 60)

		require.Equal(t, "committed", f.commit("c", 1, "ada"))
		require.Equal(t, "released", f.release("c", 1))
		require.InDelta(t, product.RememberActions.Seconds(), life("c").Seconds(), 60)

		keys, err := claimKeysOf(t, rdb, f.code)
		require.NoError(t, err)
		for _, key := range keys {
			require.NoError(t, rdb.Del(t.Context(), key).Err())
		}
		f.requireBooks(coupon.Books{Uses: 1, Committed: 2, Returned: 1})
	})
}

func TestWhatACouponKnowsAboutAClaim(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		f := newFixture(t, rdb, 3, 2)
		detail := func() order.CouponClaimDetail {
			d, err := f.store.ClaimDetail(t.Context(), f.code, "o")
			require.NoError(t, err)
			return d
		}
		want := order.CouponClaimDetail{Code: f.code, OrderID: "o", State: product.HoldStateNone}
		require.Equal(t, want, detail())
		c := f.asks("o", 2, "ada")
		require.Equal(t, "held", f.claim(c))
		want.PlacedAt, want.State, want.Try, want.Deadline = c.PlacedAt, product.HoldStateHeld, 2, c.Deadline
		want.Version, want.Amount, want.CustomerID = c.Version, c.Amount, "ada"
		require.Equal(t, want, detail())
		require.Equal(t, "released", f.release("o", 3))
		want.State, want.Try, want.Reason = product.HoldStateReleased, 3, "customer"
		require.Equal(t, want, detail())
	})
}

func TestOverdueClaimsLeadToTheirOrders(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		f := newFixture(t, rdb, 0, 1)
		overdue := func(before time.Time) (found []product.LiveHold) {
			behind := map[int]string{}
			for b := range f.store.Buckets() {
				behind[b] = ""
			}
			for len(behind) > 0 { // the server may be shared
				pages, err := f.store.Overdue(t.Context(), before, behind, 100)
				require.NoError(t, err)
				for b, p := range pages {
					require.NoError(t, p.Err)
					if behind[b] = p.Next; p.Next == "" {
						delete(behind, b)
					}
					for _, h := range p.Holds {
						if h.CouponCode == f.code {
							found = append(found, h)
						}
					}
				}
			}
			return found
		}
		c := f.asks("o", 1, "ada")
		require.Equal(t, "held", f.claim(c))
		require.Empty(t, overdue(c.Deadline))
		require.Equal(t, []product.LiveHold{{CouponCode: f.code, OrderID: "o", Deadline: c.Deadline}}, overdue(c.Deadline.Add(time.Millisecond)))
		require.Equal(t, "committed", f.commit("o", 1, "ada"))
		require.Empty(t, overdue(c.Deadline.Add(time.Millisecond)))
	})
}

func TestAClaimThatCantBeIsNotSent(t *testing.T) {
	f := newFixture(t, redistest.Real(t), 1, 1)
	for name, bad := range map[string]func(*order.CouponClaim){
		"a code in lower case": func(c *order.CouponClaim) { c.Code = "ten" },
		"a code with a colon":  func(c *order.CouponClaim) { c.Code = "TEN:1" },
		"an order's id":        func(c *order.CouponClaim) { c.OrderID = "a/b" },
		"a try":                func(c *order.CouponClaim) { c.Try = 0 },
	} {
		c := f.asks("o", 1, "ada")
		bad(&c)
		_, err := f.store.Claim(t.Context(), []order.CouponClaim{c})
		require.Error(t, err, name)
	}
	twice := f.asks("o", 1, "ada")
	_, err := f.store.Claim(t.Context(), []order.CouponClaim{twice, twice})
	require.ErrorContains(t, err, "named twice")
	_, err = coupons.Commit(order.CouponUse{Code: "ten"}, product.Holder{OrderID: "o"}, 1)
	require.Error(t, err)
	none, err := f.store.Claim(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, none)
}
