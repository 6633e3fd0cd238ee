package saga

import "holdfast/order"

// Messages of an order's workflow.
const (
	// PlaceUpdate waits until the order has its stock or can't have it, and returns an
	// order.Outcome. Its update id is always PlaceUpdate too, so that a retry gets the
	// first answer.
	PlaceUpdate = "place"
	// CancelUpdate takes a CancelRequest and returns an Answer.
	CancelUpdate = "cancel"
	// DeliverUpdate takes a DeliverRequest and returns an Answer.
	DeliverUpdate = "deliver"
	// PayUpdate takes a PayRequest and returns an Answer with the payment to use.
	PayUpdate = "pay"
	// PaymentSignal carries an order.PaymentEvent.
	PaymentSignal = "payment"
	// DelistedSignal carries a Delisting.
	DelistedSignal = "productDelisted"
	// OrderQuery returns the current order.Order.
	OrderQuery = "order"
	// PaymentsQuery returns the order.Attempt of each payment that the order knows, by its
	// key.
	PaymentsQuery = "payments"
	// UnservedQuery returns each order.Message of those that a resumed order started with, if it is
	// a request that the order hasn't handled. Only resumed orders answer it.
	UnservedQuery = "unserved"
)

// CancelRequest asks to cancel an order.
type CancelRequest struct {
	Reason order.Reason `json:"reason"`
	Actor  string       `json:"actor"`
	// Note is what the actor has to say about it.
	Note string `json:"note,omitempty"`
	// PartID is the id that a part of the order has which was cancelled under the same key, see
	// RemovalID. It is empty for a request without a key.
	PartID string `json:"partId,omitempty"`
	// Fingerprint of the request: another one under the same key is rejected.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// PayRequest asks for a payment that the buyer can use.
type PayRequest struct {
	Provider string `json:"provider"`
	Actor    string `json:"actor"`
}

// DeliverRequest reports that a paid order was delivered.
type DeliverRequest struct {
	Actor string `json:"actor"`
}

// Verdict is the saga's decision on a request.
type Verdict string

const (
	// VerdictDone means that the order is now in the requested state, or was before.
	VerdictDone Verdict = "done"
	// VerdictTooLatePaid means that the order is paid and can't be cancelled as an unpaid
	// one any more.
	VerdictTooLatePaid Verdict = "paid"
	// VerdictTooLateClosed means that the order ended in another way.
	VerdictTooLateClosed Verdict = "closed"
	// VerdictNotPaid means that the order isn't paid: only a paid order can be delivered.
	VerdictNotPaid Verdict = "not_paid"
	// VerdictEnding means that the order is about to end and takes no new payment; another
	// cancellation changes nothing.
	VerdictEnding Verdict = "ending"
	// VerdictTooManyAttempts means that customers have used up their requests to the order.
	VerdictTooManyAttempts Verdict = "too_many_attempts"
	// VerdictBusy means that as many requests wait for their answers as are allowed at a
	// time.
	VerdictBusy Verdict = "busy"
	// VerdictProcessing means that an earlier payment may still succeed, so there can't be
	// another.
	VerdictProcessing Verdict = "processing"
	// VerdictUnavailable means that the provider didn't answer.
	VerdictUnavailable Verdict = "unavailable"
	// VerdictOnHold means that the order can't be packed until its hold is released.
	VerdictOnHold Verdict = "on_hold"
	// VerdictUnits means that more units were requested than there are; Lines says which.
	VerdictUnits Verdict = "units"
	// VerdictUnknown means that the order has no such package, message, return or alert.
	VerdictUnknown Verdict = "unknown"
	// VerdictPackageLeft means that the package has left the warehouse.
	VerdictPackageLeft Verdict = "package_left"
	// VerdictLimit means that the order has reached a limit; Detail says which.
	VerdictLimit Verdict = "limit"
	// VerdictUnresolved means that a package waits for an operator.
	VerdictUnresolved Verdict = "unresolved"
	// VerdictResolved means that the package has no mark that waits for an operator.
	VerdictResolved Verdict = "resolved"
	// VerdictReturned means that units of the package are part of a return.
	VerdictReturned Verdict = "returned"
	// VerdictDelivered means that the order was delivered.
	VerdictDelivered Verdict = "delivered"
	// VerdictOtherRegion is order.ErrOtherRegion.
	VerdictOtherRegion Verdict = "other_region"
	// VerdictChanged means that the order isn't at the version that the caller saw.
	VerdictChanged Verdict = "changed"
	// VerdictWindowOver means that the order takes no returns any more.
	VerdictWindowOver Verdict = "window_over"
	// VerdictReturnOver means that the return was declined, received or closed.
	VerdictReturnOver Verdict = "return_over"
	// VerdictNotApproved means that the return has to be approved first.
	VerdictNotApproved Verdict = "not_approved"
	// VerdictKeyReused means that the key was used for another request.
	VerdictKeyReused Verdict = "key_reused"
	// VerdictNoStock means that the units can't be taken from stock; Shortages says which.
	VerdictNoStock Verdict = "no_stock"
	// VerdictUnsupported means that the order is too old for the request.
	VerdictUnsupported Verdict = "unsupported"
	// VerdictErased means that the order's person was erased.
	VerdictErased Verdict = "erased"
	// VerdictDeclined means that the provider doesn't accept such a payment; Detail says
	// why.
	VerdictDeclined Verdict = "declined"
)

// Answer is the saga's answer to a request, with the order's status at that time.
type Answer struct {
	Verdict Verdict      `json:"verdict"`
	Status  order.Status `json:"status"`
	Version int64        `json:"version"`
	// Payment is the one that the buyer can use, if one was requested.
	Payment *OpenPayment `json:"payment,omitempty"`
	Detail  string       `json:"detail,omitempty"`
	// Lines of which more units were requested than there are.
	Lines []order.UnitsShort `json:"lines,omitempty"`
	// ID of the package, return or cancelled part that the request is about, with the
	// fingerprint of the request that made it.
	ID          string `json:"id,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
	// Shortages of units that had to be taken from stock.
	Shortages []order.Shortage `json:"shortages,omitempty"`
}

// AnswerOfClosed returns the answer of a closed order to a request that would lead to the
// wanted status. A request for a payment leads to no status.
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
	// New means that this request opened it.
	New bool `json:"new,omitempty"`
}

// RefusedError is the type of the application error that rejects an update which the
// order's status already answers; its details are an Answer.
const RefusedError = "refused"

// Delisting is the end of one listing of a product.
type Delisting struct {
	ProductID string `json:"productId"`
	Listing   int64  `json:"listing"`
	Actor     string `json:"actor"`
}

// DelistResult counts the orders that were signalled.
type DelistResult struct {
	Signalled int `json:"signalled"`
	// Relisted means that the product was listed again before this delisting began.
	Relisted bool `json:"relisted,omitempty"`
}
