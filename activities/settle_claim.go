package activities

import (
	"context"
	"fmt"

	"holdfast/order"
	"holdfast/product"
)

// settleAny is settle for a hold of a product or of a use of a coupon.
func (s *Settler) settleAny(ctx context.Context, h product.LiveHold) (what Settling, running bool, err error) {
	if h.CouponCode != "" {
		return s.settleClaim(ctx, h.CouponCode, h.OrderID)
	}
	return s.settle(ctx, h.ProductID, h.OrderID)
}

// settleClaim is settle for an order's claim on a coupon. It leaves the order's money and
// documents to its holds: whatever becomes of them, an order without a workflow sells nothing.
func (s *Settler) settleClaim(ctx context.Context, code, orderID string) (what Settling, running bool, err error) {
	claim, err := s.Claims.ClaimDetail(ctx, code, orderID)
	if err != nil || claim.State != product.HoldStateHeld {
		return SettlingLeftAlone, false, err
	}
	sale := order.Sale{Holder: claim.Holder(), Try: claim.Try, Coupons: []order.CouponUse{{Code: code}}}
	replaced, err := s.placedAgain(ctx, sale.Holder)
	if err != nil {
		return "", false, err
	}
	if replaced {
		return s.releaseClaim(ctx, sale)
	}
	fate, paid, err := s.fate(ctx, sale.Holder)
	if err != nil || (fate.Running && !paid) {
		return SettlingLeftAlone, fate.Running, err
	}
	closed := fate.Closed
	if !paid && !fate.Running {
		o, _, err := s.furthest(ctx, sale.Holder, fate)
		if err != nil {
			return "", false, err
		}
		paid, closed = o != nil && o.Status.TookPayment(), o != nil && o.Closed()
	}
	if !paid {
		return s.releaseClaim(ctx, sale)
	}
	_, err = s.Stock.CommitSale(ctx, sale)
	if err == nil && closed { // the step that closed the order's sale didn't see this claim
		err = s.Stock.CloseSale(ctx, sale, false)
	}
	if err != nil {
		return "", false, fmt.Errorf("commit the use of coupon %s by order %s: %w", code, orderID, err)
	}
	return SettlingCommitted, fate.Running, nil
}

func (s *Settler) releaseClaim(ctx context.Context, sale order.Sale) (Settling, bool, error) {
	if _, err := s.Stock.ReleaseSale(ctx, sale, swept); err != nil {
		return "", false, fmt.Errorf("release the claim of order %s on coupon %s: %w", sale.OrderID, sale.Coupons[0].Code, err)
	}
	return SettlingReleased, false, nil
}

// giveCouponsBack gives back every use of a coupon by an order that ends unpaid, even one that
// was committed: the order was terminated between its sale and the end of the payment step.
func (s *Settler) giveCouponsBack(ctx context.Context, o *order.Order) error {
	for _, u := range saleOf(o, 1).Coupons {
		claim, err := s.Claims.ClaimDetail(ctx, u.Code, o.ID)
		if err != nil {
			return err
		}
		sale := order.Sale{Holder: o.Holder(), Try: max(claim.Try, 1), Coupons: []order.CouponUse{u}}
		if _, _, err := s.releaseClaim(ctx, sale); err != nil {
			return err
		}
	}
	return nil
}
