package order

import (
	"strconv"
	"time"
)

// What the saga asks of payment providers, and what they answer, in our terms. Package
// payment has the providers themselves.

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

// Key identifies the attempt: a provider returns the existing payment to a repeated request
// with the same key. An order id is used again if its Idempotency-Key is, after Temporal
// has forgotten the order; the end of its window tells the two orders apart.
func (r PaymentRequest) Key() string {
	return r.OrderID + "/" + strconv.Itoa(r.Attempt) + "/" + strconv.FormatInt(r.Until.Unix(), 36)
}

// CancelOutcome is the outcome of asking a provider to cancel a payment.
type CancelOutcome string

const (
	// CancelOutcomeCancelled means that no money can come from it any more.
	CancelOutcomeCancelled CancelOutcome = "cancelled"
	// CancelOutcomeNoPayment means that the provider has no payment under this key, and
	// never will.
	CancelOutcomeNoPayment CancelOutcome = "none"
	// CancelOutcomePaid means that it is too late: the payment succeeded.
	CancelOutcomePaid CancelOutcome = "paid"
	// CancelOutcomeProcessing means that the provider doesn't know yet; ask again.
	CancelOutcomeProcessing CancelOutcome = "processing"
)

// Cancellation is a provider's answer to a cancellation. If the provider is unavailable it
// returns an error, and the payment may be in any state.
type Cancellation struct {
	Outcome CancelOutcome `json:"outcome"`
	// Paid is the success, if the outcome is CancelOutcomePaid.
	Paid *PaymentEvent `json:"paid,omitempty"`
}

// RefundRequest asks a provider to return money.
type RefundRequest struct {
	// RefundID identifies the refund: the same one is paid out once.
	RefundID  string `json:"refundId"`
	PaymentID string `json:"paymentId"`
	OrderID   string `json:"orderId"`
	// Amount in minor units of Currency, at most what is left of the payment.
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	// Paid is the amount of the whole payment.
	Paid int64 `json:"paid"`
	// Failed are the provider's ids of earlier tries that are known to have failed: their
	// outcome is not the answer to this one.
	Failed []string `json:"failed,omitempty"`
}

// RefundAnswer is the state of a refund at its provider: RefundPaid, RefundPending or
// RefundFailed. A provider that can't be reached is an error.
type RefundAnswer struct {
	Status RefundStatus `json:"status"`
	// ProviderID is the provider's own id of the refund.
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

// ProviderPayment is a payment in its provider's books, which are the source of truth for
// whether money moved.
type ProviderPayment struct {
	ID      string
	OrderID string
	Status  ProviderStatus
	// Amount in minor units of Currency: what was paid, or is requested.
	Amount    int64
	Currency  string
	CreatedAt time.Time
	// PaidAt is zero if nothing was paid.
	PaidAt  time.Time
	Refunds []ProviderRefund
}

// ProviderRefund is a refund in its provider's books.
type ProviderRefund struct {
	// ID is ours, empty for a refund that was made in another way.
	ID         string
	ProviderID string
	Amount     int64
	// Status is RefundPaid, RefundPending or RefundFailed.
	Status RefundStatus
	Detail string
}

// RefusalError is a provider's final refusal: a retry gets the same answer.
type RefusalError struct {
	Provider string
	Reason   string
}

func (e *RefusalError) Error() string { return e.Provider + " refuses: " + e.Reason }
