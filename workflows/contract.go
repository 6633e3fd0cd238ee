// Package workflows holds the sagas: an order's way from its stock to its
// delivery, a delisting, a refund, the sweep. Workflow code decides; it does no
// I/O and reads no clock but Temporal's. order.go reads as the story.
//
// This file is what others need to speak with the workflows: their ids, their
// messages and their search attributes.
package workflows

import (
	"strconv"

	"go.temporal.io/sdk/temporal"

	"holdfast/order"
)

// TaskQueue is where the workers listen.
const TaskQueue = "holdfast"

// WebhookQueue is where deliveries of webhooks wait: apart, so that no order ever waits
// for somebody else's server.
const WebhookQueue = "holdfast-webhooks"

// Names under which the workflows are registered.
const (
	OrderType      = "Order"
	DelistType     = "Delist"
	RefundType     = "Refund"
	DisputeType    = "Dispute"
	SweepType      = "Sweep"
	ReindexType    = "Reindex"
	AuditViewsType = "AuditViews"
	ForgetType     = "Forget"
	WebhookType    = "Webhook"
)

// OrderWorkflowID names an order's workflow. It is the idempotency store: one
// order, one workflow, for as long as Temporal keeps it.
func OrderWorkflowID(orderID string) string { return "order/" + orderID }

// DelistWorkflowID names the workflow that ends one listing of a product.
func DelistWorkflowID(productID string, listing int64) string {
	return "delist/" + productID + "/" + strconv.FormatInt(listing, 10)
}

// RefundWorkflowID names the workflow of one refund of one payment.
func RefundWorkflowID(paymentID, refundID string) string {
	return "refund/" + paymentID + "/" + refundID
}

// DisputeWorkflowID names the workflow of one dispute of one provider.
func DisputeWorkflowID(provider, disputeID string) string {
	return "dispute/" + provider + "/" + disputeID
}

// WebhookWorkflowID names the delivery of an event to an endpoint.
func WebhookWorkflowID(endpointID, eventID string) string {
	return "webhook/" + endpointID + "/" + eventID
}

// ReplayWorkflowID names the delivery of an event that somebody wants once more.
func ReplayWorkflowID(endpointID, eventID string) string {
	return WebhookWorkflowID(endpointID, eventID) + "/replay"
}

// ReindexWorkflowID names the workflow that builds a search view anew: there is one
// at a time.
func ReindexWorkflowID(view string) string { return "reindex/" + view }

// AuditViewsWorkflowID names the workflow that compares the views with their entities.
const AuditViewsWorkflowID = "audit-views"

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

// Messages of a dispute's workflow.
const (
	// DisputeQuery answers the order.Dispute as it stands.
	DisputeQuery = "dispute"
	// DisputedSignal carries what the provider says, an order.Dispute.
	DisputedSignal = "disputed"
	// DismissUpdate takes a Dismissal and answers the order.Dispute as it stands then.
	DismissUpdate = "dismiss"
)

// Dismissal says that an operator took note of a dispute.
type Dismissal struct {
	Actor string `json:"actor"`
}

// Choice is what an operator decides about a refund that can't go on by itself.
type Choice string

const (
	// ChooseRefund sends the money back: the first time of a case, again of a refund
	// that failed.
	ChooseRefund Choice = "refund"
	// ChooseAssign gives the payment of an unknown order to the order that it is for.
	ChooseAssign Choice = "assign"
	// ChooseSettled says that the money went back by other ways.
	ChooseSettled Choice = "settled"
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

// CancelRequest asks an order to end unpaid.
type CancelRequest struct {
	Reason order.Reason `json:"reason"`
	Actor  string       `json:"actor"`
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
	// Done: it is so now, or was already.
	Done Verdict = "done"
	// TooLatePaid: the order is paid, it can't be cancelled unpaid any more.
	TooLatePaid Verdict = "paid"
	// TooLateClosed: the order ended otherwise.
	TooLateClosed Verdict = "closed"
	// NotPaid: only a paid order can be delivered.
	NotPaid Verdict = "not_paid"
	// Ending: the order is about to end, and takes no new payment; a cancellation has
	// nothing to add.
	Ending Verdict = "ending"
	// TooManyAttempts: customers have asked the order as often as they may.
	TooManyAttempts Verdict = "too_many_attempts"
	// Busy: as many requests wait for their answers as may at a time.
	Busy Verdict = "busy"
	// Processing: an earlier payment may still succeed, so there can't be another.
	Processing Verdict = "processing"
	// Unavailable: the provider didn't answer.
	Unavailable Verdict = "unavailable"
	// Declined: the provider won't take such a payment; Detail says why.
	Declined Verdict = "declined"
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

// Memos and search attributes.
const (
	// FingerprintMemo keeps the fingerprint of the request's body.
	FingerprintMemo = "fingerprint"
	// RefundMemo keeps a refund as it was asked for, for who lists refunds.
	RefundMemo = "refund"
	// DisputeMemo keeps a dispute as it stands, for lists of disputes.
	DisputeMemo = "dispute"
	// MaxProductIDsBytes keeps ProductIds below Temporal's 2 KB for a value: an
	// order lists as many of its products as fit.
	MaxProductIDsBytes = 1500
)

// StatusOpen is OrderStatus until the order is paid or closed.
const StatusOpen = "open"

// The search attributes; `holdfast setup` registers them.
var (
	OrderStatus = temporal.NewSearchAttributeKeyKeyword("OrderStatus")
	CustomerID  = temporal.NewSearchAttributeKeyKeyword("CustomerId")
	ProductIDs  = temporal.NewSearchAttributeKeyKeywordList("ProductIds")
)

// WaitingOrders lists the workflows that run and whose order is neither paid nor closed.
const WaitingOrders = "WorkflowType = '" + OrderType + "' AND ExecutionStatus = 'Running' AND OrderStatus = '" + StatusOpen + "'"

// EndedOrders lists the workflows that were ended by force before the order was paid or
// closed. A new workflow of the same order may run.
const EndedOrders = "WorkflowType = '" + OrderType +
	"' AND ExecutionStatus IN ('Terminated', 'Failed', 'Canceled', 'TimedOut') AND OrderStatus = '" + StatusOpen + "'"

// StartAttributes are the search attributes that an order starts with.
func StartAttributes(p order.Placement) temporal.SearchAttributes {
	var ids []string
	size := 0
	seen := make(map[string]bool, len(p.Lines))
	for _, l := range p.Lines {
		if seen[l.ProductID] {
			continue
		}
		if size += len(l.ProductID) + len(`"",`); size > MaxProductIDsBytes {
			break
		}
		seen[l.ProductID] = true
		ids = append(ids, l.ProductID)
	}
	return temporal.NewSearchAttributes(
		OrderStatus.ValueSet(StatusOpen), CustomerID.ValueSet(p.CustomerID), ProductIDs.ValueSet(ids))
}

// RefundStatus lets operators list refunds by how far they are; `holdfast setup`
// registers it.
var RefundStatus = temporal.NewSearchAttributeKeyKeyword("RefundStatus")
