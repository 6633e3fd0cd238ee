package audit

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

func TestBooksThatAddUpHaveNoFindings(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		r, err := Run(t.Context(), s.config())
		require.NoError(t, err)
		assert.Empty(t, s.mine(r.Findings))
		// It read something: an audit that sees no keys finds nothing either.
		assert.GreaterOrEqual(t, r.Products, 2)
		assert.GreaterOrEqual(t, r.Holds, 9)
		assert.GreaterOrEqual(t, r.Orders, 5)
		assert.Equal(t, 5, r.Workflows)
	})
}

// damage is one way in which books can be wrong.
type damage struct {
	name string
	do   func(s *shop)
	want func(s *shop) []Finding // their details don't matter
	// left is what a repair can't fix; nil if it fixes everything.
	left func(s *shop) []Finding
}

func lampHold(s *shop, orderID string) string { return holdKey(HoldID{s.lamp, orderID}) }

func lampFinding(k Kind, units int64) func(*shop) []Finding {
	return func(s *shop) []Finding {
		return []Finding{{Kind: k, ProductID: s.lamp, SKU: "lamp", Units: units}}
	}
}

// twice is the payment of the paid order, which another one took too.
func twice(s *shop) []Finding {
	return []Finding{{Kind: KindPaymentTakenTwice, OrderID: max(s.paid, s.last()), PaymentID: "pay-" + s.paid}}
}

func stuck(s *shop) []Finding { return []Finding{{Kind: KindWorkflowStuck, OrderID: s.waiting}} }

