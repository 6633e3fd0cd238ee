package order

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Prefixes of the fields of an order's payments documents: payment:<provider>:<id>,
// refund:<payment id>/<refund id>, dispute:<provider>:<dispute id>, and alert:<alert id> for an
// alert that was dismissed there.
const (
	paymentField = "payment:"
	refundField  = "refund:"
	disputeField = "dispute:"
	alertField   = "alert:"
)

// Payments is the record of an order's money: its payments, refunds and disputes, and which alerts
// were dismissed beside them.
type Payments struct {
	Attempts   []Attempt
	Refunds    []Refund
	Disputes   []Dispute
	Dismissals []Dismissal
}

// ReadPayments reads the documents of an order's payments, by field. Fields of other kinds
// are ignored.
func ReadPayments[D ~[]byte](docs map[string]D) (Payments, error) {
	var p Payments
	for field, doc := range docs {
		var err error
		switch {
		case strings.HasPrefix(field, paymentField):
			var a Attempt
			err = json.Unmarshal(doc, &a)
			p.Attempts = append(p.Attempts, a)
		case strings.HasPrefix(field, refundField):
			var r Refund
			err = json.Unmarshal(doc, &r)
			p.Refunds = append(p.Refunds, r)
		case strings.HasPrefix(field, disputeField):
			var d Dispute
			err = json.Unmarshal(doc, &d)
			p.Disputes = append(p.Disputes, d)
		case strings.HasPrefix(field, alertField):
			var d Dismissal
			err = json.Unmarshal(doc, &d)
			p.Dismissals = append(p.Dismissals, d)
		}
		if err != nil {
			return Payments{}, fmt.Errorf("%s: %w", field, err)
		}
	}
	return p, nil
}

// NeedsSettling reports whether anything is recorded beside the payments themselves: refunds,
// disputes or dismissed alerts.
func NeedsSettling[D ~[]byte](docs map[string]D) bool {
	for field := range docs {
		if !strings.HasPrefix(field, paymentField) {
			return true
		}
	}
	return false
}

// Settle adds to the order what is recorded beside it, which may outlive it: the refunds of its own
// payment, and the alerts about its money. Readers see the two together.
func (o *Order) Settle(p Payments) {
	o.standing = p.standing(o)
	if o.Payment.Status != PaymentPaid {
		return
	}
	back, byID := int64(0), map[string]int64{}
	for _, r := range p.Refunds {
		if r.PaymentID != o.Payment.ID || (o.Payment.Provider != "" && r.Provider != o.Payment.Provider) {
			continue
		}
		if r.Status == RefundPaid || r.Status == RefundSettled {
			back += r.Amount
			byID[r.ID] += r.Amount
		}
	}
	if back == 0 {
		return
	}
	o.settleParts(byID)
	o.Amounts[AmountRefunded] = back
	o.Payment.Status = PaymentPartiallyRefunded
	if back >= o.Amounts[AmountPaid] {
		o.Payment.Status = PaymentRefunded
	}
}

// settleParts notes how much went back for each part of the order, by the ids of the refunds.
func (o *Order) settleParts(back map[string]int64) {
	if o.Fulfilment == nil {
		return
	}
	of := func(reason RefundReason, id string) int64 {
		return back[OwedPart{Reason: reason, MessageID: id}.RefundID(o.Payment.Provider)]
	}
	f := *o.Fulfilment
	f.Removals, f.Returns, f.Packages = slices.Clone(f.Removals), slices.Clone(f.Returns), slices.Clone(f.Packages)
	for i := range f.Removals {
		f.Removals[i].Refunded = of(RefundPartCancelled, f.Removals[i].ID)
	}
	for i := range f.Returns {
		f.Returns[i].Refunded = of(RefundReturned, f.Returns[i].ID)
	}
	for i := range f.Packages {
		if r := f.Packages[i].Resolution; r != nil {
			settled := *r
			settled.Refunded = of(RefundLost, r.ID)
			f.Packages[i].Resolution = &settled
		}
	}
	o.Fulfilment = &f
}
