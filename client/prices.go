package client

import (
	"context"
	"fmt"
	"net/http"
)

// PublishPriceBook makes a price book the current one, and returns its version; body is the JSON
// that PUT /v1/price-book takes. It reports whether it is a new version: a book that is the
// current one already stays as it is.
func (c *Client) PublishPriceBook(ctx context.Context, body []byte) (number int64, published bool, err error) {
	a, err := c.do(ctx, call{method: http.MethodPut, path: "/v1/price-book", body: body})
	if err != nil {
		return 0, false, fmt.Errorf("publish the price book: %w", err)
	}
	var v struct {
		Number int64 `json:"number"`
	}
	err = a.Decode(&v)
	return v.Number, a.Status == http.StatusCreated, err
}