var damages = []damage{
	{
		name: "payment that two orders took",
		do:   func(s *shop) { s.payWith("pay-"+s.paid, s.place(1, 0)) },
		want: twice, left: twice,
	},
	{
		name: "workflow that can't go on",
		do:   func(s *shop) { s.work.orders[s.waiting].stuck = true },
		want: stuck, left: stuck,
	},
	{
		name: "held too high",
		do:   func(s *shop) { s.do("HINCRBY", productKey(s.lamp), "held:lamp", 7) },
		want: lampFinding(KindHeldDiffers, 7), left: lampFinding(KindHeldDiffers, 7),
	},
	{
		name: "held too low",
		do:   func(s *shop) { s.do("HINCRBY", productKey(s.lamp), "held:lamp", -1) },
		want: lampFinding(KindHeldDiffers, -1), left: lampFinding(KindHeldDiffers, -1),
	},
	{
		name: "units on hand from nowhere",
		do:   func(s *shop) { s.do("HINCRBY", productKey(s.lamp), "onhand:lamp", 3) },
		want: lampFinding(KindLedgerDiffers, 3), left: lampFinding(KindLedgerDiffers, 3),
	},
	{
		name: "a sale that no order has",
		do: func(s *shop) {
			s.do("HINCRBY", productKey(s.lamp), "onhand:lamp", -2)
			s.do("HINCRBY", productKey(s.lamp), "committed:lamp", 2)
		},
		want: lampFinding(KindSoldDiffers, 2), left: lampFinding(KindSoldDiffers, 2),
	},
	{
		name: "a return that was applied twice",
		do: func(s *shop) {
			s.do("HINCRBY", productKey(s.lamp), "onhand:lamp", 5)
			s.do("HINCRBY", productKey(s.lamp), "restocked:lamp", 5)
		},
		want: lampFinding(KindSoldDiffers, -5), left: lampFinding(KindSoldDiffers, -5),
	},
	{
		name: "held beyond what is there",
		do: func(s *shop) {
			s.do("HINCRBY", productKey(s.lamp), "onhand:lamp", -95)
			s.do("HINCRBY", productKey(s.lamp), "adjusted:lamp", -95)
		},
		want: lampFinding(KindStockImpossible, 1), left: lampFinding(KindStockImpossible, 1),
	},
	{
		name: "a number that is none",
		do:   func(s *shop) { s.do("HSET", productKey(s.lamp), "adjusted:ghost", "many") },
		want: func(s *shop) []Finding { return []Finding{{Kind: KindUnreadable, ProductID: s.lamp}} },
		left: func(s *shop) []Finding { return []Finding{{Kind: KindUnreadable, ProductID: s.lamp}} },
	},
	{
		name: "hold missing on the product's list",
		do:   func(s *shop) { s.do("ZREM", holdsKey(s.lamp), s.waiting) },
		want: onHold(KindHoldNotListed, 2), left: onHold(KindHoldNotListed, 2),
	},
	{
		name: "hold missing on the sweeper's list",
		do:   func(s *shop) { s.do("ZREM", deadlinesKey(s.lamp), s.lamp+"/"+s.waiting) },
		want: onHold(KindHoldNotListed, 2), left: onHold(KindHoldNotListed, 2),
	},
	{
		name: "entry of an order without a hold on the product's list",
		do:   func(s *shop) { s.do("ZADD", holdsKey(s.lamp), 1, s.cancelled) },
		want: func(s *shop) []Finding {
			return []Finding{{Kind: KindListedWithoutHold, ProductID: s.lamp, OrderID: s.cancelled, Units: 4}}
		},
		left: func(s *shop) []Finding {
			return []Finding{{Kind: KindListedWithoutHold, ProductID: s.lamp, OrderID: s.cancelled, Units: 4}}
		},
	},
	{
		name: "entry of a sold hold on the sweeper's list",
		do:   func(s *shop) { s.do("ZADD", deadlinesKey(s.lamp), 1, s.lamp+"/"+s.paid) },
		want: func(s *shop) []Finding {
			return []Finding{{Kind: KindListedWithoutHold, ProductID: s.lamp, OrderID: s.paid, Units: 3}}
		},
		left: func(s *shop) []Finding {
			return []Finding{{Kind: KindListedWithoutHold, ProductID: s.lamp, OrderID: s.paid, Units: 3}}
		},
	},
	{
		name: "live hold of a closed order",
		do:   func(s *shop) { s.close(s.place(6, 0)) },
		want: func(s *shop) []Finding {
			return []Finding{{Kind: KindHoldOfClosedOrder, ProductID: s.lamp, OrderID: s.last(), Units: 6}}
		},
	},
	{
		name: "released hold that is live again",
		do:   func(s *shop) { s.do("HSET", lampHold(s, s.cancelled), "state", "held") },
		want: revived, left: revived,
	},
	{
		name: "live hold whose order nobody knows",
		do: func(s *shop) {
			s.forget(s.place(6, 0))
			s.do("DEL", orderKey(s.last()))
		},
		want: unknownHold, left: unknownHold,
	},
	{
		name: "open order whose workflow is unknown",
		do:   func(s *shop) { s.forget(s.waiting) },
		want: func(s *shop) []Finding { return []Finding{{Kind: KindOrderUnknown, OrderID: s.waiting}} },
		left: func(s *shop) []Finding { return []Finding{{Kind: KindOrderUnknown, OrderID: s.waiting}} },
	},
	{
		name: "commit that was lost with a restored Redis",
		do: func(s *shop) {
			id := s.place(6, 0)
			restore := s.save(productKey(s.lamp), lampHold(s, id), holdsKey(s.lamp), deadlinesKey(s.lamp), orderKey(id))
			s.pay(id)
			restore()
		},
		want: func(s *shop) []Finding {
			return []Finding{
				{Kind: KindDocumentOld, OrderID: s.last()},
				{Kind: KindPaidNotCommitted, ProductID: s.lamp, OrderID: s.last(), Units: 6},
				{Kind: KindSoldDiffers, ProductID: s.lamp, SKU: "lamp", Units: -6},
			}
		},
	},
	{
		name: "order that was lost whole with a restored Redis",
		do: func(s *shop) {
			restore := s.save(productKey(s.lamp), holdsKey(s.lamp), deadlinesKey(s.lamp))
			id := s.pay(s.place(6, 0))
			restore()
			s.lose(lampHold(s, id), orderKey(id))
		},
		want: func(s *shop) []Finding {
			return []Finding{
				{Kind: KindDocumentMissing, OrderID: s.last()},
				{Kind: KindPaidNotCommitted, ProductID: s.lamp, OrderID: s.last(), Units: 6},
				{Kind: KindSoldDiffers, ProductID: s.lamp, SKU: "lamp", Units: -6},
			}
		},
	},
	{
		name: "hold of a waiting order lost with a restored Redis",
		do: func(s *shop) {
			restore := s.save(productKey(s.lamp), holdsKey(s.lamp), deadlinesKey(s.lamp))
			id := s.place(6, 0)
			restore()
			s.lose(lampHold(s, id), orderKey(id))
		},
		want: func(s *shop) []Finding {
			return []Finding{
				{Kind: KindDocumentMissing, OrderID: s.last()},
				{Kind: KindOrderNotHeld, ProductID: s.lamp, OrderID: s.last(), Units: 6},
			}
		},
	},
	{
		name: "record of a sold hold lost",
		do:   func(s *shop) { s.do("DEL", lampHold(s, s.paid)) },
		// The ledger has the sale: selling again would sell twice.
		want: onPaid(KindPaidNotCommitted), left: onPaid(KindPaidNotCommitted),
	},
	{
		name: "sale of an open order that Redis has forgotten, as versions before let it",
		do: func(s *shop) {
			o := s.work.orders[s.paid].order
			o.Payment.PaidAt = o.Payment.PaidAt.Add(-40 * 24 * time.Hour)
			o.Version++
			s.record(o, true)
			s.do("DEL", lampHold(s, s.paid))
		},
		want: onPaid(KindPaidNotCommitted),
	},
	{
		name: "sale that Redis is to forget, as versions before let it",
		do:   func(s *shop) { s.do("EXPIRE", lampHold(s, s.paid), 9999) },
		want: onPaid(KindSaleExpires),
	},
	{
		name: "sale of a closed order that was not closed with it",
		do:   func(s *shop) { s.do("PERSIST", lampHold(s, s.delivered)) },
		want: func(s *shop) []Finding {
			return []Finding{{
				Kind: KindSaleStays, ProductID: s.lamp, OrderID: s.delivered, Units: s.work.orders[s.delivered].order.Items(s.lamp)[0].Quantity,
			}}
		},
	},
	{
		name: "units that are sold to an earlier order of the same id",
		do:   func(s *shop) { s.do("HINCRBY", lampHold(s, s.paid), "placed", -60000) },
		// It can't be known whether they were sold once or twice: the shelf has to be
		// counted.
		want: onPaid(KindPaidNotCommitted), left: onPaid(KindPaidNotCommitted),
	},
	{
		name: "units that are held for an earlier order of the same id",
		do:   func(s *shop) { s.do("HINCRBY", lampHold(s, s.waiting), "placed", -60000) },
		want: func(s *shop) []Finding {
			return append(onHold(KindHoldOfClosedOrder, 2)(s), onHold(KindOrderNotHeld, 2)(s)...)
		},
	},
	{
		name: "units that a limit counts and no order holds",
		do: func(s *shop) {
			s.together = 100
			s.place(6, 0)
			s.do("HINCRBY", buyersKey(s.lamp), "customer", 5)
		},
		want: func(s *shop) []Finding { return offLimit(s, "customer", 5) },
	},
	{
		name: "units that a limit counts for a customer who holds nothing",
		do:   func(s *shop) { s.do("HSET", buyersKey(s.lamp), "stranger", 3) },
		want: func(s *shop) []Finding { return offLimit(s, "stranger", 3) },
	},
	{
		name: "units that no limit counts",
		do: func(s *shop) {
			s.together = 100
			s.place(6, 0)
			s.do("DEL", buyersKey(s.lamp))
		},
		want: func(s *shop) []Finding { return offLimit(s, "customer", -6) },
	},
	{
		name: "return of a cancelled order that was lost",
		do: func(s *shop) {
			id := s.pay(s.place(6, 0))
			restore := s.save(productKey(s.lamp), lampHold(s, id))
			s.unwind(id)
			restore()
		},
		want: func(s *shop) []Finding {
			return []Finding{
				{Kind: KindNotReturned, ProductID: s.lamp, OrderID: s.last(), Units: 6},
				{Kind: KindSoldDiffers, ProductID: s.lamp, SKU: "lamp", Units: 6},
			}
		},
	},
	{
		name: "sold hold says held",
		do:   func(s *shop) { s.do("HSET", lampHold(s, s.paid), "state", "held") },
		want: unsold, left: unsold,
	},
	{
		name: "units sold to an order that waits",
		do:   func(s *shop) { s.commit(s.waiting) },
		want: soldUnpaid, left: soldUnpaid,
	},
	{
		name: "hold with other units than its order",
		do: func(s *shop) {
			s.do("HSET", lampHold(s, s.waiting), "lines", `[{"sku":"lamp","title":"Thing","quantity":9,"price":500}]`)
			s.do("HINCRBY", productKey(s.lamp), "held:lamp", 7)
		},
		want: onHold(KindUnitsDiffer, 7), left: onHold(KindUnitsDiffer, 7),
	},
	{
		name: "document lost",
		do:   func(s *shop) { s.do("DEL", orderKey(s.delivered)) },
		want: func(s *shop) []Finding { return []Finding{{Kind: KindDocumentMissing, OrderID: s.delivered}} },
	},
	{
		name: "document of another status",
		do: func(s *shop) {
			s.do("HSET", orderKey(s.cancelled), "doc",
				fmt.Sprintf(`{"id":%q,"status":"expired","version":3,"lines":[]}`, s.cancelled))
		},
		want: func(s *shop) []Finding { return []Finding{{Kind: KindDocumentDiffers, OrderID: s.cancelled}} },
	},
	{
		name: "document ahead of its workflow",
		do: func(s *shop) {
			o := s.work.orders[s.paid].order.Clone()
			ahead := o.Clone()
			ahead.Deliver("operator", time.Now())
			s.record(ahead, false)
			s.work.set(o, true)
		},
		want: func(s *shop) []Finding { return []Finding{{Kind: KindDocumentAhead, OrderID: s.paid}} },
		left: func(s *shop) []Finding { return []Finding{{Kind: KindDocumentAhead, OrderID: s.paid}} },
	},
	{
		name: "document that is no order",
		do:   func(s *shop) { s.do("HSET", orderKey(s.cancelled), "doc", "{") },
		want: func(s *shop) []Finding { return []Finding{{Kind: KindDocumentUnreadable, OrderID: s.cancelled}} },
	},
	{
		name: "version that is no number",
		do:   func(s *shop) { s.do("HSET", orderKey(s.cancelled), "version", "many") },
		want: func(s *shop) []Finding { return []Finding{{Kind: KindDocumentUnreadable, OrderID: s.cancelled}} },
	},
	{
		name: "product lost",
		do:   func(s *shop) { s.do("DEL", productKey(s.shirt)) },
		want: goneShirts, left: goneShirts,
	},
}

