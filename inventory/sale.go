package inventory

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/coupons"
	"holdfast/order"
	"holdfast/product"
	"holdfast/redisdb"
)

// CloseSales lets the holds of a closed paid order expire after Remember. Until then a sale
// is kept for as long as its order is open, so that its units can still come back.
func (s *Store) CloseSales(ctx context.Context, h product.Holder, productIDs []string) error {
	return s.CloseSale(ctx, order.Sale{Holder: h, ProductIDs: productIDs, Try: 1}, false)
}

// CloseSale is CloseSales for all that the order took, in one pipeline. Its uses of coupons
// come back if the sale was taken back as a whole.
func (s *Store) CloseSale(ctx context.Context, sale order.Sale, takenBack bool) error {
	closing := func(id string) redisdb.Call {
		return redisdb.Call{
			Script: closeScript, Keys: []string{holdKey(id, sale.OrderID)}, Args: []any{placed(sale.PlacedAt), rememberSeconds},
		}
	}
	_, err := s.settle(ctx, sale, closing, func(u order.CouponUse) (redisdb.Call, error) {
		if takenBack {
			return coupons.Release(u.Code, sale.Holder, sale.Try, "taken_back")
		}
		return coupons.Close(u.Code, sale.Holder)
	})
	if err != nil {
		return fmt.Errorf("close sales: %w", err)
	}
	return nil
}

// RememberSale stores again what a paid and open order bought of a product, for an audit
// that found the units in the ledger but no lasting hold. It moves no stock. It returns the
// state of the hold: committed, or that of another hold that exists and stays.
func (s *Store) RememberSale(ctx context.Context, h product.Holder, productID, currency string, items []product.HeldItem) (product.HoldState, error) {
	if err := validIDs(productID, h.OrderID); err != nil {
		return "", fmt.Errorf("remember a sale: %w", err)
	}
	lines, err := json.Marshal(items)
	if err != nil {
		return "", fmt.Errorf("write the lines of order %s: %w", h.OrderID, err)
	}
	state, err := redisdb.Run(ctx, s.rdb, redisdb.Call{
		Script: rememberScript, Keys: []string{holdKey(productID, h.OrderID)}, Args: []any{placed(h.PlacedAt), currency, lines},
	})[0].Text()
	if err != nil {
		return "", fmt.Errorf("remember the sale of product %s to order %s: %w", productID, h.OrderID, err)
	}
	return product.HoldState(state), nil
}
