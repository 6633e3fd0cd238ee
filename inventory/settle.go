package inventory

import (
	"context"
	"fmt"

	"holdfast/coupons"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

// Commit sells what the order holds of each product, and returns the state of each hold:
// committed now or before, released (too late), or none.
func (s *Store) Commit(ctx context.Context, h product.Holder, productIDs []string) ([]product.HoldState, error) {
	states, err := s.CommitSale(ctx, order.Sale{Holder: h, ProductIDs: productIDs, Try: 1})
	return states.Products, err
}

// CommitSale is Commit for all that the order takes, in one pipeline. A use of a coupon is
// committed even if its claim was lost, but not if the sale's try was released.
func (s *Store) CommitSale(ctx context.Context, sale order.Sale) (order.SaleStates, error) {
	states, err := s.settle(ctx, sale, settling(sale, commitScript), func(u order.CouponUse) (redisdb.Call, error) {
		return coupons.Commit(u, sale.Holder, sale.Try)
	})
	if err != nil {
		return order.SaleStates{}, fmt.Errorf("commit: %w", err)
	}
	return states, nil
}

// Release gives back what the order holds of each product and ends all its tries up to try,
// including those still in flight: if there is no hold, it leaves a mark. It returns the
// state of each hold: released, committed (too late), or held if a newer try holds.
func (s *Store) Release(ctx context.Context, h product.Holder, try int, productIDs []string, reason string) ([]product.HoldState, error) {
	states, err := s.ReleaseSale(ctx, order.Sale{Holder: h, ProductIDs: productIDs, Try: try}, reason)
	return states.Products, err
}

// ReleaseSale is Release for all that the order takes, in one pipeline. Uses of coupons come
// back even if they were committed.
func (s *Store) ReleaseSale(ctx context.Context, sale order.Sale, reason string) (order.SaleStates, error) {
	if sale.Try < 1 {
		return order.SaleStates{}, fmt.Errorf("release order %s: try %d is below 1", sale.OrderID, sale.Try)
	}
	products := settling(sale, releaseScript, sale.Try, reason, rememberSeconds)
	states, err := s.settle(ctx, sale, products, func(u order.CouponUse) (redisdb.Call, error) {
		return coupons.Release(u.Code, sale.Holder, sale.Try, reason)
	})
	if err != nil {
		return order.SaleStates{}, fmt.Errorf("release: %w", err)
	}
	return states, nil
}

// settling returns the calls of a script that ends the order's hold of a product.
func settling(sale order.Sale, script *redisdb.Script, args ...any) func(productID string) redisdb.Call {
	return func(id string) redisdb.Call {
		return redisdb.Call{
			Script: script, Keys: holdKeys(id, sale.OrderID), Args: append([]any{id, sale.OrderID, placed(sale.PlacedAt)}, args...),
		}
	}
}

// settle makes one call for each product of the sale and one for each coupon, in one pipeline.
func (s *Store) settle(
	ctx context.Context, sale order.Sale,
	ofProduct func(productID string) redisdb.Call, ofCoupon func(order.CouponUse) (redisdb.Call, error),
) (order.SaleStates, error) {
	var states order.SaleStates
	if err := validIDs(append([]string{sale.OrderID}, sale.ProductIDs...)...); err != nil {
		return states, err
	}
	calls := make([]redisdb.Call, 0, len(sale.ProductIDs)+len(sale.Coupons))
	for _, id := range sale.ProductIDs {
		calls = append(calls, ofProduct(id))
	}
	for _, u := range sale.Coupons {
		call, err := ofCoupon(u)
		if err != nil {
			return states, err
		}
		calls = append(calls, call)
	}
	if len(calls) == 0 {
		return states, nil
	}
	for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		state, err := answer.Text()
		if err != nil {
			return order.SaleStates{}, fmt.Errorf("%s of order %s: %w", partOf(sale, i), sale.OrderID, err)
		}
		if i < len(sale.ProductIDs) {
			states.Products = append(states.Products, product.HoldState(state))
		} else {
			states.Coupons = append(states.Coupons, product.HoldState(state))
		}
	}
	return states, nil
}

// partOf names a part of a sale for errors.
func partOf(sale order.Sale, i int) string {
	if i < len(sale.ProductIDs) {
		return "product " + sale.ProductIDs[i]
	}
	return "coupon " + sale.Coupons[i-len(sale.ProductIDs)].Code
}
