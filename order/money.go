package order

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Prefixes of the fields of an order's payments documents: payment:<provider>:<id>,
// refund:<payment id>/<refund id>, and dispute:<provider>:<dispute id>.
const (
	paymentField = "payment:"
	refundField  = "refund:"
	disputeField = "dispute:"
)

// Payments is the record of an order's money: its payments, refunds and disputes.
type Payments struct {
	Attempts []Attempt
	Refunds  []Refund
	Disputes []Dispute
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
		}
		if err != nil {
			return Payments{}, fmt.Errorf("%s: %w", field, err)
		}
	}
	return p, nil
}

// HasRefunds reports whether any money was refunded, or will be.
func HasRefunds[D ~[]byte](docs map[string]D) bool {
	for field := range docs {
		if strings.HasPrefix(field, refundField) {
			return true
		}
	}
	return false
}

// Settle adds the refunds of the order's own payment to the order. A refund is recorded
// apart from the order, which it may outlive; readers see the two together.
func (o *Order) Settle(refunds []Refund) {
	if o.Payment.Status != PaymentPaid {
		return
	}
	back := int64(0)
	for _, r := range refunds {
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
