package reindex_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

func TestColdOrdersAreCopied(t *testing.T) {
	h := newHouse(t)
	h.putCold("cold", 4)
	h.putOrder("warm", 2)
	h.project("warm")
	before := h.order("cold")
	report := h.run(search.ViewOrders)
	require.Equal(t, before, h.order("cold"))
	require.EqualValues(t, 1, report.FromOldView)
	require.EqualValues(t, 1, report.FromHomes)
}

// A refund that arrives after its order has left Redis is in the new view, whenever it
// arrives, and whether or not a projector has brought it into the old view.
func TestALateRefundOfAColdOrder(t *testing.T) {
	for name, when := range map[string]func(h *house, late func()){
		"before the rebuild":    func(_ *house, late func()) { late() },
		"after the copy":        func(h *house, late func()) { h.lost.asked = late },
		"just before the swap":  func(h *house, late func()) { h.index.swapping = late },
		"before, and long gone": func(h *house, late func()) { late(); h.index.swapping = func() { h.forget("cold") } },
	} {
		for _, projected := range []bool{true, false} {
			if !projected && name == "before, and long gone" {
				continue // nothing leaves Redis that the view doesn't have
			}
			t.Run(name, func(t *testing.T) {
				h := newHouse(t)
				h.putCold("cold", 4)
				before := h.order("cold")
				when(h, func() {
					h.refund("cold")
					if projected {
						h.project("cold")
					}
				})
				h.run(search.ViewOrders)
				o := h.order("cold")
				require.Contains(t, o.Payments, refundField)
				require.Contains(t, o.Payments, "payment:pay", "those of before stay")
				require.Greater(t, o.Revision, before.Revision)
				require.Equal(t, before.Document, o.Document)

				h.lost.asked, h.index.swapping = nil, nil
				h.run(search.ViewOrders)
				require.Equal(t, o, h.order("cold"), "the next one changes nothing")
			})
		}
	}
}

// forget moves the rest of an order out of Redis.
func (h *house) forget(id string) {
	h.Helper()
	gone, err := h.docs.Forget(h.Context(), id, h.stored(id).Revision)
	require.NoError(h, err)
	require.True(h, gone)
}

// What can't be read in Redis removes nothing that the old view has.
func TestAnUnreadableOrderKeepsItsOlderState(t *testing.T) {
	h := newHouse(t)
	h.putOrder("a", 3)
	h.project("a")
	keys, err := h.rdb.Keys(t.Context(), "*:order:a").Result()
	require.NoError(t, err)
	require.NoError(t, h.rdb.HSet(t.Context(), keys[0], "doc", "no JSON").Err())
	report := h.run(search.ViewOrders)
	require.EqualValues(t, 3, h.order("a").Version)
	require.EqualValues(t, 1, report.FromOldView)
	require.EqualValues(t, 1, report.Poisoned)
	require.Equal(t, "a", report.PoisonedFirst[0].ID)
	require.Contains(t, h.log.String(), "order_id=a")
}

// For a document that no index can store, the new view also has the earlier state.
func TestAPoisonedOrderKeepsItsOlderState(t *testing.T) {
	h := newHouse(t)
	h.putOrder("a", 3)
	h.project("a")
	bad := closedOrder("a", 4)
	bad.CustomerID = ""
	h.putDocument(bad)
	report := h.run(search.ViewOrders)
	require.EqualValues(t, 3, h.order("a").Version)
	require.EqualValues(t, 1, report.Poisoned)
}

// The index was lost: the view is made of what Redis has and what workflows know.
func TestTheOldViewWasLost(t *testing.T) {
	h := newHouse(t)
	h.putOrder("warm", 2)
	h.lost.orders = map[string]search.Order{"warm": fromWorkflow(t, "warm"), "left": fromWorkflow(t, "left")}
	h.refund("nobody")
	delete(h.index.views, search.ViewOrders)
	report := h.run(search.ViewOrders)
	require.EqualValues(t, 1, report.FromHomes)
	require.EqualValues(t, 1, report.FromWorkflows)
	require.EqualValues(t, 2, h.order("warm").Version, "as Redis has it")
	require.EqualValues(t, 3, h.order("left").Version)
	require.Len(t, h.index.views[search.ViewOrders], 2)
}

// A refund of an order that only its workflow knew, whenever it arrives.
func TestALateRefundOfALostOrder(t *testing.T) {
	for name, when := range map[string]func(h *house, late func()){
		"before the rebuild":  func(_ *house, late func()) { late() },
		"as it is asked":      func(h *house, late func()) { h.lost.asked = late },
		"before the swap":     func(h *house, late func()) { h.index.swapping = late },
		"before its last put": func(h *house, late func()) { h.index.putting = onSecond(late) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.putOrder("warm", 2)
			h.lost.orders = map[string]search.Order{"left": fromWorkflow(t, "left")}
			delete(h.index.views, search.ViewOrders)
			when(h, func() { h.refund("left") })
			h.run(search.ViewOrders)
			o := h.order("left")
			require.Contains(t, o.Payments, refundField)
			require.Equal(t, h.stored("left").Revision, o.Revision)
		})
	}
}

// onSecond calls late on the second call: what is put then was read before.
func onSecond(late func()) func() error {
	n := 0
	return func() error {
		if n++; n == 2 {
			late()
		}
		return nil
	}
}

func TestAStuckOrderIsLeftOut(t *testing.T) {
	h := newHouse(t)
	h.putOrder("warm", 2)
	h.lost.stuck = []string{"stuck", "warm"} // one of them isn't asked
	h.lost.orders = map[string]search.Order{"lost": fromWorkflow(t, "lost")}
	report := h.run(search.ViewOrders)
	require.EqualValues(t, 1, report.Poisoned)
	require.Equal(t, "stuck", report.PoisonedFirst[0].ID)
	require.Contains(t, report.PoisonedFirst[0].Reason, "its code fails")
	require.Contains(t, h.log.String(), "order_id=stuck")
	require.EqualValues(t, 1, report.FromWorkflows)
	require.Len(t, h.index.views[search.ViewOrders], 2)
}
