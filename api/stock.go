package api

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/product"
	"holdfast/saga"
)

// AdjustStock implements ServerInterface.
func (s *Server) AdjustStock(c *gin.Context, id openapi.ID, params openapi.AdjustStockParams) {
	stock, err := s.adjustStock(c, id, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, stock)
}

func (s *Server) adjustStock(c *gin.Context, id string, key *string) (openapi.VariantStock, error) {
	var in openapi.StockAdjustment
	if err := checkKey(key); err != nil {
		return openapi.VariantStock{}, err
	}
	if err := decode(c, &in); err != nil {
		return openapi.VariantStock{}, err
	}
	ctx := c.Request.Context()
	a := product.Adjustment{
		ProductID: id, ActionID: actionID(stockAction, key), SKU: in.SKU, Delta: in.Delta, OnHand: in.OnHand,
		Reason: in.Reason, Actor: CallerOf(ctx).Subject,
	}
	if err := a.Validate(); err != nil {
		return openapi.VariantStock{}, err
	}
	stock, err := s.cfg.Products.Adjust(ctx, a)
	return openapi.VariantStock{
		ProductID: id, SKU: in.SKU, OnHand: stock.OnHand, Held: stock.Held, Available: stock.Available(),
	}, stockError(a, err)
}

// stockError returns why an adjustment failed.
func stockError(a product.Adjustment, err error) error {
	if a.SKU == "" && errors.Is(err, product.ErrUnknownSKU) {
		return errNoSKU
	}
	return productError(err)
}

// ListProduct implements ServerInterface.
func (s *Server) ListProduct(c *gin.Context, id openapi.ID) {
	p, err := s.list(c, id)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeProduct(c, http.StatusOK, p)
}

func (s *Server) list(c *gin.Context, id string) (product.Product, error) {
	if err := decodeOptional(c, &struct{}{}); err != nil {
		return product.Product{}, err
	}
	ctx := c.Request.Context()
	if _, err := s.cfg.Products.List(ctx, id); err != nil {
		return product.Product{}, productError(err)
	}
	p, err := s.cfg.Products.Get(ctx, id)
	return p, productError(err)
}

// DelistProduct implements ServerInterface.
func (s *Server) DelistProduct(c *gin.Context, id openapi.ID) {
	started, err := s.delist(c, id)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Header("Retry-After", askAgain)
	c.JSON(http.StatusAccepted, started)
}

// delist starts a workflow that ends the current listing. If the product is listed again in the
// meantime, the new listing stays.
func (s *Server) delist(c *gin.Context, id string) (openapi.DelistStarted, error) {
	if err := decodeOptional(c, &struct{}{}); err != nil {
		return openapi.DelistStarted{}, err
	}
	ctx := c.Request.Context()
	p, err := s.cfg.Products.Get(ctx, id)
	if err != nil {
		return openapi.DelistStarted{}, productError(err)
	}
	if p.Listing == 0 {
		return openapi.DelistStarted{}, notListed.problem("the product was never listed")
	}
	workflowID, err := s.cfg.Sagas.Delist(ctx, saga.Delisting{ProductID: id, Listing: p.Listing, Actor: CallerOf(ctx).Subject})
	return openapi.DelistStarted{WorkflowID: workflowID}, err
}
