package saga

import "holdfast/order"

// Messages of an order's workflow.
const (
	// PlaceUpdate waits until the order has its stock or can't have it; answers
	// an order.Outcome. Its update id is always PlaceUpdate too, so that a retry
	// gets the first answer.
	PlaceUpdate = "place"
	// CancelUpdate takes a CancelRequest and answers an Answer.
	CancelUpdate = "cancel"
	// DeliverUpdate takes a DeliverRequest and answers an Answer.
	DeliverUpdate = "deliver"
	// PayUpdate takes a PayRequest and answers an Answer with the payment to pay by.
	PayUpdate = "pay"
	// PaymentSignal carries an order.PaymentEvent.
	PaymentSignal = "payment"
	// DelistedSignal carries a Delisting.
	DelistedSignal = "productDelisted"
	// OrderQuery answers the order.Order of now.
	OrderQuery = "order"
	// PaymentsQuery answers the order.Attempt of each payment that the order heard
	// of, by its key.
	PaymentsQuery = "payments"
)

// CancelRequest asks an order to end unpaid.
type CancelRequest struct {
	Reason order.Reason `json:"reason"`
	Actor  string       `json:"actor"`
	// Note is what the actor has to say about it.
	Note string `json:"note,omitempty"`
}

// PayRequest asks for a payment that the buyer can pay by.
type PayRequest struct {
	Provider string `json:"provider"`
	Actor    string `json:"actor"`
}

// DeliverRequest says that a paid order has arrived.
type DeliverRequest struct {
	Actor string `json:"actor"`
}

// Verdict is how the saga took a request.
type Verdict string

const (
	// VerdictDone: it is so now, or was already.
	VerdictDone Verdict = "done"
	// VerdictTooLatePaid: the order is paid, it can't be cancelled unpaid any more.
	VerdictTooLatePaid Verdict = "paid"
	// VerdictTooLateClosed: the order ended otherwise.
	VerdictTooLateClosed Verdict = "closed"
	// VerdictNotPaid: only a paid order can be delivered.
	VerdictNotPaid Verdict = "not_paid"
	// VerdictEnding: the order is about to end, and takes no new payment; a cancellation has
	// nothing to add.
	VerdictEnding Verdict = "ending"
	// VerdictTooManyAttempts: customers have asked the order as often as they may.
	VerdictTooManyAttempts Verdict = "too_many_attempts"
	// VerdictBusy: as many requests wait for their answers as may at a time.
	VerdictBusy Verdict = "busy"
	// VerdictProcessing: an earlier payment may still succeed, so there can't be another.
	VerdictProcessing Verdict = "processing"
	// VerdictUnavailable: the provider didn't answer.
	VerdictUnavailable Verdict = "unavailable"
	// VerdictDeclined: the provider won't take such a payment; Detail says why.
	VerdictDeclined Verdict = "declined"
)

// Answer is the saga's answer to a request, with the order's status by then.
type Answer struct {
	Verdict Verdict      `json:"verdict"`
	Status  order.Status `json:"status"`
	Version int64        `json:"version"`
	// Payment that the buyer can pay by, where one was asked for.
	Payment *OpenPayment `json:"payment,omitempty"`
	Detail  string       `json:"detail,omitempty"`
}

// AnswerOfClosed is the answer to a request that would lead to the wanted status, of an
// order that is over. No status is wanted by whoever asks for a payment.
func AnswerOfClosed(wanted, is order.Status, version int64) Answer {
	a := Answer{Verdict: VerdictTooLateClosed, Status: is, Version: version}
	switch {
	case is == wanted:
		a.Verdict = VerdictDone
	case wanted == "" && is.TookPayment():
		a.Verdict = VerdictTooLatePaid
	}
	return a
}

// OpenPayment is a payment that waits for its buyer.
type OpenPayment struct {
	Provider string `json:"provider"`
	ID       string `json:"id"`
	Attempt  int    `json:"attempt"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	// New: this request opened it.
	New bool `json:"new,omitempty"`
}

// RefusedError is the type of the application error with which an update is
// turned away that the order's status already answers; its details are an Answer.
const RefusedError = "refused"

// Delisting says that a listing of a product has ended.
type Delisting struct {
	ProductID string `json:"productId"`
	Listing   int64  `json:"listing"`
	Actor     string `json:"actor"`
}

// DelistResult counts the orders that were told.
type DelistResult struct {
	Signalled int `json:"signalled"`
	// Relisted: the product was listed again before this delisting began.
	Relisted bool `json:"relisted,omitempty"`
}
