package api

import (
	"context"
	"time"

	"holdfast/carrier"
	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
	"holdfast/quoting"
	"holdfast/saga"
	"holdfast/search"
	"holdfast/webhook"
)

// Products are the product entities.
type Products interface {
	Put(ctx context.Context, id string, spec product.Spec, ifMatch *int64) (p product.Product, created bool, err error)
	// PutMany and AdjustMany are Put and Adjust for many products in few round trips; each
	// result has its own error.
	PutMany(ctx context.Context, all []product.Replacement) []product.Replaced
	AdjustMany(ctx context.Context, all []product.Adjustment) []product.Adjusted
	// RememberBatch returns product.ErrKeyReused if the key was used with a different body.
	RememberBatch(ctx context.Context, key, body string, remember time.Duration) error
	Get(ctx context.Context, id string) (product.Product, error)
	// GetMany is Get for many products in one read; each result has its own error.
	GetMany(ctx context.Context, ids []string) ([]product.Lookup, error)
	Adjust(ctx context.Context, a product.Adjustment) (product.Stock, error)
	List(ctx context.Context, id string) (listing int64, err error)
}

// Quoting reads what an order is quoted from: see reader.Reader.
type Quoting interface {
	Look(ctx context.Context, a quoting.Ask) (quoting.Seen, error)
}

// Documents are the copies of orders and payments that their workflows wrote.
type Documents interface {
	Get(ctx context.Context, orderID string) (doc []byte, version int64, found bool, err error)
	// Version is that of the order's document, 0 if there is none.
	Version(ctx context.Context, orderID string) (int64, error)
	// Payments are the JSON documents of the order's payments and of what stands beside them: see
	// order.ReadPayments.
	Payments(ctx context.Context, orderID string) (map[string][]byte, error)
	// Dismiss records beside the payments that an alert was dismissed; the first time stands.
	Dismiss(ctx context.Context, orderID string, d order.Dismissal) error
	// Forgotten counts the orders whose documents are only in the index.
	Forgotten(ctx context.Context) (map[order.Status]int64, error)
}

// Provider is the part of a payment provider that the gateway needs.
type Provider interface {
	payment.Reader
	Checkout(ctx context.Context, paymentID string) (payment.Checkout, error)
}

// Tracking stores which packages have which tracking numbers, and the scans that wait for them: see
// tracking.Store. Its errors are those of package carrier.
type Tracking interface {
	Scans(ctx context.Context, adapter string, scans []carrier.Scan) ([]carrier.Scanned, error)
	// TakenLater never fails: a scan that is not noted as taken is passed on again if it is repeated.
	TakenLater(t carrier.Taken)
	Flush(ctx context.Context) error
	Taken(ctx context.Context, all ...carrier.Taken) error
	Unmatch(ctx context.Context, n carrier.Number, e order.PackageEvent, orderID, packageID string) error
	Unmatched(ctx context.Context, limit int, from string) (page []carrier.Unmatched, next string, err error)
	Claim(ctx context.Context, id, orderID, packageID, key string) (carrier.Claimed, error)
}

// Webhooks are the endpoints that merchants have registered.
type Webhooks interface {
	// Add and Rotate also return the secret that they created; when repeated under the same key,
	// the one from the first call.
	Add(ctx context.Context, r webhook.Registration) (webhook.Stored, webhook.Secret, error)
	List(ctx context.Context) ([]webhook.Stored, error)
	Get(ctx context.Context, id string) (webhook.Stored, error)
	Update(ctx context.Context, id string, p webhook.Patch) (webhook.Stored, error)
	Remove(ctx context.Context, id string) error
	Rotate(ctx context.Context, id, key string, now time.Time) (webhook.Stored, webhook.Secret, error)
	Deliveries(ctx context.Context, id string, limit int, after string) (page []webhook.Logged, more bool, err error)
	// OrderDeliveries reads the newest deliveries of events about an order, to all webhooks.
	OrderDeliveries(ctx context.Context, orderID string, limit int) ([]webhook.OrderDelivery, error)
	Event(ctx context.Context, id, eventID string) (webhook.Event, error)
}

