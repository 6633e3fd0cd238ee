package inventory

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/product"
	"holdfast/redisdb"
)

// CloseSales lets the holds of a closed paid order expire after Remember. Until then a sale
// is kept for as long as its order is open, so that its units can still come back.
func (s *Store) CloseSales(ctx context.Context, h product.Holder, productIDs []string) error {
	if err := validIDs(append([]string{h.OrderID}, productIDs...)...); err != nil {
		return fmt.Errorf("close sales: %w", err)
	}
	if len(productIDs) == 0 {
		return nil
	}
	calls := make([]redisdb.Call, len(productIDs))
	for i, id := range productIDs {
		calls[i] = redisdb.Call{
			Script: closeScript, Keys: []string{holdKey(id, h.OrderID)}, Args: []any{placed(h.PlacedAt), rememberSeconds},
		}
	}
	for i, answer := range redisdb.Run(ctx, s.rdb, calls...) {
		if err := answer.Err(); err != nil {
			return fmt.Errorf("close the sale of product %s to order %s: %w", productIDs[i], h.OrderID, err)
		}
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
