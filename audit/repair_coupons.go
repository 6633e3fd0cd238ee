package audit

import (
	"context"
	"time"

	"holdfast/coupons"
	"holdfast/order"
	"holdfast/product"
)

// CouponStock is what a repair needs of the coupons: the command that the workflows use, and
// those that make counters and lists follow the claims.
type CouponStock interface {
	Claim(ctx context.Context, claims []order.CouponClaim) ([]order.CouponHold, error)
	Mend(ctx context.Context, m coupons.Mending) (bool, error)
	Relist(ctx context.Context, id coupons.ClaimID) (bool, error)
}

// couponRepairs are those of coupons, in an order in which no counter is below its claims
// meanwhile: paid orders take their uses first, whatever the counters say. Then the counters
// follow the claims, and from there on each step keeps them right.
func (r Repairer) couponRepairs(findings []Finding, left *[]Repair) []repairStep {
	m := mender{Repairer: r, findings: findings, left: left}
	return []repairStep{
		{[]Kind{KindCouponNotUsed}, r.use},
		{[]Kind{KindClaimNotListed, KindListedWithoutClaim}, r.relist},
		{[]Kind{KindCouponDiffers, KindCustomerUsesDiffer}, m.do},
		{[]Kind{KindClaimOfClosedOrder, KindClaimOfUnknownOrder, KindUseNotReturned}, r.giveUseBack},
		{[]Kind{KindUseStays}, r.closeUse},
		{[]Kind{KindOrderNotClaimed}, r.claim},
	}
}

func (r Repairer) readClaim(ctx context.Context, f Finding) (coupons.StoredClaim, error) {
	claims, err := r.Coupons.ReadClaims(ctx, []coupons.ClaimID{{Code: f.CouponCode, OrderID: f.OrderID}})
	if err != nil {
		return coupons.StoredClaim{}, err
	}
	return claims[0], nil
}

// use lets a paid order use its coupon, whatever the coupon's limits. Its counters may have
// counted the use before; they are corrected next.
func (r Repairer) use(ctx context.Context, f Finding) (string, error) {
	o, err := r.Orders.Order(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	u, quoted := quotedUse(&o, f.CouponCode)
	if !o.Status.TookPayment() || !quoted {
		return "", cannot("its workflow says %s now", o.Status)
	}
	c, err := r.readClaim(ctx, f)
	if err != nil {
		return "", err
	}
	sale := order.Sale{Holder: o.Holder(), Coupons: []order.CouponUse{u}, Try: 1}
	if c.State == product.HoldStateReleased && !anotherClaim(&o, c) {
		sale.Try = c.Try + 1 // the release ended all tries up to its own
	}
	states, err := r.Stock.CommitSale(ctx, sale)
	if err != nil {
		return "", err
	}
	if states.Coupons[0] != product.HoldStateCommitted {
		return "", cannot("its use is %s now", states.Coupons[0])
	}
	if o.Closed() {
		if err := r.Stock.CloseSale(ctx, sale, false); err != nil {
			return "", err
		}
	}
	return "the order has used the coupon now", nil
}

// relist makes the sweeper's list follow the claim.
func (r Repairer) relist(ctx context.Context, f Finding) (string, error) {
	listed, err := r.CouponStock.Relist(ctx, coupons.ClaimID{Code: f.CouponCode, OrderID: f.OrderID})
	if err != nil {
		return "", err
	}
	if listed {
		return "the claim is on the sweeper's list again", nil
	}
	return "the claim is off the sweeper's list", nil
}

// giveUseBack gives back what an order holds or has used, if it is over without a sale.
func (r Repairer) giveUseBack(ctx context.Context, f Finding) (string, error) {
	c, err := r.readClaim(ctx, f)
	if err != nil {
		return "", err
	}
	rec, err := r.Orders.Recorded(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	switch {
	case rec.Known:
		o, err := r.Orders.Order(ctx, f.OrderID)
		if err != nil {
			return "", err
		}
		over := o.Status.Ended() || (anotherClaim(&o, c) && !c.PlacedAt.After(o.PlacedAt))
		if !over {
			return "", cannot("its workflow says %s now", o.Status)
		}
	case f.Kind == KindClaimOfUnknownOrder && c.State == product.HoldStateCommitted:
		return "", cannot("the order may have been paid: its document is lost")
	case f.Kind == KindClaimOfUnknownOrder && c.Deadline.After(time.Now()):
		return "", cannot("the sweeper gives it back after its deadline, %s", c.Deadline.UTC())
	}
	sale := order.Sale{Holder: c.Holder(), Try: max(c.Try, 1), Coupons: []order.CouponUse{{Code: f.CouponCode}}}
	states, err := r.Stock.ReleaseSale(ctx, sale, "audit")
	if err != nil {
		return "", err
	}
	if states.Coupons[0] != product.HoldStateReleased {
		return "", cannot("its use is %s now", states.Coupons[0])
	}
	return "the use came back", nil
}

// closeUse lets the claim of a closed order expire after a while.
func (r Repairer) closeUse(ctx context.Context, f Finding) (string, error) {
	o, err := r.Orders.Order(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	if !o.Closed() || !o.Status.TookPayment() {
		return "", cannot("its workflow says %s now", o.Status)
	}
	sale := order.Sale{Holder: o.Holder(), Coupons: []order.CouponUse{{Code: f.CouponCode}}, Try: 1}
	if err := r.Stock.CloseSale(ctx, sale, false); err != nil {
		return "", err
	}
	return "its claim expires in a while", nil
}

// claim claims again the use of an order that awaits its payment, after Redis has lost it. It is
// asked as the order's workflow would ask: if other orders took the last use, the payment will
// take one beyond the limit.
func (r Repairer) claim(ctx context.Context, f Finding) (string, error) {
	o, err := r.Orders.Order(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	c, err := r.readClaim(ctx, f)
	if err != nil {
		return "", err
	}
	u, quoted := quotedUse(&o, f.CouponCode)
	switch {
	case o.Status != order.StatusAwaitingPayment || !quoted:
		return "", cannot("its workflow says %s now", o.Status)
	case !o.Payment.Deadline.After(time.Now()):
		return "", cannot("its payment window has ended")
	case c.State != product.HoldStateNone && !anotherClaim(&o, c):
		// A higher try than the workflow's would outlive its release.
		return "", cannot("its claim was %s; a payment uses the coupon all the same", c.State)
	}
	// The first try: whatever the workflow releases also ends it.
	holds, err := r.CouponStock.Claim(ctx, []order.CouponClaim{{
		CouponUse: u, OrderID: o.ID, PlacedAt: o.PlacedAt, Try: 1, Deadline: o.Payment.Deadline, QuotedAt: o.Pricing.QuotedAt,
	}})
	if err != nil {
		return "", err
	}
	switch holds[0].Outcome {
	case product.HoldMade:
		return "a use is held for it", nil
	case product.HoldRefused:
		return "", cannot("the coupon refused it: %s. A payment uses the coupon all the same", holds[0].Reason)
	case product.HoldEnded, product.HoldConflict:
	}
	return "", cannot("the coupon answered %s", holds[0].Outcome)
}