// Index answers searches and keeps orders whose documents have left Redis: see search.Index.
type Index interface {
	SearchProducts(ctx context.Context, q search.ProductQuery) (search.ProductPage, error)
	Suggest(ctx context.Context, q search.SuggestQuery) (search.Suggestions, error)
	ListOrders(ctx context.Context, q search.OrderQuery) (search.OrderPage, error)
	CountOrders(ctx context.Context, q search.OrderCountQuery) (search.OrderCounts, error)
	GetOrder(ctx context.Context, id string) (search.Order, error)
	ListEvents(ctx context.Context, q search.EventQuery) (search.EventPage, error)
	Stale(ctx context.Context) ([]search.View, error)
}

// Fulfilment is what changes a paid order.
type Fulfilment interface {
	Pack(ctx context.Context, orderID string, r saga.PackRequest) (saga.Answer, error)
	Correct(ctx context.Context, orderID string, r saga.CorrectRequest) (saga.Answer, error)
	Undo(ctx context.Context, orderID string, r saga.UndoRequest) (saga.Answer, error)
	Strike(ctx context.Context, orderID string, r saga.StrikeRequest) (saga.Answer, error)
	Resolve(ctx context.Context, orderID string, r saga.ResolveRequest) (saga.Answer, error)
	Readdress(ctx context.Context, orderID string, r saga.AddressRequest) (saga.Answer, error)
	CancelUnits(ctx context.Context, orderID string, r saga.CancelUnitsRequest) (saga.Answer, error)
	Hold(ctx context.Context, orderID string, r saga.HoldRequest) (saga.Answer, error)
	Release(ctx context.Context, orderID string, r saga.HoldRequest) (saga.Answer, error)
	OpenReturn(ctx context.Context, orderID string, r saga.OpenReturnRequest) (saga.Answer, error)
	DecideReturn(ctx context.Context, orderID string, r saga.DecideReturnRequest) (saga.Answer, error)
	ReceiveReturn(ctx context.Context, orderID string, r saga.ReceiveReturnRequest) (saga.Answer, error)
	DismissAlert(ctx context.Context, orderID string, r saga.DismissAlertRequest) (saga.Answer, error)
	// TellScan sends a message about a package.
	TellScan(ctx context.Context, orderID string, s saga.Scan) error
}

// Sagas decide about orders, refunds, disputes and listings: see saga/client.Client. Their errors
// are those of package saga.
type Sagas interface {
	// Place returns the outcome of an earlier call with the same placement, if there was one.
	Place(ctx context.Context, p order.Placement) (saga.Placed, error)
	// Placed is the same without starting anything: saga.ErrNotFound if there was no earlier call.
	Placed(ctx context.Context, p order.Placement) (saga.Placed, error)
	Cancel(ctx context.Context, orderID string, key *string, r saga.CancelRequest) (saga.Answer, error)
	Deliver(ctx context.Context, orderID string, key *string, r saga.DeliverRequest) (saga.Answer, error)
	Pay(ctx context.Context, orderID string, key *string, r saga.PayRequest) (saga.Answer, error)
	Order(ctx context.Context, orderID string) (order.Order, error)
	Fulfilment

	// TellPayment sends a message. All messages with the same content share the id said.
	TellPayment(ctx context.Context, e order.PaymentEvent, said string) error
	// TellScan sends a message about a package. The same scan has an effect once.
	TellScan(ctx context.Context, orderID string, scan saga.Scan) error
	FindRunning(ctx context.Context, orderID string) error
	StartRefund(ctx context.Context, r order.Refund) error
	RefundFailed(ctx context.Context, e order.PaymentEvent) error
	Disputed(ctx context.Context, e order.PaymentEvent) error

	AskRefund(ctx context.Context, r order.Refund) (order.Refund, error)
	Refund(ctx context.Context, id saga.RefundID) (order.Refund, error)
	DecideRefund(ctx context.Context, id saga.RefundID, d saga.Decision) (order.Refund, error)
	OpenRefunds(ctx context.Context, status order.RefundStatus, limit int, token []byte) (page []order.Refund, next []byte, err error)
	DismissDispute(ctx context.Context, id saga.DisputeID, by saga.Dismissal) (order.Dispute, error)
	OpenDisputes(ctx context.Context, limit int, token []byte) (page []order.Dispute, next []byte, err error)

	// StartErasure erases a customer's orders, or lets the running erasure cover more of them.
	StartErasure(ctx context.Context, e saga.Erasure) error
	Delist(ctx context.Context, d saga.Delisting) (workflowID string, err error)
	DeliverWebhook(ctx context.Context, d webhook.Delivery) error
	ReplayWebhook(ctx context.Context, d webhook.Delivery, key string) error
	CheckHealth(ctx context.Context) error
}
