package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// ProductEvent is something that happened to a product.
type ProductEvent struct {
	ID        string           `json:"id"`
	ProductID string           `json:"productId"`
	Type      string           `json:"type"`
	At        time.Time        `json:"at"`
	OrderID   string           `json:"orderId"`
	Actor     string           `json:"actor"`
	Reason    string           `json:"reason"`
	Stock     []StockChange    `json:"stock"`
	Prices    map[string]int64 `json:"prices"`
	Status    string           `json:"status"`
}

// StockChange is a variant's stock after an event, and its totals of all time.
type StockChange struct {
	SKU       string `json:"sku"`
	OnHand    int64  `json:"onHand"`
	Held      int64  `json:"held"`
	Adjusted  int64  `json:"adjusted"`
	Committed int64  `json:"committed"`
	Restocked int64  `json:"restocked"`
}

// ProductEventPage is a page of a product's history.
type ProductEventPage struct {
	Items      []ProductEvent `json:"items"`
	NextCursor string         `json:"nextCursor"`
}

// ProductEvents lists what happened to a product, newest first, or only events of some types.
func (c *Client) ProductEvents(ctx context.Context, id string, types []string, limit int, cursor string) (ProductEventPage, error) {
	q := url.Values{}
	if len(types) > 0 {
		q["type"] = types
	}
	setPage(q, limit, cursor)
	var page ProductEventPage
	return page, c.get(ctx, productPath(id, "/events"), q, &page)
}

// StockAdjustment changes a stock: it has either Delta, or the counted number OnHand.
type StockAdjustment struct {
	SKU    string `json:"sku,omitempty"`
	Delta  *int64 `json:"delta,omitempty"`
	OnHand *int64 `json:"onHand,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// AdjustStock changes a variant's stock, once per key, and says why.
func (c *Client) AdjustStock(ctx context.Context, productID, key string, a StockAdjustment) (Stock, error) {
	var s Stock
	return s, c.change(ctx, http.MethodPost, productPath(productID, "/stock"), key, a, &s)
}

// ListProduct offers a product for sale.
func (c *Client) ListProduct(ctx context.Context, id string) error {
	return c.change(ctx, http.MethodPost, productPath(id, "/list"), "", nil, nil)
}

// PatchProduct changes fields of a product by a JSON merge patch, if it still has this ETag.
func (c *Client) PatchProduct(ctx context.Context, id, etag string, patch any) error {
	body, err := json.Marshal(patch)
	if err != nil {
		return fmt.Errorf("encode the patch: %w", err)
	}
	r := call{method: http.MethodPatch, path: productPath(id, ""), body: body}
	if etag != "" {
		r.header = http.Header{"If-Match": {etag}}
	}
	if _, err := c.do(ctx, r); err != nil {
		return fmt.Errorf("change product %s: %w", id, err)
	}
	return nil
}