func onHold(k Kind, units int64) func(*shop) []Finding {
	return func(s *shop) []Finding {
		return []Finding{{Kind: k, ProductID: s.lamp, OrderID: s.waiting, Units: units}}
	}
}

func onPaid(k Kind) func(*shop) []Finding {
	return func(s *shop) []Finding {
		return []Finding{{Kind: k, ProductID: s.lamp, OrderID: s.paid, Units: 3}}
	}
}

func offLimit(s *shop, customer string, units int64) []Finding {
	return []Finding{{Kind: KindCustomerUnitsDiffer, ProductID: s.lamp, CustomerID: customer, Units: units}}
}

func revived(s *shop) []Finding {
	return []Finding{
		{Kind: KindHoldOfClosedOrder, ProductID: s.lamp, OrderID: s.cancelled, Units: 4},
		{Kind: KindHoldNotListed, ProductID: s.lamp, OrderID: s.cancelled, Units: 4},
		{Kind: KindHeldDiffers, ProductID: s.lamp, SKU: "lamp", Units: -4},
	}
}

func unknownHold(s *shop) []Finding {
	return []Finding{{Kind: KindHoldOfUnknownOrder, ProductID: s.lamp, OrderID: s.last(), Units: 6}}
}

func unsold(s *shop) []Finding {
	return []Finding{
		{Kind: KindPaidNotCommitted, ProductID: s.lamp, OrderID: s.paid, Units: 3},
		{Kind: KindHoldNotListed, ProductID: s.lamp, OrderID: s.paid, Units: 3},
		{Kind: KindHeldDiffers, ProductID: s.lamp, SKU: "lamp", Units: -3},
	}
}

