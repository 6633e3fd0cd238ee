package gatewaytest

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// takes records an order's payment, which releases it for packing.
func takes(o *order.Order, e order.PaymentEvent) {
	o.Pay(e, time.Now())
	o.Fulfil(time.Now())
}

// deliver packs what is open, and marks all packages as delivered.
func (g *Gateway) deliver(w http.ResponseWriter, r *http.Request) {
	o, ok := g.find(w, r)
	if !ok {
		return
	}
	if o.Fulfilment == nil {
		problem(w, http.StatusConflict, "order-not-paid")
		return
	}
	now := time.Now()
	if open := o.OpenUnits(); len(open) > 0 {
		rest := order.Package{ID: saga.PackageID(o.ID, "rest"), Items: open, Address: o.Address, CreatedAt: now}
		if err := o.Change("package_added", order.ActorOperator, now, nil, func(f *order.Fulfilment) error { return f.Pack(rest) }); err != nil {
			problem(w, http.StatusConflict, "limit-reached")
			return
		}
	}
	for i := range o.Packages {
		e := order.PackageEvent{ID: "delivered", Node: order.NodeDelivered, OccurredAt: now, RecordedAt: now, Actor: order.ActorOperator}
		o.Report(o.Packages[i].ID, e, now)
	}
	answer(w, http.StatusOK, o)
}

// pack adds a package, once per key.
func (g *Gateway) pack(w http.ResponseWriter, r *http.Request) {
	o, ok := g.find(w, r)
	if !ok {
		return
	}
	var p struct {
		order.Package
		Node order.Node `json:"node"`
	}
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		problem(w, http.StatusBadRequest, "malformed-request")
		return
	}
	if o.Fulfilment == nil {
		problem(w, http.StatusConflict, "order-not-paid")
		return
	}
	now := time.Now()
	p.ID, p.CreatedAt, p.Address = saga.PackageID(o.ID, r.Header.Get("Idempotency-Key")), now, o.Address
	if o.Package(p.ID) == nil {
		err := o.Change("package_added", order.ActorOperator, now, nil, func(f *order.Fulfilment) error { return f.Pack(p.Package) })
		if short, over := errors.AsType[*order.UnitsError](err); over {
			problemWith(w, http.StatusConflict, "over-packed", map[string]any{"lines": short.Lines})
			return
		}
		if p.Node != 0 {
			o.Report(p.ID, order.PackageEvent{ID: p.Node.String(), Node: p.Node, OccurredAt: now, RecordedAt: now, Actor: order.ActorOperator}, now)
		}
	}
	answer(w, http.StatusCreated, o.Package(p.ID))
}

// report records messages about a package.
func (g *Gateway) report(w http.ResponseWriter, r *http.Request) {
	o, ok := g.find(w, r)
	if !ok {
		return
	}
	var in struct{ Events []order.PackageEvent }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		problem(w, http.StatusBadRequest, "malformed-request")
		return
	}
	id := r.PathValue("packageId")
	if o.Fulfilment == nil || o.Package(id) == nil {
		problem(w, http.StatusNotFound, "unknown-package")
		return
	}
	for _, e := range in.Events {
		e.RecordedAt, e.Actor = time.Now(), order.ActorOperator
		o.Report(id, e, time.Now())
	}
	answer(w, http.StatusOK, o)
}
