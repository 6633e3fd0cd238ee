package audit

import (
	"fmt"
	"time"

	"holdfast/coupon"
	"holdfast/coupons"
	"holdfast/order"
	"holdfast/product"
)

// quotedUse is the use of a coupon that an order was quoted with, as the coupon counts it.
func quotedUse(o *order.Order, code string) (order.CouponUse, bool) {
	for _, u := range o.Sale(1).Coupons {
		if u.Code == code {
			u.CustomerID = coupon.CountedFor(u.CustomerID)
			return u, true
		}
	}
	return order.CouponUse{}, false
}

func anotherClaim(o *order.Order, c coupons.StoredClaim) bool {
	return !c.PlacedAt.IsZero() && c.PlacedAt.UnixMilli() != o.PlacedAt.UnixMilli()
}

// isLapsed reports whether an order has used a coupon and closed so long ago that Redis may have
// forgotten its claim.
func isLapsed(o *order.Order, c coupons.StoredClaim) bool {
	at := o.ClosedAt
	if at.IsZero() {
		at = o.Payment.PaidAt // of document shape 1
	}
	return o.Status.TookPayment() && o.Closed() && c.State == product.HoldStateNone && time.Since(at) > forgottenAfter
}

func claimFinding(k Kind, c coupons.StoredClaim, format string, args ...any) Finding {
	return Finding{Kind: k, CouponCode: c.Code, OrderID: c.OrderID, Detail: fmt.Sprintf(format, args...)}
}

// claimOfOrder compares one claim with its order. running means that the order's workflow is
// active and may be about to act.
func claimOfOrder(o *order.Order, c coupons.StoredClaim, running bool) []Finding {
	off := func(k Kind, format string, args ...any) []Finding {
		return []Finding{claimFinding(k, c, format, args...)}
	}
	use, quoted := quotedUse(o, c.Code)
	if anotherClaim(o, c) {
		return claimOfAnother(o, c, quoted)
	}
	switch {
	case !quoted && c.IsLive():
		return off(KindClaimDiffers, "a use is %s for the order, which was not quoted with this coupon", c.State)
	case !quoted, isLapsed(o, c):
		return nil
	case o.Status.TookPayment() && c.State != product.HoldStateCommitted:
		return off(KindCouponNotUsed, "the order is %s, and its use is %s", o.Status, c.State)
	case o.Status == order.StatusAwaitingPayment && c.State == product.HoldStateCommitted:
		return off(KindUsedUnpaid, "the order awaits its payment, but its use is committed")
	case o.Status == order.StatusAwaitingPayment && c.State != product.HoldStateHeld:
		return off(KindOrderNotClaimed, "the order awaits its payment, but its use is %s", c.State)
	case o.Status.Ended() && c.State == product.HoldStateHeld && !running:
		return off(KindClaimOfClosedOrder, "the order is %s, but a use is held for it", o.Status)
	case o.Status.Ended() && c.State == product.HoldStateCommitted && !running:
		return off(KindUseNotReturned, "the order is %s, but its use is committed", o.Status)
	case o.Status.Undecided() || o.Status.Ended() || !c.IsLive():
		return nil
	case c.Version != use.Version || c.Amount != use.Amount:
		return off(KindClaimDiffers, "the order was quoted %d off by version %d of the terms, but its claim says %d by version %d",
			use.Amount, use.Version, c.Amount, c.Version)
	case c.CustomerID != "" && c.CustomerID != use.CustomerID:
		return off(KindClaimDiffers, "the order is of customer %q, but its use is counted for %s", o.CustomerID, c.CustomerID)
	case o.Closed() && c.State == product.HoldStateCommitted && c.Expires == 0 && !running:
		return off(KindUseStays, "the order is %s, but Redis never forgets its claim", o.Status)
	}
	return nil
}

// claimOfAnother is claimOfOrder for a claim of an earlier or later order with the same id. What
// an earlier one used stays used.
func claimOfAnother(o *order.Order, c coupons.StoredClaim, quoted bool) (found []Finding) {
	at := c.PlacedAt.UTC()
	if c.State == product.HoldStateHeld {
		found = append(found, claimFinding(KindClaimOfClosedOrder, c, "a use is held for an order with this id that was placed at %s", at))
	}
	switch {
	case quoted && o.Status.TookPayment():
		found = append(found, claimFinding(KindCouponNotUsed, c, "the order is %s, and its use is %s for an order with this id that was placed at %s",
			o.Status, c.State, at))
	case quoted && o.Status == order.StatusAwaitingPayment:
		found = append(found, claimFinding(KindOrderNotClaimed, c,
			"the order awaits its payment, and its use is %s for an order with this id that was placed at %s", c.State, at))
	}
	return found
}