func soldUnpaid(s *shop) []Finding {
	return []Finding{
		{Kind: KindSoldUnpaid, ProductID: s.lamp, OrderID: s.waiting, Units: 2},
		{Kind: KindSoldDiffers, ProductID: s.lamp, SKU: "lamp", Units: 2},
	}
}

// goneShirts: 2 held (1 of each colour) and 4 sold (2 of each).
func goneShirts(s *shop) []Finding {
	return []Finding{{Kind: KindProductMissing, ProductID: s.shirt, Units: 6}}
}

func TestEachDamageIsFoundAndRepairedWhereItCanBe(t *testing.T) { testDamages(t, damages) }

func testDamages(t *testing.T, damages []damage) {
	for _, d := range damages {
		t.Run(d.name, func(t *testing.T) {
			redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
				s := openShop(t, rdb)
				require.Empty(t, s.audit())
				d.do(s)
				found := s.audit()
				assert.ElementsMatch(t, d.want(s), plain(found), "found: %v", found)

				var want []Finding
				if d.left != nil {
					want = d.left(s)
				}
				left, r := s.repair()
				assert.ElementsMatch(t, want, plain(left), "left: %v, repaired: %v", left, r.Repaired)
			})
		})
	}
}

// plain leaves out the details, which are for people; they must be there.
func plain(all []Finding) []Finding {
	var bare []Finding
	for _, f := range all {
		if f.Detail == "" {
			f.Kind += " without a detail"
		}
		f.Detail = ""
		bare = append(bare, f)
	}
	return bare
}

