package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// RefundPage is a page of refunds that aren't completed.
type RefundPage struct {
	Items      []Refund `json:"items"`
	NextCursor string   `json:"nextCursor"`
}

// Refunds lists refunds that aren't completed, newest first; an empty status lists all of them.
func (c *Client) Refunds(ctx context.Context, status string, limit int, cursor string) (RefundPage, error) {
	q := url.Values{}
	set(q, "status", status)
	setPage(q, limit, cursor)
	var page RefundPage
	return page, c.get(ctx, "/v1/refunds", q, &page)
}

// Refund gives a buyer back an amount of what they paid for the order; 0 is all that is left. A call under
// the same key is the same refund.
func (c *Client) Refund(ctx context.Context, orderID, key string, amount int64, note string) (Refund, error) {
	body := struct {
		Amount int64  `json:"amount,omitempty"`
		Note   string `json:"note,omitempty"`
	}{amount, note}
	var r Refund
	return r, c.change(ctx, http.MethodPost, orderPath(orderID, "/refunds"), key, body, &r)
}

// Decision says what becomes of a refund that can't continue by itself.
type Decision struct {
	PaymentID string `json:"paymentId"`
	RefundID  string `json:"refundId"`
	// Choice is refund, assign or settled.
	Choice string `json:"choice"`
	// OrderID is the order that the payment is assigned to.
	OrderID string `json:"orderId,omitempty"`
	// Status that the decision applies to; empty means failed and case.
	Status string `json:"status,omitempty"`
}

// DecideRefund decides a refund, once per key.
func (c *Client) DecideRefund(ctx context.Context, key string, d Decision) (Refund, error) {
	var r Refund
	return r, c.change(ctx, http.MethodPost, "/v1/refunds/decide", key, d, &r)
}

// DisputePage is a page of disputes that weren't dismissed.
type DisputePage struct {
	Items      []Dispute `json:"items"`
	NextCursor string    `json:"nextCursor"`
}

// Disputes lists the disputes that weren't dismissed, newest first.
func (c *Client) Disputes(ctx context.Context, limit int, cursor string) (DisputePage, error) {
	q := url.Values{}
	setPage(q, limit, cursor)
	var page DisputePage
	return page, c.get(ctx, "/v1/disputes", q, &page)
}

// DismissDispute takes a dispute off the list.
func (c *Client) DismissDispute(ctx context.Context, provider, id string) error {
	body, err := json.Marshal(map[string]string{"provider": provider, "disputeId": id})
	if err != nil {
		return fmt.Errorf("encode the dispute: %w", err)
	}
	if _, err := c.do(ctx, call{method: http.MethodPost, path: "/v1/disputes/dismiss", body: body}); err != nil {
		return fmt.Errorf("dismiss dispute %s: %w", id, err)
	}
	return nil
}
