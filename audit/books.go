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

// Books is what Redis keeps, as it lies there. The walks go over everything in
// batches, each entity at least once; what is made or deleted meanwhile may be
// seen or not. The reads answer in the order asked, in one round trip.
type Books interface {
	WalkProducts(ctx context.Context) iter.Seq2[[]string, error]
	WalkHolds(ctx context.Context) iter.Seq2[[]HoldID, error]
	// WalkDeadlines goes over the entries of the sweeper's lists.
	WalkDeadlines(ctx context.Context) iter.Seq2[[]HoldID, error]
	WalkDocuments(ctx context.Context) iter.Seq2[[]string, error]

	ReadProducts(ctx context.Context, ids []string) ([]Product, error)
	ReadHolds(ctx context.Context, ids []HoldID) ([]Hold, error)
	ReadDocuments(ctx context.Context, orderIDs []string) ([]Document, error)
	ReadPayments(ctx context.Context, orderIDs []string) ([]Payments, error)
	// Forgotten counts the orders that have left Redis by their status.
	Forgotten(ctx context.Context) (map[order.Status]int64, error)
	// Snapshot reads a product and holds of it as they are at one moment.
	Snapshot(ctx context.Context, productID string, orderIDs []string) (Product, []Hold, error)
}

// Product is one entity as it is stored.
type Product struct {
	ID    string
	Found bool
	// Stock by sku, of variants that were dropped too.
	Stock map[string]product.Stock
	// Version of the product as it was read.
	Version int64
	// Buyers are the units that unpaid orders of customers hold, whose units are limited.
	Buyers map[string]int64
	// Listed are the orders on the product's list of live holds.
	Listed []string
	// Unreadable says what of it is no number.
	Unreadable string
}

// Hold is one hold as it is stored, and whether the lists name it.
type Hold struct {
	product.HoldDetail
	// OnProduct: on the product's list of live holds. OnDeadlines: on the
	// sweeper's list.
	OnProduct, OnDeadlines bool
	// Expires is after what time Redis forgets it; 0 is never.
	Expires time.Duration
	// Unreadable says what of it can't be read.
	Unreadable string
}

// Document is the stored copy of an order.
type Document struct {
	OrderID string
	Found   bool
	// Version beside the document, by which copies go.
	Version int64
	// Text is the document as it lies there.
	Text  []byte
	Order order.Order
	// Unreadable says why the document is no order.
	Unreadable string
	// Cold is the payments of an order that the view alone has; nil of others.
	Cold *Payments
}

// Payments is the stored documents of an order's payments and refunds, as they
// lie there.
type Payments struct {
	Attempts map[string][]byte // by their key
	Refunds  map[saga.RefundID][]byte
	Disputes map[saga.DisputeID][]byte
}

// Orders is what the workflows recorded: the home of every decision. A workflow
// that can't be asked since it is stuck is an ErrStuck.
type Orders interface {
	// Walk goes over all orders that have a workflow. It may be some seconds late.
	Walk(ctx context.Context) iter.Seq2[saga.Listed, error]
	// Recorded asks how an order stands.
	Recorded(ctx context.Context, orderID string) (saga.Recorded, error)
	// Order asks a workflow for the order itself, or answers ErrUnknownOrder.
	Order(ctx context.Context, orderID string) (order.Order, error)
	// Payments asks a workflow for all payments that it heard of, by payment id,
	// or answers ErrUnknownOrder.
	Payments(ctx context.Context, orderID string) (map[string]order.Attempt, error)
	// WalkRefunds goes over the refunds whose workflow is open. It may be some
	// seconds late.
	WalkRefunds(ctx context.Context) iter.Seq2[saga.RefundID, error]
	// Refund asks a refund's workflow how it stands, or answers ErrUnknownRefund.
	// The status is empty as long as nothing is on record of it.
	Refund(ctx context.Context, id saga.RefundID) (order.Refund, error)
	Disputes
}
