package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// PutProduct creates a product or replaces its description and prices. It
// answers true where the product is new.
func (c *Client) PutProduct(ctx context.Context, id string, body []byte) (bool, error) {
	a, err := c.do(ctx, call{method: http.MethodPut, path: productPath(id, ""), body: body})
	if err != nil {
		return false, fmt.Errorf("put product %s: %w", id, err)
	}
	return a.Status == http.StatusCreated, nil
}

// Stock is what the gateway answers to an adjustment.
type Stock struct {
	OnHand    int64 `json:"onHand"`
	Held      int64 `json:"held"`
	Available int64 `json:"available"`
}

// Adjust moves the stock of a variant by delta, once per key.
func (c *Client) Adjust(ctx context.Context, productID, sku, key string, delta int64) (Stock, error) {
	body, err := json.Marshal(map[string]any{"sku": sku, "delta": delta})
	if err != nil {
		return Stock{}, fmt.Errorf("write the adjustment: %w", err)
	}
	a, err := c.do(ctx, call{method: http.MethodPost, path: productPath(productID, "/stock"), header: keyed(key), body: body})
	if err != nil {
		return Stock{}, fmt.Errorf("adjust the stock of product %s: %w", productID, err)
	}
	var s Stock
	return s, a.Decode(&s)
}

func productPath(id, rest string) string { return "/v1/products/" + url.PathEscape(id) + rest }
