// Package activities holds the sagas' side effects, one operation a file: its parameters,
// its result, and Execute. An activity carries out what a workflow decided; it decides
// nothing itself, and everything it does can be repeated with the same outcome.
//
// The interfaces below are what the activities need; package worker wires the real parts.
package activities

import (
	"context"

	"holdfast/order"
	"holdfast/product"
)

// Stock gives access to the product entities. Each method may be repeated, and is bounded
// by its context. Results are in the order of the arguments.
type Stock interface {
	// Hold sends the requests to all products at once.
	Hold(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error)
	// HoldInTurn asks one product after the other, and waits briefly for one whose missing
	// units are only on hold for other orders.
	HoldInTurn(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error)
	// CommitSale sells what the order holds, and notes that it has used its coupons.
	CommitSale(ctx context.Context, s order.Sale) (order.SaleStates, error)
	// ReleaseSale ends all tries up to the sale's, including those still in flight. Uses of
	// coupons come back even if the order was paid.
	ReleaseSale(ctx context.Context, s order.Sale, reason string) (order.SaleStates, error)
	// Restock returns units that the order bought, at most those that it has not returned
	// yet. It returns how many of each sku came back.
	Restock(ctx context.Context, h product.Holder, productID, returnID string, items []product.Item) (map[string]int64, error)
	// Take takes units out of stock without a sale, all of them or none. It returns what is
	// short, by product.
	Take(ctx context.Context, t product.Taking) (map[string][]product.Refusal, error)
	// PutBack undoes a Take, once.
	PutBack(ctx context.Context, t product.Taking) error
	// CloseSale lets the record of a paid order's purchases expire after a while, because
	// the order is closed. If it was taken back as a whole, its uses of coupons come back.
	CloseSale(ctx context.Context, s order.Sale, takenBack bool) error
}

// Coupons gives access to the coupons with limits. Each method may be repeated.
type Coupons interface {
	// Claim asks each coupon for a use. The answers are in the order of the claims.
	Claim(ctx context.Context, claims []order.CouponClaim) ([]order.CouponHold, error)
}

// Records stores the orders' documents.
type Records interface {
	// Put stores the document only if its version is newer.
	Put(ctx context.Context, r order.Record) error
}

// Names under which the activities are registered; the web UI shows them.
const (
	NameHoldStock      = "HoldStock"
	NameCommitStock    = "CommitStock"
	NameReclaimStock   = "ReclaimStock"
	NameReleaseStock   = "ReleaseStock"
	NameUnwindSale     = "UnwindSale"
	NameRestockUnits   = "RestockUnits"
	NameTakeUnits      = "TakeUnits"
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
	NameWatchPackage   = "WatchPackage"
	NameTakenScans     = "TakenScans"
	NameUnmatchScan    = "UnmatchScan"
	NameDecide         = "Decide"
	NameEraseOrders    = "EraseOrders"
)

// record stores an order's document and the changes of its payments.
func record(ctx context.Context, to Records, p RecordParams) error {
	r, err := order.NewRecord(&p.Order, p.Payments)
	if err != nil {
		return err
	}
	r.Changed, r.Network = p.Changed, p.Network
	return to.Put(ctx, r)
}
