package activities

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/order"
)

// LookUp finds out whether an order took a payment.
type LookUp struct {
	Orders interface {
		Of(ctx context.Context, orderID string) (Fate, error)
	}
}

// LookUpParams names a payment and the order that it is said to pay.
type LookUpParams struct {
	OrderID   string `json:"orderId"`
	Provider  string `json:"provider"`
	PaymentID string `json:"paymentId"`
}

// PaymentFound is what is known about a payment's order.
type PaymentFound struct {
	Known bool `json:"known"`
	// Taken means that the order took this very payment, which must stay.
	Taken bool `json:"taken,omitempty"`
}

// StillOpenError means that the order is open and will judge the payment itself. The call
// should be retried later, since the payment may be on its way to the order.
type StillOpenError struct{ OrderID string }

func (e *StillOpenError) Error() string {
	return "order " + e.OrderID + " is open and judges its payments itself"
}

// Execute asks the order.
func (a *LookUp) Execute(ctx context.Context, p LookUpParams) (PaymentFound, error) {
	fate, err := a.Orders.Of(ctx, p.OrderID)
	if err != nil {
		return PaymentFound{}, fmt.Errorf("look up order %s: %w", p.OrderID, err)
	}
	if fate.Running {
		return PaymentFound{}, &StillOpenError{OrderID: p.OrderID}
	}
	return PaymentFound{Known: fate.Known, Taken: fate.took(p)}, nil
}

// took reports whether the order took this payment. Documents of before there were
// several providers don't name theirs.
func (f Fate) took(p LookUpParams) bool {
	return f.PaymentID != "" && f.PaymentID == p.PaymentID && (f.Provider == "" || f.Provider == p.Provider)
}

// RefundRecord writes a refund to its order's payments document.
type RefundRecord struct {
	Records interface {
		PutRefund(ctx context.Context, orderID, paymentID, refundID string, doc []byte) error
	}
}

// Execute writes the refund as it is now; again is the same.
func (a *RefundRecord) Execute(ctx context.Context, r order.Refund) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode refund %s of payment %s: %w", r.ID, r.PaymentID, err)
	}
	if err := a.Records.PutRefund(ctx, r.OrderID, r.PaymentID, r.ID, doc); err != nil {
		return fmt.Errorf("record refund %s of payment %s: %w", r.ID, r.PaymentID, err)
	}
	return nil
}
