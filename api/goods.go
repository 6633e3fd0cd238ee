package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"holdfast/order"
)

// internals are the members of an order's document, and of the parts of it, that only the shop's
// programs need. They are not in the contract.
var internals = []string{"floor", "falls", "alertEvents", "dismissedAlerts", "fingerprint", "receiptFingerprint"}

// shownAsStored reports whether staff see the document as it is stored, like that of any order before
// its goods move.
func shownAsStored(doc []byte) bool {
	has := func(name string) bool { return bytes.Contains(doc, []byte(`"`+name+`":`)) }
	return !has("packages") && !slices.ContainsFunc(internals, has)
}

// shownOrder is an order's document as far as callers see less of it than is stored.
type shownOrder struct {
	ID           string           `json:"id"`
	CustomerID   string           `json:"customerId"`
	CancelReason order.Reason     `json:"cancelReason"`
	Journal      []order.Entry    `json:"journal"`
	Shortages    []order.Shortage `json:"shortages"`

	Hold           *order.Brake         `json:"hold"`
	Packages       []order.Package      `json:"packages"`
	Removals       []order.Removal      `json:"removals"`
	Returns        []order.Return       `json:"returns"`
	AddressHistory []order.AddressEntry `json:"addressHistory"`
}

func readShown(doc []byte) (shownOrder, error) {
	var o shownOrder
	if err := json.Unmarshal(doc, &o); err != nil {
		return o, fmt.Errorf("read an order: %w", err)
	}
	return o, nil
}

// goodsFor returns the members of the document that say what became of the order's goods, as the caller
// may see them; nil for those that the caller doesn't see.
func (o *shownOrder) goodsFor(caller Caller) (map[string][]byte, error) {
	isStaff := caller.Staff()
	shown := map[string]any{}
	if o.Packages != nil {
		for i := range o.Packages {
			o.Packages[i] = packageFor(caller, o.CustomerID, o.Packages[i])
		}
		shown["packages"] = o.Packages
	}
	for i := range o.Removals {
		r := &o.Removals[i]
		if r.Fingerprint = ""; !isStaff {
			r.Actor, r.Note, r.Reason = order.ActorFor(o.CustomerID, r.Actor), "", order.Reason(shownReason(string(r.Reason)))
		}
		shown["removals"] = o.Removals
	}
	for i := range o.Returns {
		o.Returns[i] = returnFor(caller, o.CustomerID, o.Returns[i])
		shown["returns"] = o.Returns
	}
	if !isStaff {
		for i := range o.AddressHistory {
			a := &o.AddressHistory[i]
			a.Actor, a.Note = order.ActorFor(o.CustomerID, a.Actor), ""
			shown["addressHistory"] = o.AddressHistory
		}
		if o.Hold != nil {
			shown["hold"] = order.Brake{At: o.Hold.At, Actor: order.ActorFor(o.CustomerID, o.Hold.Actor)}
		}
	}
	by := make(map[string][]byte, len(shown)+len(internals)+1)
	for _, name := range internals {
		by[name] = nil
	}
	if !isStaff {
		by["alerts"], by["commands"] = nil, nil
	}
	for name, value := range shown {
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("write the %s of order %s: %w", name, o.ID, err)
		}
		by[name] = raw
	}
	return by, nil
}

// packageFor returns a package of a customer's order as the caller may see it. Customers see what a
// carrier said about it, but not the words of the shop's staff.
func packageFor(caller Caller, customerID string, p order.Package) order.Package {
	p.Falls, p.Fingerprint = nil, ""
	if p.Resolution != nil {
		r := *p.Resolution
		r.ID, r.Fingerprint = "", ""
		p.Resolution = &r
	}
	if p.Items == nil {
		p.Items = []order.LineUnits{}
	}
	if caller.Staff() {
		return p
	}
	p.Struck = nil
	p.Events = slices.Clone(p.Events)
	for i := range p.Events {
		e := &p.Events[i]
		if e.Actor = order.ActorFor(customerID, e.Actor); !strings.HasPrefix(e.Actor, order.CarrierActor) {
			e.Detail = ""
		}
	}
	if p.Resolution != nil {
		p.Resolution.Actor, p.Resolution.Note = order.ActorFor(customerID, p.Resolution.Actor), ""
	}
	return p
}

// returnFor returns a return of a customer's order as the caller may see it.
func returnFor(caller Caller, customerID string, r order.Return) order.Return {
	r.Fingerprint, r.Receipt, r.ReceiptFingerprint = "", "", ""
	if caller.Staff() {
		return r
	}
	r.Actor, r.Note = order.ActorFor(customerID, r.Actor), ""
	return r
}
