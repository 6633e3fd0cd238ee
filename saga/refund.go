package saga

import "holdfast/order"

// Messages of a refund's workflow.
const (
	// RefundQuery asks for the order.Refund as it stands. Its status is empty as long
	// as nobody knows whether the refund is owed: nothing is on record of it yet.
	RefundQuery = "refund"
	// RecordedUpdate waits until it is on record whether the refund is owed; answers
	// the order.Refund.
	RecordedUpdate = "recorded"
	// DecideUpdate takes a Decision about a refund that waits for an operator, and
	// answers the order.Refund as it stands then.
	DecideUpdate = "decide"
	// RefundFailedSignal carries a RefundFailure. It starts the workflow again where the
	// refund was thought to be paid.
	RefundFailedSignal = "failed"
	// ResumeSignal wakes a refund that an earlier version left as due.
	ResumeSignal = "resume"
)

// Choice is what an operator decides about a refund that can't go on by itself.
type Choice string

const (
	// ChoiceRefund sends the money back: the first time of a case, again of a refund
	// that failed.
	ChoiceRefund Choice = "refund"
	// ChoiceAssign gives the payment of an unknown order to the order that it is for.
	ChoiceAssign Choice = "assign"
	// ChoiceSettled says that the money went back by other ways.
	ChoiceSettled Choice = "settled"
)

// Decision is an operator's word about a refund.
type Decision struct {
	Choice Choice `json:"choice"`
	// OrderID to assign to.
	OrderID string `json:"orderId,omitempty"`
	Actor   string `json:"actor"`
	// About is the status that the decision is about; empty is one that waits for an
	// operator. A refund that has another status by then turns it away.
	About order.RefundStatus `json:"about,omitempty"`
	// Key is the Idempotency-Key that it came under: a decision counts once per key.
	Key string `json:"key,omitempty"`
}

// RefundFailure is a provider's word that it could not pay a refund out, which it may say
// days after it said that it had.
type RefundFailure struct {
	// ProviderID is the provider's own name of what failed.
	ProviderID string `json:"providerId"`
	Detail     string `json:"detail,omitempty"`
}

// NotDecidableError is the type of the application error with which a decision is
// turned away that the refund, as it stands, doesn't wait for; its details are the
// order.Refund.
const NotDecidableError = "not_decidable"
