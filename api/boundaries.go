package api

import (
	"context"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
	"holdfast/search"
	"holdfast/webhook"
)

// Products are the product entities.
type Products interface {
	Put(ctx context.Context, id string, spec product.Spec, ifMatch *int64) (p product.Product, created bool, err error)
	Get(ctx context.Context, id string) (product.Product, error)
	// GetMany is Get for many in one read; each answer has its own error.
	GetMany(ctx context.Context, ids []string) ([]product.Lookup, error)
	Adjust(ctx context.Context, a product.Adjustment) (product.Stock, error)
	List(ctx context.Context, id string) (listing int64, err error)
	// Look also counts the customer's open orders, where he is named.
	Look(ctx context.Context, buyer product.Buyer, wants []product.Want) ([]product.Look, product.Open, error)
}

// Documents are the copies of orders and payments that their workflows wrote.
type Documents interface {
	Get(ctx context.Context, orderID string) (doc []byte, version int64, found bool, err error)
	// Payments are JSON documents: "payment:<provider>:<id>" an order.Attempt,
	// "refund:<payment>/<refund>" an order.Refund.
	Payments(ctx context.Context, orderID string) (map[string][]byte, error)
	// Forgotten counts the orders of which the index alone has the documents.
	Forgotten(ctx context.Context) (map[order.Status]int64, error)
}

// Provider is the part of a payment provider that the gateway needs.
type Provider interface {
	payment.Reader
	Checkout(ctx context.Context, paymentID string) (payment.Checkout, error)
}

// Webhooks are where merchants want to be told.
type Webhooks interface {
	// Add and Rotate also return the secret that they made: again under the same key, that
	// of the first time.
	Add(ctx context.Context, r webhook.Registration) (webhook.Stored, webhook.Secret, error)
	List(ctx context.Context) ([]webhook.Stored, error)
	Get(ctx context.Context, id string) (webhook.Stored, error)
	Remove(ctx context.Context, id string) error
	Rotate(ctx context.Context, id, key string, now time.Time) (webhook.Stored, webhook.Secret, error)
	Deliveries(ctx context.Context, id string, limit int, after string) (page []webhook.Logged, more bool, err error)
	Event(ctx context.Context, id, eventID string) (webhook.Event, error)
}

// Index answers searches, and keeps what left the documents: see search.Index.
type Index interface {
	SearchProducts(ctx context.Context, q search.ProductQuery) (search.ProductPage, error)
	Suggest(ctx context.Context, q search.SuggestQuery) (search.Suggestions, error)
	ListOrders(ctx context.Context, q search.OrderQuery) (search.OrderPage, error)
	GetOrder(ctx context.Context, id string) (search.Order, error)
	ListEvents(ctx context.Context, q search.EventQuery) (search.EventPage, error)
	Stale(ctx context.Context) ([]search.View, error)
}

// Temporal is what the gateway uses of a client.Client.
type Temporal interface {
	NewWithStartWorkflowOperation(client.StartWorkflowOptions, any, ...any) client.WithStartWorkflowOperation
	UpdateWithStartWorkflow(context.Context, client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error)
	UpdateWorkflow(context.Context, client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error)
	// WorkflowService signals under an id, which the client doesn't.
	WorkflowService() workflowservice.WorkflowServiceClient
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, workflowArgs ...any) (client.WorkflowRun, error)
	ExecuteWorkflow(context.Context, client.StartWorkflowOptions, any, ...any) (client.WorkflowRun, error)
	QueryWorkflow(ctx context.Context, workflowID, runID, queryType string, args ...any) (converter.EncodedValue, error)
	GetWorkflow(ctx context.Context, workflowID, runID string) client.WorkflowRun
	DescribeWorkflow(ctx context.Context, workflowID, runID string) (*client.WorkflowExecutionDescription, error)
	ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
	CheckHealth(context.Context, *client.CheckHealthRequest) (*client.CheckHealthResponse, error)
}
