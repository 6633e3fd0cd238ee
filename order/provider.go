package order

import (
	"strconv"
	"time"
)

// What the saga asks of payment providers, and what they answer, in our words.
// Package payment has the providers themselves.

// PaymentRequest asks a provider for the payment of one attempt at an order.
type PaymentRequest struct {
	Provider string `json:"provider"`
	OrderID  string `json:"orderId"`
	// Attempt numbers the order's payments, from 1.
	Attempt int `json:"attempt"`
	// Amount in minor units of Currency.
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	// Until is when the order's payment window ends.
	Until time.Time `json:"until"`
}

// Key names the attempt: asked again under the same key, a provider answers the
// payment that is there. An order id comes back where its Idempotency-Key is used again
// after Temporal has forgotten the order; the end of its window tells the two apart.
func (r PaymentRequest) Key() string {
	return r.OrderID + "/" + strconv.Itoa(r.Attempt) + "/" + strconv.FormatInt(r.Until.Unix(), 36)
}

// CancelOutcome is what came of asking a provider to cancel a payment.
type CancelOutcome string

const (
	// CancelOutcomeCancelled: no money can come from it any more.
	CancelOutcomeCancelled CancelOutcome = "cancelled"
	// CancelOutcomeNoPayment: the provider has none, and will have none under this key.
	CancelOutcomeNoPayment CancelOutcome = "none"
	// CancelOutcomePaid: too late, the money is there.
	CancelOutcomePaid CancelOutcome = "paid"
	// CancelOutcomeProcessing: the provider doesn't know yet; ask again.
	CancelOutcomeProcessing CancelOutcome = "processing"
)

// Cancellation is a provider's answer to a cancellation. That it is unavailable is
// an error, after which the payment may be in any state.
type Cancellation struct {
	Outcome CancelOutcome `json:"outcome"`
	// StatusPaid is the success, where the outcome is CancelOutcomePaid.
	Paid *PaymentEvent `json:"paid,omitempty"`
}

// RefundRequest asks a provider to send money back.
type RefundRequest struct {
	// RefundID names the refund: the same one is paid out once.
	RefundID  string `json:"refundId"`
	PaymentID string `json:"paymentId"`
	OrderID   string `json:"orderId"`
	// Amount in minor units of Currency, at most what is left of the payment.
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	// StatusPaid is the whole of the payment.
	Paid int64 `json:"paid"`
	// Failed are the provider's names of earlier tries that are known to have failed: they
	// don't answer for this one.
	Failed []string `json:"failed,omitempty"`
}

// RefundAnswer is how a refund stands at its provider: RefundPaid, RefundPending or
// RefundFailed. A provider that can't be asked is an error.
type RefundAnswer struct {
	Status RefundStatus `json:"status"`
	// ProviderID is the provider's own name of the refund.
	ProviderID string `json:"providerId,omitempty"`
	// Detail says why it failed.
	Detail string `json:"detail,omitempty"`
}

// ProviderStatus is the state of a payment in its provider's books.
type ProviderStatus string

const (
	ProviderOpen       ProviderStatus = "open"
	ProviderProcessing ProviderStatus = "processing"
	ProviderSucceeded  ProviderStatus = "succeeded"
	ProviderCancelled  ProviderStatus = "cancelled"
)

// ProviderPayment is a payment in its provider's books: the home of whether money
// moved.
type ProviderPayment struct {
	ID      string
	OrderID string
	Status  ProviderStatus
	// Amount in minor units of Currency: what was paid, or is asked for.
	Amount    int64
	Currency  string
	CreatedAt time.Time
	// PaidAt is zero where no money came.
	PaidAt  time.Time
	Refunds []ProviderRefund
}

// ProviderRefund is a refund in its provider's books.
type ProviderRefund struct {
	// ID is ours, empty for a refund that somebody made by other ways.
	ID         string
	ProviderID string
	Amount     int64
	// Status is RefundPaid, RefundPending or RefundFailed.
	Status RefundStatus
	Detail string
}

// RefusalError is a provider's lasting no: asking again gets the same.
type RefusalError struct {
	Provider string
	Reason   string
}

func (e *RefusalError) Error() string { return e.Provider + " refuses: " + e.Reason }
