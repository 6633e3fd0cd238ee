package saga

import "holdfast/order"

// Messages of a refund's workflow.
const (
	// RefundQuery returns the current order.Refund. Its status is empty until it is known
	// whether the refund is owed: nothing has been recorded yet.
	RefundQuery = "refund"
	// RecordedUpdate waits until it is recorded whether the refund is owed, and returns the
	// order.Refund.
	RecordedUpdate = "recorded"
	// DecideUpdate takes a Decision about a refund that waits for an operator, and returns
	// the order.Refund as it is afterwards.
	DecideUpdate = "decide"
	// RefundFailedSignal carries a RefundFailure. It starts the workflow again if the
	// refund was thought to be paid.
	RefundFailedSignal = "failed"
	// ResumeSignal wakes a refund that an earlier version left as due.
	ResumeSignal = "resume"
)

// Choice is an operator's decision about a refund that can't continue by itself.
type Choice string

const (
	// ChoiceRefund sends the money: for the first time if the refund is a case, again if it
	// failed.
	ChoiceRefund Choice = "refund"
	// ChoiceAssign gives the payment of an unknown order to the order that it is meant for.
	ChoiceAssign Choice = "assign"
	// ChoiceSettled means that the money was returned in another way.
	ChoiceSettled Choice = "settled"
)

// Decision is an operator's decision about a refund.
type Decision struct {
	Choice Choice `json:"choice"`
	// OrderID to assign to.
	OrderID string `json:"orderId,omitempty"`
	Actor   string `json:"actor"`
	// About is the status that the decision is about; empty is one that waits for an
	// operator. A refund with another status refuses the decision.
	About order.RefundStatus `json:"about,omitempty"`
	// Key is the request's Idempotency-Key: a decision counts once per key.
	Key string `json:"key,omitempty"`
}

// RefundFailure is a provider's report that it could not pay a refund out, which may come
// days after it reported success.
type RefundFailure struct {
	// ProviderID is the provider's own id of the failed refund.
	ProviderID string `json:"providerId"`
	Detail     string `json:"detail,omitempty"`
}

// NotDecidableError is the type of the application error that rejects a decision which
// doesn't fit the refund's current state; its details are the order.Refund.
const NotDecidableError = "not_decidable"
