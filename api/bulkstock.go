package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/product"
)

type stockResult struct {
	lineResult
	ProductID string `json:"productId,omitempty"`
	SKU       string `json:"sku,omitempty"`
	// The stock after the adjustment; nil if it was refused.
	OnHand    *int64 `json:"onHand,omitempty"`
	Held      *int64 `json:"held,omitempty"`
	Available *int64 `json:"available,omitempty"`
}

// AdjustStocks implements ServerInterface.
func (s *Server) AdjustStocks(c *gin.Context, params openapi.AdjustStocksParams) {
	results, err := s.adjustStocks(c, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	writeLines(c, results)
}

func (s *Server) adjustStocks(c *gin.Context, key *string) ([]stockResult, error) {
	lines, err := s.readLines(c, key)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), bulkTimeout)
	defer cancel()
	if err := s.rememberBody(ctx, c, key, product.RememberActions); err != nil {
		return nil, err
	}
	adjustments, errs := make([]product.Adjustment, len(lines)), make([]error, len(lines))
	for i, l := range lines {
		adjustments[i], errs[i] = readStockLine(l, key)
		adjustments[i].Actor = CallerOf(ctx).Subject
	}
	done := doSound(adjustments, errs, func(sound []product.Adjustment) []product.Adjusted { return s.cfg.Products.AdjustMany(ctx, sound) })
	results := make([]stockResult, len(lines))
	for i, l := range lines {
		a, r := adjustments[i], &results[i]
		r.ProductID, r.SKU = a.ProductID, a.SKU
		if errs[i] == nil {
			errs[i] = stockError(a, done[i].Err)
		}
		if errs[i] == nil {
			stock := done[i].Stock
			r.OnHand, r.Held, r.Available = &stock.OnHand, &stock.Held, new(stock.Available())
		}
		r.lineResult = resultOf(c, l, http.StatusOK, errs[i])
	}
	return results, nil
}

// readStockLine returns the product and sku even of a line that it refuses, if the line has them.
// A line without an action id gets one made of the request's key and its own number, which is safe
// because a key belongs to one body.
func readStockLine(l bulkLine, key *string) (product.Adjustment, error) {
	var in struct {
		ProductID string  `json:"productId"`
		ActionID  *string `json:"actionId"`
		openapi.StockAdjustment
	}
	err := decodeStrict(l.text, &in)
	a := product.Adjustment{
		ProductID: shown(in.ProductID), SKU: shown(in.SKU), Delta: in.Delta, OnHand: in.OnHand, Reason: in.Reason,
	}
	switch {
	case err != nil:
		return a, err
	case !product.ValidID(in.ProductID):
		return a, malformed("productId", badID)
	case in.ActionID != nil && !validKey(*in.ActionID):
		return a, malformed("actionId", badKey)
	case in.ActionID != nil:
		a.ActionID = actionID(stockAction, in.ActionID)
	case key == nil:
		return a, errNoKey
	default:
		a.ActionID = fmt.Sprintf("bulk/%s/%d", *key, l.number)
	}
	return a, a.Validate()
}
