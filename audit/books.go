package audit

import (
	"context"
	"iter"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// HoldID names one order's hold of one product.
type HoldID struct{ ProductID, OrderID string }

// Books is what Redis contains, uninterpreted. The walks read everything in batches, each
// entity at least once; what is created or deleted meanwhile may or may not be included.
// The reads return results in the order of the request, in one round trip.
type Books interface {
	WalkProducts(ctx context.Context) iter.Seq2[[]string, error]
	WalkHolds(ctx context.Context) iter.Seq2[[]HoldID, error]
	// WalkDeadlines iterates over the entries of the sweeper's lists.
	WalkDeadlines(ctx context.Context) iter.Seq2[[]HoldID, error]
	WalkDocuments(ctx context.Context) iter.Seq2[[]string, error]

	ReadProducts(ctx context.Context, ids []string) ([]Product, error)
	ReadHolds(ctx context.Context, ids []HoldID) ([]Hold, error)
	ReadDocuments(ctx context.Context, orderIDs []string) ([]Document, error)
	ReadPayments(ctx context.Context, orderIDs []string) ([]Payments, error)
	// Forgotten counts the orders that have left Redis, by status.
	Forgotten(ctx context.Context) (map[order.Status]int64, error)
	// Snapshot reads a product and holds of it at one moment.
	Snapshot(ctx context.Context, productID string, orderIDs []string) (Product, []Hold, error)
}

// Product is one entity as it is stored.
type Product struct {
	ID    string
	Found bool
	// Stock by sku, including removed variants.
	Stock map[string]product.Stock
	// Version of the product when it was read.
	Version int64
	// Buyers are the units that unpaid orders hold, by customer, if these are limited.
	Buyers map[string]int64
	// Listed are the orders on the product's list of live holds.
	Listed []string
	// Unreadable says which value isn't a number.
	Unreadable string
}

// Hold is one hold as it is stored, and whether the lists name it.
type Hold struct {
	product.HoldDetail
	// OnProduct means on the product's list of live holds, OnDeadlines on the sweeper's
	// list.
	OnProduct, OnDeadlines bool
	// Expires is the time until Redis forgets it; 0 means never.
	Expires time.Duration
	// Unreadable says what can't be read.
	Unreadable string
}

// Document is the stored copy of an order.
type Document struct {
	OrderID string
	Found   bool
	// Version stored beside the document, by which copies are ordered.
	Version int64
	// Text is the stored document without its packages, unparsed.
	Text []byte
	Apart
	// Order is the document with its packages.
	Order   order.Order
	Erasure Erasure
	// Unreadable is why the document can't be parsed as an order.
	Unreadable string
	// Cold is the payments of an order that only the view has; nil for others.
	Cold *Payments
}

// Payments is the stored documents of an order's payments and refunds, unparsed.
type Payments struct {
	Attempts map[string][]byte // by their key
	Refunds  map[saga.RefundID][]byte
	Disputes map[saga.DisputeID][]byte
	// Dismissals of alerts, by the alert's id.
	Dismissals map[string][]byte
}

// Orders is what the workflows recorded: the source of every decision. A workflow that
// can't answer because it is stuck is an ErrStuck.
type Orders interface {
	// Walk iterates over all orders that have a workflow. It may lag by some seconds.
	Walk(ctx context.Context) iter.Seq2[saga.Listed, error]
	// Recorded returns the recorded state of an order.
	Recorded(ctx context.Context, orderID string) (saga.Recorded, error)
	// Order queries a workflow for the order itself, or returns ErrUnknownOrder.
	Order(ctx context.Context, orderID string) (order.Order, error)
	// Payments queries a workflow for all payments that it knows, by payment id, or returns
	// ErrUnknownOrder.
	Payments(ctx context.Context, orderID string) (map[string]order.Attempt, error)
	// WalkRefunds iterates over the refunds whose workflow is open. It may lag by some
	// seconds.
	WalkRefunds(ctx context.Context) iter.Seq2[saga.RefundID, error]
	// Refund queries a refund's workflow, or returns ErrUnknownRefund. The status is empty
	// until something has been recorded.
	Refund(ctx context.Context, id saga.RefundID) (order.Refund, error)
	Disputes
}
