package audit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/inventory"
	"holdfast/product"
	"holdfast/records"
	"holdfast/redisdb/redistest"
)

// failover lets the replica take over from the master, without what was written to the
// master since the cut.
func (s *shop) failover(p *redistest.Pair) {
	s.rdb = p.Failover()
	s.stock, s.docs = inventory.New(s.rdb), records.New(s.rdb)
}

func (s *shop) stocks() map[string]product.Stock {
	s.t.Helper()
	all := map[string]product.Stock{}
	for _, id := range []string{s.lamp, s.shirt} {
		p, err := s.stock.Get(s.t.Context(), id)
		require.NoError(s.t, err)
		for _, v := range p.Variants {
			require.NoError(s.t, v.Stock.Check())
			all[v.SKU] = v.Stock
		}
	}
	return all
}

// Workflows have recorded what orders did: after a failover that lost it, a repair restores
// each product's stock to the lost master's.
func TestWhatANewMasterLostIsAppliedAgain(t *testing.T) {
	pair := redistest.StartPair(t)
	s := openShop(t, pair.Master)
	s.together = 1000
	heldBefore, cancelledLater, paidBefore := s.place(6, 3), s.place(7, 0), s.pay(s.place(2, 2))
	closesLater, deliveredLater := s.place(1, 1), s.pay(s.place(1, 0))
	pair.Cut(t)
	s.deliver(s.pay(closesLater)) // its sale is lost, and its closing
	s.deliver(deliveredLater)     // the closing of its sale is lost
	s.pay(heldBefore)             // its sale is lost, its hold is live again
	s.pay(s.place(8, 1))          // lost whole
	waits := s.place(9, 0)        // its hold is lost
	s.cancel(cancelledLater)
	s.unwind(paidBefore) // its units are only back on the lost master
	want := s.stocks()
	s.failover(pair)
	require.NotEqual(t, want, s.stocks(), "the new master has lost nothing: the test shows nothing")

	kinds := map[Kind]int{}
	for _, f := range s.audit() {
		kinds[f.Kind]++
	}
	for _, kind := range []Kind{KindPaidNotCommitted, KindOrderNotHeld, KindHoldOfClosedOrder, KindNotReturned, KindSaleStays, KindSoldDiffers, KindDocumentOld, KindDocumentMissing} {
		assert.Positive(t, kinds[kind], "no %s", kind)
	}
	left, report := s.repair()
	assert.Empty(t, left, "repaired: %v, not repaired: %v", report.Repaired, report.NotRepaired)
	assert.Equal(t, want, s.stocks())
	buyers, err := s.rdb.HGetAll(t.Context(), buyersKey(s.lamp)).Result()
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"customer": "9"}, buyers, "what is held again counts for its customer's limit")

	again, report := s.repair()
	assert.Empty(t, again)
	assert.Empty(t, report.Repaired, "nothing is applied twice")
	s.pay(waits) // its saga can sell this hold
	s.deliver(heldBefore)
	assert.Empty(t, s.audit())
}

// Before the repair the new master sold units that an order had already paid for.
func TestUnitsThatANewMasterSoldTwiceAreNamed(t *testing.T) {
	pair := redistest.StartPair(t)
	s := openShop(t, pair.Master)
	onHand := s.stocks()["lamp"].Available()
	pair.Cut(t)
	lost := s.pay(s.place(onHand, 0))
	s.failover(pair)
	s.pay(s.place(onHand-3, 0))

	left, report := s.repair()
	assert.ElementsMatch(t, []Finding{
		{Kind: KindPaidNotCommitted, ProductID: s.lamp, OrderID: lost, Units: onHand},
		{Kind: KindSoldDiffers, ProductID: s.lamp, SKU: "lamp", Units: -onHand},
	}, plain(left))
	var why string
	for _, r := range report.NotRepaired {
		if r.Finding.OrderID == lost && r.Finding.Kind == KindPaidNotCommitted {
			why = r.Done
		}
	}
	assert.Contains(t, why, "oversold")
	assert.Contains(t, why, "of lamp")
	after := s.stocks()["lamp"]
	assert.Equal(t, int64(3), after.Available(), "no unit of it is sold, and none is below zero")

	more := onHand
	_, err := s.stock.Adjust(t.Context(), product.Adjustment{
		ProductID: s.lamp, ActionID: "restocked", SKU: "lamp", Delta: &more, Reason: "received", Actor: "operator",
	})
	require.NoError(t, err)
	left, report = s.repair()
	assert.Empty(t, left, "not repaired: %v", report.NotRepaired)
}
