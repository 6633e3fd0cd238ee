package order

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// keptDetails are the details of journal entries that say nothing about a person.
var keptDetails = []string{"reason", "from", "paymentId", "provider", "amount", "currency", "ends", "packageId", "changedFields", "scenario"}

// Erase removes everything about the person who ordered: addresses, the notes and free texts of the
// buyer, staff and carriers, and what other systems attached. Ids, lines, amounts, nodes and times
// stay. o shares nothing with its value before.
func (o *Order) Erase(at time.Time) {
	*o = o.Clone()
	o.ErasedAt = at.UTC()
	o.Address, o.Metadata, o.ExternalReference = nil, nil, ""
	for i := range o.Addresses { // that there were addresses is a fact of the order
		o.Addresses[i].Address, o.Addresses[i].Note = nil, ""
	}
	for i := range o.Journal {
		o.Journal[i].Detail = erasedDetail(o.Journal[i].Detail)
	}
	o.Commands.erase()
	if o.Fulfilment != nil {
		o.erase()
	}
}

// Erased returns the placement of an order that was erased meanwhile: what its workflow needs to go on.
func (p Placement) Erased() Placement {
	p.Address, p.Metadata, p.ExternalReference, p.Fingerprint = nil, nil, "", ""
	p.Quote, p.Commands = nil, nil // the order has its prices, and what commands did
	return p
}

func erasedDetail(detail map[string]string) map[string]string {
	var kept map[string]string
	for _, key := range keptDetails {
		if value, there := detail[key]; there {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[key] = value
		}
	}
	return kept
}

func (f *Fulfilment) erase() {
	if f.Brake != nil {
		b := *f.Brake
		b.Note, f.Brake = "", &b
	}
	for i := range f.Packages {
		f.Packages[i].erase()
	}
	for i := range f.Removals {
		f.Removals[i].Note, f.Removals[i].Fingerprint = "", ""
	}
	for i := range f.Returns {
		r := &f.Returns[i]
		r.Note, r.Fingerprint, r.ReceiptFingerprint = "", "", ""
		r.Lines = slices.Clone(r.Lines)
		for j := range r.Lines {
			r.Lines[j].Reason = ""
		}
	}
}

func (p *Package) erase() {
	p.Address, p.Fingerprint = nil, ""
	for i := range p.Events {
		p.Events[i].Detail = ""
	}
	for i := range p.Struck {
		p.Struck[i].Detail = ""
	}
	if p.Resolution != nil {
		r := *p.Resolution
		r.Note, r.Fingerprint, p.Resolution = "", "", &r
	}
}

// Erased returns the refund without what staff and the provider wrote about it.
func (r Refund) Erased() Refund {
	r.Note = ""
	if r.Status != RefundAssigned { // else it names the order
		r.Detail = ""
	}
	return r
}

// ErasedPayment returns a document of an order's payments, by its field, without free texts. What
// this version can't read is an error: nothing is known about it then.
func ErasedPayment(field string, doc []byte) ([]byte, error) {
	return rewritten(field, doc, Refund.Erased)
}

// PublishedPayment returns a document of an order's payments as events carry it: without what staff
// and the provider wrote. It is empty if this version can't read it.
func PublishedPayment(field string, doc []byte) []byte {
	told, err := rewritten(field, doc, func(r Refund) Refund {
		r = r.Erased()
		r.Fingerprint = ""
		return r
	})
	if err != nil {
		return nil
	}
	return told
}

func rewritten(field string, doc []byte, how func(Refund) Refund) ([]byte, error) {
	if !strings.HasPrefix(field, refundField) || len(doc) == 0 { // the others have ids, amounts and times alone
		return doc, nil
	}
	var r Refund
	if err := json.Unmarshal(doc, &r); err != nil {
		return nil, fmt.Errorf("read %s: %w", field, err)
	}
	out, err := json.Marshal(how(r))
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", field, err)
	}
	return out, nil
}

// Erased returns the record without anything about the person; its payments have nothing of the kind. at is when the order was erased.
func (r Record) Erased(at time.Time) (Record, error) {
	packages := make(map[string]json.RawMessage, len(r.Packages))
	for id, doc := range r.Packages {
		packages[id] = doc
	}
	doc, err := WithPackages(r.Doc, packages)
	if err != nil {
		return Record{}, err
	}
	var o Order
	if err := json.Unmarshal(doc, &o); err != nil {
		return Record{}, fmt.Errorf("read order %s: %w", r.OrderID, err)
	}
	o.Restore()
	o.Erase(at)
	erased, err := NewRecord(&o, nil)
	if err != nil {
		return Record{}, err
	}
	r.Doc, r.Packages, r.Changed, r.ErasedAt = erased.Doc, erased.Packages, nil, erased.ErasedAt
	return r, nil
}
