package audit

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb/redistest"
)

// cancelledLamps names the message that cancelled some lamps of an order, and their return
// to the shelf.
var cancelledLamps = order.PartID(order.RefundPartCancelled, "m-1")

// inParts is a paid order of six lamps of which two were cancelled: they are back in stock,
// and their refund is due.
func (s *shop) inParts() string {
	s.t.Helper()
	id := s.pay(s.place(6, 0))
	o := s.work.orders[id].order
	o.Fulfil(time.Now())
	s.restock(id, cancelledLamps, 2)
	s.gives(&o, "m-1", 2, 1000)
	s.record(o, true)
	s.owes(o, 1000)
	return id
}

// gives takes lamps off an order, which says that they went back to the stock.
func (s *shop) gives(o *order.Order, message string, units, refund int64) {
	s.t.Helper()
	require.NoError(s.t, o.Change("units_cancelled", "customer", time.Now(), nil, func(f *order.Fulfilment) error {
		return f.CancelUnits(order.Removal{
			ID: message, Lines: []order.LineUnits{{LineID: o.Lines[0].ID, Quantity: units}}, Refund: refund, At: time.Now(),
		})
	}))
}

func (s *shop) restock(id, returnID string, units int64) {
	s.t.Helper()
	o := s.work.orders[id].order
	back, err := s.stock.Restock(s.t.Context(), o.Holder(), s.lamp, returnID, []product.Item{{SKU: "lamp", Quantity: units}})
	require.NoError(s.t, err)
	require.Equal(s.t, map[string]int64{"lamp": units}, back)
}

// owes records the refund of the cancelled lamps, and the workflow that pays it out.
func (s *shop) owes(o order.Order, amount int64) {
	s.t.Helper()
	r := order.RefundOfPart(s.payment("pay-"+o.ID, o), order.RefundPartCancelled, "m-1", amount)
	r.DueAt = time.Now().UTC()
	s.work.owe(r)
	s.writes(r)
}

func (s *shop) writes(r order.Refund) {
	s.t.Helper()
	doc, err := json.Marshal(r)
	require.NoError(s.t, err)
	s.do("HSET", paymentsKey(r.OrderID), "refund:"+r.PaymentID+"/"+r.ID, doc)
}

func partRefund(k Kind) func(*shop) []Finding {
	return func(s *shop) []Finding {
		f := Finding{OrderID: s.last(), PaymentID: "pay-" + s.last(), RefundID: order.PartRefund("sandbox", cancelledLamps)}
		open := f
		f.Kind, open.Kind = KindPartRefundDiffers, k
		return []Finding{f, open}
	}
}

func offReturn(returned, sold int64) func(*shop) []Finding {
	return func(s *shop) []Finding {
		found := []Finding{{Kind: KindReturnedDiffers, ProductID: s.lamp, SKU: "lamp", OrderID: s.last(), Units: returned}}
		if sold != 0 {
			found = append(found, Finding{Kind: KindSoldDiffers, ProductID: s.lamp, SKU: "lamp", Units: sold})
		}
		return found
	}
}

func abovePaid(s *shop) []Finding {
	return []Finding{{Kind: KindRefundsAbovePaid, OrderID: s.last(), PaymentID: "pay-" + s.last()}}
}

var partDamages = []damage{
	{
		name: "hold that doesn't know what came back",
		do:   func(s *shop) { s.do("HDEL", lampHold(s, s.inParts()), "returned:lamp") },
		want: offReturn(-2, 0), left: offReturn(-2, 0),
	},
	{
		name: "units on the lines that never reached the shelf",
		do: func(s *shop) {
			id := s.inParts()
			restore := s.save(productKey(s.lamp), lampHold(s, id))
			o := s.work.orders[id].order
			s.gives(&o, "m-2", 2, 0)
			s.record(o, true)
			restore()
		},
		want: offReturn(-2, 2), left: offReturn(-2, 2),
	},
	{
		name: "units on the shelf that the lines don't know",
		do:   func(s *shop) { s.restock(s.inParts(), "another", 1) },
		want: offReturn(1, -1), left: offReturn(1, -1),
	},
	{
		name: "refund of a part lost",
		do: func(s *shop) {
			id := s.inParts()
			s.do("HDEL", paymentsKey(id), "refund:pay-"+id+"/"+order.PartRefund("sandbox", cancelledLamps))
		},
		want: partRefund(KindRefundMissing),
	},
	{
		name: "refund of a part with another amount",
		do: func(s *shop) {
			id := s.inParts()
			r := order.RefundOfPart(s.payment("pay-"+id, s.work.orders[id].order), order.RefundPartCancelled, "m-1", 999)
			s.writes(r)
		},
		want: partRefund(KindRefundDiffers),
	},
	{
		name: "refunds of an order above its payment",
		do: func(s *shop) {
			id := s.inParts()
			r := order.RefundOf(s.payment("pay-"+id, s.work.orders[id].order), order.RefundRequested)
			r.ID, r.Amount, r.Status = order.PartRefund("sandbox", "by-hand"), 2001, order.RefundPaid
			s.writes(r)
		},
		want: abovePaid, left: abovePaid,
	},
}

func TestEachDamageOfAPartIsFound(t *testing.T) { testDamages(t, partDamages) }

// Some units were cancelled, some refunded though less was left of the payment, and the
// rest never came back.
func TestAnOrderOfWhichNothingIsLeftAddsUp(t *testing.T) {
	redistest.Each(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := openShop(t, rdb)
		id := s.inParts()
		require.Empty(t, s.audit())
		o := s.work.orders[id].order
		r := order.RefundOfPart(s.payment("pay-"+id, o), order.RefundPartCancelled, "m-1", 1000)
		r.FitPart(400)
		r.Status, r.DueAt = order.RefundPaid, time.Now().UTC()
		s.work.owe(r)
		s.writes(r)
		require.NoError(t, o.Change("lost", "operator", time.Now(), nil, func(f *order.Fulfilment) error {
			f.Lines[0].Removed += 4 // in a package that never arrived
			f.Release(f.Released)
			return nil
		}))
		o.End(order.ReasonOther, "operator", time.Now())
		s.record(o, false)
		require.NoError(t, s.stock.CloseSales(t.Context(), o.Holder(), o.ProductIDs()))
		require.Equal(t, order.StatusCancelled, o.Status)
		require.Empty(t, s.audit())
	})
}
