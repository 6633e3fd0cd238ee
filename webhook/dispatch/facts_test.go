package dispatch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/redisdb"
	"holdfast/redisdb/redistest"
	"holdfast/webhook"
)

// parcel is an order of shape 2 of two units, which awaits its payment.
func (s *shop) parcel(id string) *order.Order {
	s.t.Helper()
	o := &order.Order{
		Shape: order.Shape, ID: id, Version: 2, CustomerID: "ada", Status: order.StatusAwaitingPayment, Currency: "EUR",
		Amounts: map[string]int64{order.AmountTotal: 700}, PlacedAt: time.UnixMilli(1_790_000_000_000),
		Lines: []order.Line{{ID: "1", ProductID: "mug", SKU: "S", Quantity: 2, Amount: 700}}, Address: &order.Address{Recipient: "Ada of the scratch"},
		Journal: []order.Entry{{Node: "awaiting_payment", OccurredAt: began}},
	}
	s.write(o)
	return o
}

func (s *shop) write(o *order.Order) {
	s.t.Helper()
	r, err := order.NewRecord(o, nil)
	require.NoError(s.t, err)
	require.NoError(s.t, s.docs.Put(s.t.Context(), r))
	require.NoError(s.t, s.docs.Put(s.t.Context(), r)) // an activity that is repeated
}

// pay pays an order and releases it, all in one record.
func (s *shop) pay(o *order.Order) {
	o.Pay(order.PaymentEvent{OccurredAt: began, Amount: 700}, began)
	o.Fulfil(began)
	s.write(o)
}

func (s *shop) change(o *order.Order, apply func(f *order.Fulfilment) error) {
	s.t.Helper()
	require.NoError(s.t, o.Change("step", "eve-of-support", began, nil, apply))
	s.write(o)
}

func (s *shop) pack(o *order.Order, id string, units int64) {
	s.t.Helper()
	s.change(o, func(f *order.Fulfilment) error {
		return f.Pack(order.Package{ID: id, CreatedAt: began, Items: []order.LineUnits{{LineID: "1", Quantity: units}}})
	})
}

func (s *shop) scan(o *order.Order, id string, n order.Node, m order.Mark) {
	s.t.Helper()
	require.Equal(s.t, order.TakenNew, o.Report("a", order.PackageEvent{
		ID: id, Node: n, Mark: m, OccurredAt: began.Add(time.Hour), RecordedAt: began.Add(time.Hour), Actor: "eve-of-support", Detail: "a scratch",
	}, began))
	s.write(o)
}

// fulfils makes every event of a paid order happen, and returns how often each does.
func (s *shop) fulfils() map[string]int {
	o := s.parcel("f") // placed
	s.pay(o)           // paid, awaiting_shipment
	o.Addresses = append(o.Addresses, order.AddressEntry{Address: o.Address, Until: began, Actor: "eve-of-support", Note: "a scratch"})
	s.change(o, func(f *order.Fulfilment) error {
		return f.CancelUnits(order.Removal{
			ID: "c1", Lines: []order.LineUnits{{LineID: "1", Quantity: 1}}, Reason: order.ReasonFraud, Actor: "eve-of-support",
			Note: "a scratch", At: began, Fingerprint: "fingerprint",
		})
	})
	s.pack(o, "a", 1)                           // packed: the package and the order
	s.scan(o, "wrong", order.NodeDelivered, "") // delivered: both, and for the order what it passed
	s.change(o, func(f *order.Fulfilment) error { return f.Strike("a", "wrong") })
	s.scan(o, "right", order.NodeDelivered, "") // again, as other events
	s.scan(o, "lost", 0, order.MarkLost)
	o.Returns = append(o.Returns, order.Return{
		ID: "r1", Status: order.ReturnRequested, Actor: "eve-of-support", Note: "a scratch", Fingerprint: "fingerprint", UpdatedAt: began,
	})
	o.Step("return", "eve-of-support", began, nil)
	s.write(o)
	o.Returns[0].Status = order.ReturnDeclined
	o.End("", "eve-of-support", began)
	s.write(o) // declined and closed
	return map[string]int{
		webhook.OrderPlaced: 1, webhook.OrderPaid: 1, webhook.OrderDelivered: 2, webhook.OrderAddressChanged: 1, webhook.OrderUnitsCancelled: 1,
		// awaiting_shipment, packed twice; delivered and the order's four, all struck and reached again
		webhook.OrderNodeReached: 3 + 2*5, webhook.OrderNodeStruck: 5,
		webhook.OrderAlertRaised: 1, webhook.OrderReturnChanged: 2, webhook.OrderClosed: 1,
	}
}

func TestEveryFactOfAnOrderIsToldOnce(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		all := s.register()
		s.run()
		want := s.fulfils()
		s.settled()
		require.Equal(t, want, s.office.types(all))
	})
}

