package api

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/price"
	"holdfast/product"
	"holdfast/quoting"
)

// maxPrices is how many prices one call may ask for.
const maxPrices = 100

// ListPrices implements ServerInterface. It says what single units cost the caller, for pages that
// show products.
func (s *Server) ListPrices(c *gin.Context) {
	var in openapi.PricesRequest
	err := decode(c, &in)
	if err == nil {
		err = checkPrices(in.CustomerID, in.Items)
	}
	var list openapi.PriceList
	if err == nil {
		list, err = s.prices(c, in)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, list)
}

func checkPrices(customerID string, items []openapi.PriceItem) error {
	var bad product.Invalid
	if customerID != "" && !product.ValidID(customerID) {
		bad.Add("customerId", badID)
	}
	if len(items) == 0 || len(items) > maxPrices {
		bad.Add("items", fmt.Sprintf("must have 1 to %d", maxPrices))
		return bad.OrNil()
	}
	for i, it := range items {
		if !product.ValidID(it.ProductID) {
			bad.Add(fmt.Sprintf("items[%d].productId", i), "must match [A-Za-z0-9._~-]{1,64}")
		}
		if it.SKU != "" && !product.ValidID(it.SKU) {
			bad.Add(fmt.Sprintf("items[%d].sku", i), "must match [A-Za-z0-9._~-]{1,64}")
		}
	}
	return bad.OrNil()
}

func (s *Server) prices(c *gin.Context, in openapi.PricesRequest) (openapi.PriceList, error) {
	ctx := c.Request.Context()
	customer, err := customerOf(in.CustomerID, CallerOf(ctx))
	if err != nil {
		return openapi.PriceList{}, err
	}
	if err := s.takeLines(c, len(in.Items)); err != nil {
		return openapi.PriceList{}, err
	}
	ask := quoting.Ask{Terms: true, CustomerID: customer, Wants: make([]product.Want, len(in.Items))}
	for i, it := range in.Items {
		ask.Wants[i] = product.Want{ProductID: it.ProductID, SKUs: []string{it.SKU}}
	}
	seen, err := s.cfg.Quoting.Look(ctx, ask)
	if err != nil {
		return openapi.PriceList{}, fmt.Errorf("%w: %w", errProductsUnavailable, err)
	}
	terms, err := s.terms(ctx, seen)
	if err != nil {
		return openapi.PriceList{}, err
	}
	at := s.cfg.Now().UTC().Truncate(time.Millisecond)
	list := openapi.PriceList{QuotedAt: at, Items: []openapi.UnitPrice{}}
	for _, l := range seen.Products {
		_, step, err := s.charges(l.Currency)
		if err != nil {
			continue // nobody could pay for it
		}
		if sku := l.SKUs[0]; l.Status == product.StatusListed && sku.Known {
			t := terms[l.ProductID]
			unit, off, err := price.Unit(seen.Book, price.Request{
				At: at, Currency: l.Currency, Level: seen.Level, Step: step,
				Lines: []price.Line{{
					ProductID: l.ProductID, SKU: sku.SKU, Category: t.Category, Tags: t.Tags, Quantity: 1, UnitPrice: sku.Price,
				}},
			})
			if _, ok := errors.AsType[*price.Refusal](err); ok {
				continue // no provider charges this amount
			}
			if err != nil {
				return openapi.PriceList{}, err
			}
			list.Items = append(list.Items, openapi.UnitPrice{
				ProductID: l.ProductID, SKU: sku.SKU, Currency: l.Currency, UnitPrice: sku.Price, Price: unit, Adjustments: off,
			})
		}
	}
	return list, nil
}
