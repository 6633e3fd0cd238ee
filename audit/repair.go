package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// Stock is what a repair needs of the product entities: the same commands, with the same
// checks, that the workflows use.
type Stock interface {
	Hold(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error)
	Commit(ctx context.Context, h product.Holder, productIDs []string) ([]product.HoldState, error)
	Release(ctx context.Context, h product.Holder, try int, productIDs []string, reason string) ([]product.HoldState, error)
	Restock(ctx context.Context, h product.Holder, productID, returnID string, items []product.Item) (map[string]int64, error)
	Recount(ctx context.Context, productID string, version int64, units map[string]int64) (bool, error)
	CloseSales(ctx context.Context, h product.Holder, productIDs []string) error
	// CommitSale, ReleaseSale and CloseSale are the same with an order's uses of coupons.
	CommitSale(ctx context.Context, s order.Sale) (order.SaleStates, error)
	ReleaseSale(ctx context.Context, s order.Sale, reason string) (order.SaleStates, error)
	CloseSale(ctx context.Context, s order.Sale, takenBack bool) error
	RememberSale(ctx context.Context, h product.Holder, productID, currency string, items []product.HeldItem) (product.HoldState, error)
}

// Repair is one finding, with what was done about it or why it could not be repaired.
type Repair struct {
	Finding Finding `json:"finding"`
	Done    string  `json:"done"`
}

// Repairer repeats what workflows recorded.
type Repairer struct {
	Config
	Stock   Stock
	Records Records
	// CouponStock is needed if the Config has Coupons.
	CouponStock CouponStock
	// Scans is needed if the Config has Numbers.
	Scans Scans
}

// Run audits, repairs what it can, and audits again. The report is that of the second
// audit, plus what was repaired.
func (r Repairer) Run(ctx context.Context) (Report, error) {
	r.fill()
	before, err := Run(ctx, r.Config)
	if err != nil || len(before.Findings) == 0 {
		return before, err
	}
	repaired, left, err := r.repair(ctx, before.Findings)
	if err != nil {
		return before, fmt.Errorf("repair: %w", err)
	}
	after, err := Run(ctx, r.Config)
	after.Repaired, after.NotRepaired = repaired, left
	return after, err
}

// repairStep repairs findings of these kinds.
type repairStep struct {
	kinds []Kind
	do    func(context.Context, Finding) (string, error)
}

// repair starts with repairs that free units, and ends with those that take them. Coupons come
// last: their uses are counted by the orders' documents too.
func (r Repairer) repair(ctx context.Context, findings []Finding) (done, left []Repair, err error) {
	lacks := lacking(findings)
	steps := []repairStep{
		{[]Kind{KindHoldOfClosedOrder}, func(ctx context.Context, f Finding) (string, error) { return r.release(ctx, f, lacks) }},
		{[]Kind{KindNotReturned}, func(ctx context.Context, f Finding) (string, error) { return r.giveBack(ctx, f, lacks) }},
		{[]Kind{KindPaidNotCommitted}, func(ctx context.Context, f Finding) (string, error) { return r.sell(ctx, f, lacks) }},
		{[]Kind{KindSaleExpires}, r.remember},
		{[]Kind{KindSaleStays}, r.closeSale},
		{[]Kind{KindOrderNotHeld}, r.hold},
		{[]Kind{KindCustomerUnitsDiffer}, r.recount},
		{[]Kind{
			KindDocumentMissing, KindDocumentOld, KindDocumentDiffers, KindDocumentUnreadable, KindPackageMissing, KindPackageDiffers,
			KindPackageUnknown, KindFactsDiffer, KindPaymentMissing, KindPaymentDiffers,
		}, r.write},
		{[]Kind{KindErasedDataPresent, KindErasedMarkMissing}, r.erase},
		{[]Kind{KindNumberUnowned}, r.own},
		{[]Kind{KindRefundMissing, KindRefundDiffers, KindPartRefundDiffers}, r.writeRefund},
		{[]Kind{KindDisputeMissing, KindDisputeDiffers}, r.writeDispute},
	}
	for _, step := range append(steps, r.couponRepairs(findings, &left)...) {
		for _, f := range findings {
			if !slices.Contains(step.kinds, f.Kind) {
				continue
			}
			what, err := step.do(ctx, f)
			var no *cannotError
			switch {
			case errors.As(err, &no):
				left = append(left, Repair{f, no.why})
			case errors.Is(err, saga.ErrUnknownOrder), errors.Is(err, saga.ErrStuck):
				left = append(left, Repair{f, err.Error()})
			case err != nil:
				return done, left, fmt.Errorf("%s: %w", f, err)
			default:
				done = append(done, Repair{f, what})
			}
		}
	}
	return done, left, nil
}

// lacks counts, by product and sku, the sold units that are missing from a ledger (below 0:
// that it has too many), and the units by which held is below the live holds. They
// distinguish a step that Redis has lost from a hold whose own record is wrong: for the
// latter, the same step would count twice.
type lacks struct{ sold, held map[variant]int64 }

type variant struct{ product, sku string }

func lacking(findings []Finding) lacks {
	l := lacks{sold: map[variant]int64{}, held: map[variant]int64{}}
	for _, f := range findings {
		switch v := (variant{f.ProductID, f.SKU}); {
		case f.Kind == KindSoldDiffers: // the sum over lost sales and lost returns
			l.sold[v] = -f.Units
		case f.Kind == KindHeldDiffers && f.Units < 0:
			l.held[v] = -f.Units
		}
	}
	return l
}

func (r Repairer) read(ctx context.Context, f Finding) (Hold, error) {
	holds, err := r.Books.ReadHolds(ctx, []HoldID{{f.ProductID, f.OrderID}})
	if err != nil {
		return Hold{}, err
	}
	return holds[0], nil
}

// cannotError is why a finding can't be repaired from the records.
type cannotError struct{ why string }

func (e *cannotError) Error() string { return e.why }

func cannot(format string, args ...any) error { return &cannotError{fmt.Sprintf(format, args...)} }