// One record may bring a payment and a delivery: "shipped, all of it, and it arrived".
func TestARecordThatPassesPaidAndDeliveredSendsBoth(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		all := s.register("order.*")
		s.run()
		o := s.parcel("o")
		o.Pay(order.PaymentEvent{OccurredAt: began, Amount: 700}, began)
		o.Fulfil(began)
		require.NoError(t, o.Change("pack", "me", began, nil, func(f *order.Fulfilment) error {
			return f.Pack(order.Package{ID: "a", CreatedAt: began, Items: []order.LineUnits{{LineID: "1", Quantity: 2}}})
		}))
		s.scan(o, "there", order.NodeDelivered, "")
		s.settled()
		got := s.office.types(all)
		require.Equal(t, 1, got[webhook.OrderPaid])
		require.Equal(t, 1, got[webhook.OrderDelivered])
		require.Equal(t, 1, got[webhook.OrderPlaced])
		require.Equal(t, map[string]any{
			"orderId": "o", "status": "paid", "version": float64(o.Version), "customerId": "ada", "currency": "EUR",
			"amounts": map[string]any{order.AmountTotal: 700.0, order.AmountPaid: 700.0},
		}, data(t, s.office.of(t, webhook.OrderPaid)))
		for id, d := range s.office.started {
			fact := data(t, d.Event)
			if d.Event.Type != webhook.OrderNodeReached {
				require.Equal(t, webhook.EventID("order", "o", "1790000000000", fact["status"].(string)), id[1], "as it was before there were facts")
				continue
			}
			require.NotContains(t, []any{"awaiting_payment", "paid"}, fact["node"])
			implied := fact["packageId"] == nil && fact["node"] != "delivered" && fact["node"] != "packed" && fact["node"] != "awaiting_shipment"
			require.Equal(t, implied, fact["implied"] == true, fact)
		}
	})
}

// An order whose paid status was published before there were facts goes on with facts.
func TestAnUpgradeSendsNothingTwice(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		all := s.register()
		s.run()
		s.pays("o", 1, order.StatusAwaitingPayment)
		s.pays("o", 2, order.StatusPaid)
		s.settled()
		o := order.Order{
			ID: "o", Version: 2, Status: order.StatusPaid, CustomerID: "ada", PlacedAt: time.UnixMilli(1_790_000_000_000),
			Amounts: map[string]int64{}, Lines: []order.Line{{ID: "1", Quantity: 1}},
		}
		o.Fulfil(began)
		s.write(&o)
		s.pack(&o, "a", 1)
		s.settled()
		require.Equal(t, map[string]int{webhook.OrderPlaced: 1, webhook.OrderPaid: 1, webhook.OrderNodeReached: 3}, s.office.types(all))
		asked := s.asked()
		require.NoError(t, rdb.HDel(t.Context(), redisdb.Bucket("o")+":order:o", "published").Err())
		s.scan(&o, "left", order.NodeLeftWarehouse, "")
		s.settled()
		require.Equal(t, 5, s.office.types(all)[webhook.OrderNodeReached])
		require.Equal(t, asked+3, s.asked(), "of a lost list, only the package's node was published again")
	})
}

func TestUnreadableFactsHoldUpNobody(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		all := s.register()
		stream := redisdb.EventsKey(redisdb.Bucket("o"))
		for _, bad := range []string{`{`, `{}`, `[{"kind":"closed"}]`, `[{"id":"f1","kind":"unheard-of"}]`, `[]`} {
			values := append(strings.Fields("v 1 entity order id o version 1 at 1 type order.changed status paid was reserving"), "facts", bad)
			require.NoError(t, rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: stream, Values: values}).Err())
		}
		for i := range 3 {
			s.pay(s.parcel(fmt.Sprint("o", i)))
		}
		s.run()
		s.settled()
		require.Equal(t, map[string]int{webhook.OrderPlaced: 3, webhook.OrderPaid: 3, webhook.OrderNodeReached: 3}, s.office.types(all))
	})
}

func TestTheOutcomeOfAnUnpaidOrderIsToldOnce(t *testing.T) {
	redistest.Alone(t, func(t *testing.T, rdb redis.UniversalClient) {
		s := newShop(t, rdb)
		all := s.register()
		s.run()
		for status, reason := range map[order.Status]order.Reason{
			order.StatusExpired: order.ReasonWindowPassed, order.StatusCancelled: order.ReasonCustomer,
		} {
			o := s.parcel(string(status))
			o.Close(status, reason, "eve-of-support", began)
			s.write(o)
		}
		rejected := order.Order{
			Shape: order.Shape, ID: "rejected", Status: order.StatusReserving, CustomerID: "ada", PlacedAt: began, Amounts: map[string]int64{},
		}
		rejected.Reject(order.ReasonNoStock, nil, began)
		s.write(&rejected)
		s.settled()
		require.Equal(t, map[string]int{
			webhook.OrderPlaced: 2, webhook.OrderExpired: 1, webhook.OrderCancelled: 1, webhook.OrderRejected: 1, webhook.OrderClosed: 3,
		}, s.office.types(all))
	})
}
