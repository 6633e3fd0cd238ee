package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// PutProduct creates a product or replaces its description and prices; body is the JSON
// that PUT /v1/products/{id} takes. It reports whether the product is new.
func (c *Client) PutProduct(ctx context.Context, id string, body []byte) (bool, error) {
	a, err := c.do(ctx, call{method: http.MethodPut, path: productPath(id, ""), body: body})
	if err != nil {
		return false, fmt.Errorf("put product %s: %w", id, err)
	}
	return a.Status == http.StatusCreated, nil
}

// Stock is a variant's stock in units: available is what is on hand and not held.
type Stock struct {
	OnHand    int64 `json:"onHand"`
	Held      int64 `json:"held"`
	Available int64 `json:"available"`
}

// Adjust changes the stock of a variant by delta, once per key. The sku may be empty if
// the product has only one variant.
func (c *Client) Adjust(ctx context.Context, productID, sku, key string, delta int64) (Stock, error) {
	body, err := json.Marshal(map[string]any{"sku": sku, "delta": delta})
	if err != nil {
		return Stock{}, fmt.Errorf("encode the adjustment: %w", err)
	}
	a, err := c.do(ctx, call{method: http.MethodPost, path: productPath(productID, "/stock"), header: keyed(key), body: body})
	if err != nil {
		return Stock{}, fmt.Errorf("adjust the stock of product %s: %w", productID, err)
	}
	var s Stock
	return s, a.Decode(&s)
}

// Delist takes a product off sale. The workflow whose id is returned cancels the unpaid
// orders that hold it.
func (c *Client) Delist(ctx context.Context, id string) (workflowID string, err error) {
	a, err := c.do(ctx, call{method: http.MethodPost, path: productPath(id, "/delist")})
	if err != nil {
		return "", fmt.Errorf("delist product %s: %w", id, err)
	}
	var started struct {
		WorkflowID string `json:"workflowId"`
	}
	err = a.Decode(&started)
	return started.WorkflowID, err
}

func productPath(id, rest string) string { return "/v1/products/" + url.PathEscape(id) + rest }
