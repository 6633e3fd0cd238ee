package sagas

import (
	"time"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/order"
	"holdfast/price"
	"holdfast/saga"
)

// halves lets the placement use a coupon of its own, of one use, that halves its price.
func (w *world) halves(p *order.Placement) {
	w.Helper()
	code, _ := price.FoldCode("HALF-" + p.OrderID)
	c, _, err := coupons.New(w.rdb).Put(w.Context(), coupon.Change{Code: code, Spec: coupon.Spec{
		Action: price.Action{Rate: 5000}, Limit: 1, PerCustomer: 1,
	}})
	w.NoError(err)
	r := price.Request{Currency: "EUR", At: time.Now().UTC(), Coupons: []price.Coupon{c.Terms()}}
	for _, l := range p.Lines {
		stored, err := w.stock.Get(w.Context(), l.ProductID)
		w.NoError(err)
		r.Lines = append(r.Lines, price.Line{
			ProductID: l.ProductID, SKU: stored.Variants[0].SKU, Quantity: l.Quantity, UnitPrice: stored.Variants[0].Price,
		})
	}
	q, err := price.Quote(nil, r)
	w.NoError(err)
	p.Quote, p.Currency = &q, "EUR"
}

// usesOf are the books of the order's coupon, which add up.
func (w *world) usesOf(orderID string) coupon.Books {
	w.Helper()
	code, _ := price.FoldCode("HALF-" + orderID)
	c, err := coupons.New(w.rdb).Get(w.Context(), code)
	w.NoError(err)
	w.NoError(c.Check())
	return c.Books
}

// usesFor are the books of a coupon of one use whose order has ended like this.
func usesFor(status order.Status, paid bool) coupon.Books {
	switch {
	case status.TookPayment():
		return coupon.Books{Uses: 1, Committed: 1}
	case paid:
		return coupon.Books{Committed: 1, Returned: 1}
	}
	return coupon.Books{}
}

// couponed are the histories of orders with a coupon.
func couponed() map[string]recording {
	quoted := func(w *world, p *order.Placement) { w.halves(p) }
	pays := func(w *world, p order.Placement) {
		w.documentIs(p.OrderID, order.StatusAwaitingPayment)
		w.pay(p.OrderID, "one-"+p.OrderID, 800)
		w.documentIs(p.OrderID, order.StatusAwaitingShipment)
	}
	return map[string]recording{
		"coupon-used": {window: time.Hour, before: quoted, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			pays(w, p)
			w.deliver(p.OrderID)
		}},
		"coupon-given-back": {window: 300 * time.Millisecond, before: quoted, want: order.StatusExpired, drive: func(*world, order.Placement) {}},
		"coupon-cancelled": {window: time.Hour, before: quoted, want: order.StatusCancelled, drive: func(w *world, p order.Placement) {
			pays(w, p)
			w.ask(p.OrderID, saga.CancelUpdate, saga.CancelRequest{Reason: order.ReasonCustomer, Actor: "customer:customer-1"})
		}},
		"coupon-and-shipping-lost": {window: time.Hour, want: order.StatusCancelled, before: func(w *world, p *order.Placement) {
			w.halves(p)
			p.Quote.Shipping, p.Quote.Total = 590, p.Quote.Total+590
			p.Quote.Pricing.Shipping = &order.Shipping{MethodID: "parcel", Price: 590, Net: 590, Total: 590}
		}, drive: func(w *world, p order.Placement) {
			w.paid(p.OrderID, 1390)
			w.packs(p.OrderID, "a", of("1", 2), of("2", 2))
			w.marks(p.OrderID, "a", order.MarkLost)
			w.until("it is marked", func() bool { return len(w.order(p.OrderID).Packages[0].Marks()) > 0 })
			w.ask(p.OrderID, saga.ResolveUpdate, saga.ResolveRequest{
				PackageID: saga.PackageID(p.OrderID, "a"), Action: order.ResolveRefund, ID: "resolve", Actor: "support",
			})
		}, refund: "one"},
		"coupon-refused": {
			window: time.Hour, want: order.StatusRejected, drive: func(*world, order.Placement) {},
			before: func(w *world, p *order.Placement) {
				w.halves(p)
				other := *p
				other.OrderID = "other-" + p.OrderID
				_, err := coupons.New(w.rdb).Claim(w.Context(), other.CouponClaims(1, time.Now()))
				w.NoError(err)
			},
		},
		"coupon-lost": {window: time.Hour, before: quoted, want: order.StatusDelivered, drive: func(w *world, p order.Placement) {
			o := w.documentIs(p.OrderID, order.StatusAwaitingPayment)
			_, err := w.stock.ReleaseSale(w.Context(), o.Sale(1), "swept")
			w.NoError(err)
			pays(w, p)
			w.deliver(p.OrderID)
		}},
	}
}
