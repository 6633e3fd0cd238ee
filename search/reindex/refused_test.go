package reindex_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
	"holdfast/search/reindex"
)

const euro = "EURO" // stored by an earlier version, refused by this one

// outgrow turns an order of the old view into one that no view can store any more.
func (h *house) outgrow(id string) {
	h.Helper()
	d := h.order(id)
	d.Currency = euro
	h.index.views[search.ViewOrders][id] = document{d.Revision, d}
}

func (h *house) lateJunk(id string) {
	h.Helper()
	require.NoError(h, h.docs.PutRefund(h.Context(), id, "pay", "full", []byte(`no JSON`)))
}

// One field that is not a JSON object doesn't cost an order its only copy, whenever it
// arrives.
func TestAColdOrderWithABadLatePayment(t *testing.T) {
	for name, when := range map[string]func(h *house, late func()){
		"before the rebuild":   func(_ *house, late func()) { late() },
		"after the copy":       func(h *house, late func()) { h.lost.asked = late },
		"just before the swap": func(h *house, late func()) { h.index.swapping = late },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.putCold("cold", 4)
			h.putCold("other", 2)
			before := h.order("cold")
			when(h, func() { h.lateJunk("cold") })
			report := h.run(search.ViewOrders)
			require.Equal(t, before, h.order("cold"))
			require.EqualValues(t, 2, h.order("other").Version)
			require.EqualValues(t, 2, report.FromOldView)
			require.EqualValues(t, 1, report.Poisoned)
			require.Equal(t, "cold", report.PoisonedFirst[0].ID)
			require.Contains(t, report.PoisonedFirst[0].Reason, "arrived after it had left")
			require.Contains(t, h.log.String(), "order_id=cold")
		})
	}
}

func TestALostOrderWithABadLatePayment(t *testing.T) {
	h := newHouse(t)
	h.lost.orders = map[string]search.Order{"left": fromWorkflow(t, "left")}
	h.lateJunk("left")
	report := h.run(search.ViewOrders)
	require.EqualValues(t, 3, h.order("left").Version)
	require.EqualValues(t, 1, report.FromWorkflows)
	require.EqualValues(t, 1, report.Poisoned)
}

// A workflow keeps its order, whatever the view says.
func TestALostOrderThatIsRefusedIsLeftOut(t *testing.T) {
	h := newHouse(t)
	bad := fromWorkflow(t, "left")
	bad.Currency = euro
	h.lost.orders = map[string]search.Order{"left": bad}
	report := h.run(search.ViewOrders)
	require.EqualValues(t, 1, report.Poisoned)
	require.Empty(t, h.index.views[search.ViewOrders])
}

// What only the old view has is not deleted because a new version refuses it.
func TestColdOrdersThatTheNewViewRefuses(t *testing.T) {
	h := newHouse(t)
	const refused = 70 // more than one page
	for i := range refused {
		id := fmt.Sprintf("cold-%02d", i)
		h.putCold(id, 4)
		h.outgrow(id)
	}
	h.putCold("fits", 2)
	h.lateJunk("cold-01") // it is refused with it and without it
	_, err := h.rebuilder().Run(t.Context(), search.ViewOrders)
	var why *reindex.RefusedError
	require.ErrorAs(t, err, &why)
	require.EqualValues(t, refused, why.Count)
	require.Equal(t, "cold-00", why.First[0].ID)
	require.ErrorContains(t, err, "cold-00: currency: ")
	require.ErrorContains(t, err, "65 more")
	require.Contains(t, h.log.String(), "order_id=cold-01")
	require.ErrorContains(t, err, "docs/runbook.md")
	require.Len(t, h.index.views[search.ViewOrders], refused+1)
	require.Equal(t, euro, h.order("cold-00").Currency, "the old view answers")
	require.Contains(t, h.log.String(), "order_id=cold-69")
}

// An order that Redis has stays there: it is left out and named.
func TestAWarmOrderThatTheNewViewRefuses(t *testing.T) {
	h := newHouse(t)
	o := closedOrder("warm", 3)
	h.putDocument(o)
	h.project("warm")
	o.Version, o.Currency = 4, euro
	h.putDocument(o)
	h.outgrow("warm")
	report := h.run(search.ViewOrders)
	require.EqualValues(t, 1, report.Poisoned)
	require.Empty(t, h.index.views[search.ViewOrders])
}

// Unless it leaves during the rebuild: then only the old view has it.
func TestARefusedOrderThatLeavesMeanwhile(t *testing.T) {
	h := newHouse(t)
	o := closedOrder("warm", 3)
	h.putDocument(o)
	h.project("warm")
	o.Version, o.Currency = 4, euro
	h.putDocument(o)
	h.outgrow("warm")
	h.lost.asked = func() { h.forget("warm") }
	_, err := h.rebuilder().Run(t.Context(), search.ViewOrders)
	var why *reindex.RefusedError
	require.ErrorAs(t, err, &why)
	require.Equal(t, euro, h.order("warm").Currency)
}
