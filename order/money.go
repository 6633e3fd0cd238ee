package order

import (
	"encoding/json"
	"fmt"
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
	back := int64(0)
	for _, r := range p.Refunds {
		if r.PaymentID != o.Payment.ID || (o.Payment.Provider != "" && r.Provider != o.Payment.Provider) {
			continue
		}
		if r.Status == RefundPaid || r.Status == RefundSettled {
			back += r.Amount
		}
	}
	if back == 0 {
		return
	}
	o.Amounts[AmountRefunded] = back
	o.Payment.Status = PaymentPartiallyRefunded
	if back >= o.Amounts[AmountPaid] {
		o.Payment.Status = PaymentRefunded
	}
}
