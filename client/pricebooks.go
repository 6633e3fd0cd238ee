package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// PriceBook is a version of the shop's price book.
type PriceBook struct {
	Number      int64     `json:"number"`
	Hash        string    `json:"hash"`
	PublishedAt time.Time `json:"publishedAt"`
	PublishedBy string    `json:"publishedBy"`
	Bytes       int64     `json:"bytes"`
	// Document is empty in lists.
	Document json.RawMessage `json:"priceBook"`
	// ETag of the version as it was read.
	ETag string `json:"-"`
}

// PriceBookPage is a page of versions.
type PriceBookPage struct {
	Items      []PriceBook `json:"items"`
	NextCursor string      `json:"nextCursor"`
}

// PriceBook reads the current version, or the one with this number if it isn't 0.
func (c *Client) PriceBook(ctx context.Context, number int64) (PriceBook, error) {
	path := "/v1/price-book"
	if number > 0 {
		path += "/versions/" + strconv.FormatInt(number, 10)
	}
	a, err := c.do(ctx, call{method: http.MethodGet, path: path})
	if err != nil {
		return PriceBook{}, fmt.Errorf("read the price book: %w", err)
	}
	b := PriceBook{ETag: a.Header.Get("ETag")}
	return b, a.Decode(&b)
}

// PriceBooks lists the versions, newest first.
func (c *Client) PriceBooks(ctx context.Context, limit int, cursor string) (PriceBookPage, error) {
	q := url.Values{}
	setPage(q, limit, cursor)
	var page PriceBookPage
	return page, c.get(ctx, "/v1/price-book/versions", q, &page)
}

// CheckPriceBook reports whether the book is the published one, or why it can't be published.
func (c *Client) CheckPriceBook(ctx context.Context, document []byte) (published bool, err error) {
	a, err := c.do(ctx, call{method: http.MethodPost, path: "/v1/price-book/check", body: document})
	if err != nil {
		return false, fmt.Errorf("check the price book: %w", err)
	}
	var check struct {
		Published bool `json:"published"`
	}
	err = a.Decode(&check)
	return check.Published, err
}

// ReplacePriceBook publishes a price book if the current version still has this ETag, and returns the
// version's number.
func (c *Client) ReplacePriceBook(ctx context.Context, etag string, document []byte) (int64, error) {
	r := call{method: http.MethodPut, path: "/v1/price-book", body: document}
	if etag != "" {
		r.header = http.Header{"If-Match": {etag}}
	}
	a, err := c.do(ctx, r)
	if err != nil {
		return 0, fmt.Errorf("publish the price book: %w", err)
	}
	var b PriceBook
	err = a.Decode(&b)
	return b.Number, err
}

// CouponPage is a page of coupons.
type CouponPage struct {
	Items      []Coupon `json:"items"`
	NextCursor string   `json:"nextCursor"`
}

// Coupons lists coupons, least recently changed first.
func (c *Client) Coupons(ctx context.Context, limit int, cursor string) (CouponPage, error) {
	q := url.Values{}
	setPage(q, limit, cursor)
	var page CouponPage
	return page, c.get(ctx, "/v1/coupons", q, &page)
}

// NewCoupon creates a coupon from a JSON document of its terms. It replaces none: a coupon that is
// already as the document says is returned, another one refuses the call.
func (c *Client) NewCoupon(ctx context.Context, code string, terms []byte) (Coupon, error) {
	return c.coupon(ctx, call{
		method: http.MethodPut, path: couponPath(code), body: terms, header: http.Header{"If-None-Match": {"*"}},
	})
}