// A step in progress at the first check is not a finding.
func TestStepUnderWayIsNoFinding(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		id := s.place(6, 0)
		s.do("DEL", orderKey(id)) // the document is still in flight
		o := s.work.orders[id].order
		looks := 0
		s.work.looked = func(asked string) {
			if asked != id {
				return
			}
			if looks++; looks == 2 { // between the first check and the second it arrives
				r, err := order.NewRecord(&o, nil)
				assert.NoError(t, err)
				assert.NoError(t, s.docs.Put(t.Context(), r))
			}
		}
		cfg := s.config()
		cfg.Looks = 4
		r, err := Run(t.Context(), cfg)
		require.NoError(t, err)
		assert.Empty(t, s.mine(r.Findings))
		assert.GreaterOrEqual(t, looks, 2)
	})
}

func TestDeepAuditAsksEveryWorkflow(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		// The list agrees with the document, but the workflow with neither.
		e := s.work.orders[s.cancelled]
		e.order.Status, e.listed = order.StatusExpired, string(order.StatusCancelled)
		assert.Empty(t, s.audit(), "a list and a document that agree are not asked")
		cfg := s.config()
		cfg.Deep = true
		r, err := Run(t.Context(), cfg)
		require.NoError(t, err)
		assert.Equal(t, []Finding{{Kind: KindDocumentDiffers, OrderID: s.cancelled}}, plain(s.mine(r.Findings)))
	})
}

// Its workflow can't close it any more: the sweeper has, one version further.
func TestOrderThatWasEndedByForceAndSweptIsNoFinding(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		p := s.payment("pay-"+s.waiting, s.work.orders[s.waiting].order)
		p.Type = order.PaymentCreated
		s.record(s.work.orders[s.waiting].order, true, order.NewAttempt(p, false))
		e := s.work.orders[s.waiting]
		e.running, e.byForce, e.listed = false, true, shown(e.order.Status)
		p.Type = order.PaymentSucceeded // and goes back
		late := map[string]order.Attempt{p.Key(): order.NewAttempt(p, false)}
		o := e.order.Clone()
		_, err := s.stock.Release(t.Context(), o.Holder(), 1, o.ProductIDs(), "swept")
		require.NoError(t, err)
		o.Close(order.StatusCancelled, order.ReasonTerminated, order.ActorSystem, time.Now())
		rec, err := order.NewRecord(&o, late)
		require.NoError(t, err)
		require.NoError(t, s.docs.Put(t.Context(), rec))
		assert.Empty(t, s.audit())

		e.byForce = false
		assert.Contains(t, plain(s.audit()), Finding{Kind: KindDocumentAhead, OrderID: s.waiting},
			"a workflow that still can closes its order itself")
	})
}

// An order that is reserving has neither a document nor all of its holds.
func TestOrderThatReservesIsNoFinding(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		now := time.Now()
		p := order.Placement{
			OrderID: redistest.ID("order"), CustomerID: "customer", PaymentWindow: time.Hour,
			Lines: []order.LineRequest{{ProductID: s.lamp, Quantity: 1}, {ProductID: s.shirt, SKU: "red", Quantity: 1}},
		}
		answers, err := s.stock.Hold(t.Context(), p.HoldRequests(1, now)[:1])
		require.NoError(t, err)
		require.Equal(t, product.HoldMade, answers[0].Outcome)
		s.work.set(order.New(p, now), true)
		assert.Empty(t, s.audit())
	})
}
