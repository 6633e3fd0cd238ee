package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"holdfast/coupon"
)

// Coupon is a coupon with its terms, its limits and how often it is used.
type Coupon struct {
	Code string `json:"code"`
	coupon.Spec
	// Uses are those that count against the limit: Claimed + Committed - Returned.
	Uses      int64 `json:"uses"`
	Claimed   int64 `json:"claimed"`
	Committed int64 `json:"committed"`
	Returned  int64 `json:"returned"`
	// Version grows with every change, TermsVersion with every change of the terms alone.
	Version      int64     `json:"version"`
	TermsVersion int64     `json:"termsVersion"`
	CreatedAt    time.Time `json:"createdAt"`
	UpdatedAt    time.Time `json:"updatedAt"`
}

// Coupon returns a coupon.
func (c *Client) Coupon(ctx context.Context, code string) (Coupon, error) {
	return c.coupon(ctx, call{method: http.MethodGet, path: couponPath(code)})
}

// PutCoupon creates a coupon or replaces its terms and limits; body is the JSON that
// PUT /v1/coupons/{code} takes. It reports whether the coupon is new.
func (c *Client) PutCoupon(ctx context.Context, code string, body []byte) (bool, error) {
	a, err := c.do(ctx, call{method: http.MethodPut, path: couponPath(code), body: body})
	if err != nil {
		return false, fmt.Errorf("put coupon %s: %w", code, err)
	}
	return a.Status == http.StatusCreated, nil
}

// EndCoupon lets no further order use the coupon.
func (c *Client) EndCoupon(ctx context.Context, code string) (Coupon, error) {
	return c.coupon(ctx, call{method: http.MethodPost, path: couponPath(code) + "/end"})
}

func (c *Client) coupon(ctx context.Context, r call) (Coupon, error) {
	a, err := c.do(ctx, r)
	if err != nil {
		return Coupon{}, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	var found Coupon
	return found, a.Decode(&found)
}

func couponPath(code string) string { return "/v1/coupons/" + url.PathEscape(code) }
