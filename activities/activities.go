// Package activities holds what the sagas do to the world, one operation a
// file: its parameters, its result, and Execute. An activity carries out what a
// workflow decided; it decides nothing by itself, and everything that it does
// may be done again with the same outcome.
//
// The interfaces below are what the activities need of the world; package
// worker wires the real parts.
package activities

import (
	"context"

	"holdfast/order"
	"holdfast/product"
)

// Stock is the product entities. Each method may be repeated, and is bounded by
// its context. Answers stand in the order of what was asked.
type Stock interface {
	// Hold asks all products at once.
	Hold(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error)
	// HoldInTurn asks one product after the other, and waits a little for one
	// that is short through other orders' holds alone.
	HoldInTurn(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error)
	Commit(ctx context.Context, h product.Holder, productIDs []string) ([]product.HoldState, error)
	// Release ends all tries up to try, also those that are still on their way.
	Release(ctx context.Context, h product.Holder, try int, productIDs []string, reason string) ([]product.HoldState, error)
	// Restock gives back units that the order bought, never more than it has not returned
	// yet, and answers how many of each sku came back.
	Restock(ctx context.Context, h product.Holder, productID, returnID string, items []product.Item) (map[string]int64, error)
	// CloseSales lets what a paid order bought be forgotten in a while: the order is closed.
	CloseSales(ctx context.Context, h product.Holder, productIDs []string) error
}

// Records is the orders' documents.
type Records interface {
	// Put takes the document only if its version is newer.
	Put(ctx context.Context, r order.Record) error
}

// Names under which the activities are registered: what the web UI shows.
const (
	NameHoldStock      = "HoldStock"
	NameCommitStock    = "CommitStock"
	NameReclaimStock   = "ReclaimStock"
	NameReleaseStock   = "ReleaseStock"
	NameUnwindSale     = "UnwindSale"
	NameRecordOrder    = "RecordOrder"
	NameDelistProduct  = "DelistProduct"
	NameCancelHolders  = "CancelHolders"
	NameLookUpPayment  = "LookUpPayment"
	NameRecordRefund   = "RecordRefund"
	NameSweepHolds     = "SweepHolds"
	NameRebuildView    = "RebuildView"
	NameCompareViews   = "CompareViews"
	NameForgetOrders   = "ForgetOrders"
	NameOpenPayment    = "OpenPayment"
	NameEndPayments    = "EndPayments"
	NameFitRefund      = "FitRefund"
	NamePayRefund      = "PayRefund"
	NameFindRefund     = "FindRefund"
	NameAssignPayment  = "AssignPayment"
	NameFindDispute    = "FindDispute"
	NameRecordDispute  = "RecordDispute"
	NameDeliverWebhook = "DeliverWebhook"
	NameSettleWebhook  = "SettleWebhook"
)

// record writes an order's document and what changed of its payments.
func record(ctx context.Context, to Records, o *order.Order, payments map[string]order.Attempt) error {
	r, err := order.NewRecord(o, payments)
	if err != nil {
		return err
	}
	return to.Put(ctx, r)
}
