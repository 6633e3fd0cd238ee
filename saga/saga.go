// Package saga is what other packages need to talk to the sagas: the ids of their
// workflows, the names of their messages with their arguments and results, and their search
// attributes. It has no client, see saga/client, and no workflow code, see workflows.
// Orders in flight depend on each name here, so none ever changes.
package saga

import "strconv"

// TaskQueue is where the workers listen.
const TaskQueue = "holdfast"

// WebhookQueue is where webhook deliveries wait: a queue of their own, so that no order
// ever waits for a third party's server.
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
	ErasureType    = "Erasure"
)

// OrderWorkflowID names an order's workflow. It is the idempotency store: one order, one
// workflow, for as long as Temporal keeps it.
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

// ReplayWorkflowID names the repeated delivery of an event, at an operator's request.
func ReplayWorkflowID(endpointID, eventID string) string {
	return WebhookWorkflowID(endpointID, eventID) + "/replay"
}

// ReindexWorkflowID names the workflow that rebuilds a search view: there is one at a time.
func ReindexWorkflowID(view string) string { return "reindex/" + view }

// AuditViewsWorkflowID names the workflow that compares the views with their entities.
const AuditViewsWorkflowID = "audit-views"

// ErasureWorkflowID names the workflow that erases a customer: there is one at a time.
func ErasureWorkflowID(customerID string) string { return "erase/" + customerID }
