package gatewaytest

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// redirect changes where an order is sent.
func (g *Gateway) redirect(w http.ResponseWriter, r *http.Request) {
	o, ok := g.find(w, r)
	if !ok {
		return
	}
	var in struct{ Address order.Address }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		problem(w, http.StatusBadRequest, "malformed-request")
		return
	}
	if o.Address == nil || *o.Address != in.Address {
		if _, err := o.Readdress(&in.Address, false, false, order.ActorOperator, "", time.Now()); err != nil {
			problem(w, http.StatusConflict, "order-delivered")
			return
		}
	}
	answer(w, http.StatusOK, o)
}

// cancelUnits cancels a part of a paid order, once per key.
func (g *Gateway) cancelUnits(w http.ResponseWriter, r *http.Request, o *order.Order, units []order.LineUnits) {
	if o.Fulfilment == nil {
		problem(w, http.StatusConflict, "order-not-paid")
		return
	}
	m := order.Removal{
		ID: saga.RemovalID(o.ID, r.Header.Get("Idempotency-Key")), Lines: units, Reason: order.ReasonCustomer,
		Actor: order.ActorOperator, At: time.Now(), Refund: o.RefundFor(units),
	}
	if !slices.ContainsFunc(o.Removals, func(was order.Removal) bool { return was.ID == m.ID }) {
		err := o.Change("units_cancelled", m.Actor, m.At, nil, func(f *order.Fulfilment) error { return f.CancelUnits(m) })
		if err != nil {
			problem(w, http.StatusConflict, "units-packed")
			return
		}
		g.refundPart(o, order.RefundPartCancelled, m.ID, m.Refund)
	}
	answer(w, http.StatusOK, o)
}

// openReturn opens a return that is approved at once, once per key.
func (g *Gateway) openReturn(w http.ResponseWriter, r *http.Request) {
	o, ok := g.find(w, r)
	if !ok {
		return
	}
	back := order.Return{
		ID: saga.ReturnID(o.ID, r.Header.Get("Idempotency-Key")), Status: order.ReturnApproved, Actor: order.ActorOperator, CreatedAt: time.Now(),
	}
	if err := json.NewDecoder(r.Body).Decode(&back); err != nil {
		problem(w, http.StatusBadRequest, "malformed-request")
		return
	}
	if o.Fulfilment == nil {
		problem(w, http.StatusConflict, "order-not-paid")
		return
	}
	if o.Return(back.ID) == nil {
		if err := o.OpenReturn(back, false); err != nil {
			problem(w, http.StatusConflict, "over-returned")
			return
		}
	}
	answer(w, http.StatusCreated, o.Return(back.ID))
}

// receiveReturn records that units of a return came back, and refunds them.
func (g *Gateway) receiveReturn(w http.ResponseWriter, r *http.Request) {
	o, ok := g.find(w, r)
	if !ok {
		return
	}
	id := r.PathValue("returnId")
	var in struct{ Lines []order.ReceivedUnits }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		problem(w, http.StatusBadRequest, "malformed-request")
		return
	}
	if o.Fulfilment == nil || o.Return(id) == nil {
		problem(w, http.StatusNotFound, "unknown-return")
		return
	}
	if o.Return(id).Status != order.ReturnReceived {
		_, all := order.SplitReceived(in.Lines)
		now, refund := time.Now(), o.RefundFor(all)
		err := o.Change("return_received", order.ActorOperator, now, nil, func(f *order.Fulfilment) error {
			return f.ReceiveReturn(id, in.Lines, refund, "", now)
		})
		if err != nil {
			problem(w, http.StatusConflict, "over-returned")
			return
		}
		g.refundPart(o, order.RefundReturned, id, refund)
	}
	answer(w, http.StatusOK, o.Return(id))
}

// refundPart refunds a part of the payment that the order took.
func (g *Gateway) refundPart(o *order.Order, reason order.RefundReason, messageID string, amount int64) {
	g.Refunds[o.ID] = append(g.Refunds[o.ID], order.Refund{
		ID:        order.PartRefund(o.Payment.Provider, order.PartID(reason, messageID)),
		PaymentID: o.Payment.ID, Provider: o.Payment.Provider, Amount: amount, Reason: reason, Status: order.RefundPaid,
	})
}
