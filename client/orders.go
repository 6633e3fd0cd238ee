package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"holdfast/order"
)

// idempotencyKey is the header that makes repeating a call safe.
const idempotencyKey = "Idempotency-Key"

// Place places an order; body is the JSON that POST /v1/orders takes. The status is 201
// once the order holds its stock, and 202 while that is undecided: then repeat the call
// under the same key, or wait with Decided.
func (c *Client) Place(ctx context.Context, key string, body []byte) (Answer, error) {
	return c.do(ctx, call{method: http.MethodPost, path: "/v1/orders", header: keyed(key), body: body})
}

// Order returns an order.
func (c *Client) Order(ctx context.Context, id string) (order.Order, error) {
	return c.order(ctx, id, nil)
}

// OrderAbove returns an order as soon as its version exceeds version, or as it is after wait.
func (c *Client) OrderAbove(ctx context.Context, id string, version int64, wait time.Duration) (order.Order, error) {
	return c.order(ctx, id, url.Values{
		"wait": {wait.String()}, "version": {strconv.FormatInt(version, 10)},
	})
}

// Decided returns an order as soon as it is decided whether it gets its stock, or as it is
// after wait.
func (c *Client) Decided(ctx context.Context, id string, wait time.Duration) (order.Order, error) {
	return c.order(ctx, id, url.Values{"wait": {wait.String()}})
}

func (c *Client) order(ctx context.Context, id string, query url.Values) (order.Order, error) {
	a, err := c.do(ctx, call{method: http.MethodGet, path: orderPath(id, ""), query: query})
	if err != nil {
		return order.Order{}, fmt.Errorf("read order %s: %w", id, err)
	}
	var o order.Order
	return o, a.Decode(&o)
}

// Cancellation says why an order is cancelled.
type Cancellation struct {
	// Reason defaults to the caller's own: customer, or operator for staff.
	Reason string `json:"reason,omitempty"`
	Note   string `json:"note,omitempty"`
}

// Cancel cancels an order that isn't packed. The status is 202 while the outcome is undecided. The
// reason may be empty, and so may the key: all calls without one count as the same call.
func (c *Client) Cancel(ctx context.Context, id, key string, why Cancellation) (Answer, error) {
	body, err := json.Marshal(why)
	if err != nil {
		return Answer{}, fmt.Errorf("encode the reason: %w", err)
	}
	a, err := c.do(ctx, call{method: http.MethodPost, path: orderPath(id, "/cancel"), header: keyed(key), body: body})
	if err != nil {
		return a, fmt.Errorf("cancel order %s: %w", id, err)
	}
	return a, nil
}

// Deliver reports that a paid order has arrived.
func (c *Client) Deliver(ctx context.Context, id, key string) (Answer, error) {
	a, err := c.do(ctx, call{method: http.MethodPost, path: orderPath(id, "/deliver"), header: keyed(key)})
	if err != nil {
		return a, fmt.Errorf("deliver order %s: %w", id, err)
	}
	return a, nil
}

// PaymentResult is what happened to an order's money.
type PaymentResult struct {
	OrderID  string              `json:"orderId"`
	Status   order.PaymentStatus `json:"status"`
	Attempts []order.Attempt     `json:"attempts"`
	Refunds  []order.Refund      `json:"refunds"`
	Disputes []order.Dispute     `json:"disputes"`
}

// Payment returns what happened to an order's money: attempts, refunds, and the result.
func (c *Client) Payment(ctx context.Context, id string) (PaymentResult, error) {
	a, err := c.do(ctx, call{method: http.MethodGet, path: orderPath(id, "/payment")})
	if err != nil {
		return PaymentResult{}, fmt.Errorf("read the payment of order %s: %w", id, err)
	}
	var p PaymentResult
	return p, a.Decode(&p)
}

// Callback sends a payment provider's signed message, as the provider itself would.
func (c *Client) Callback(ctx context.Context, provider string, header http.Header, body []byte) error {
	path := "/v1/payments/callbacks/" + url.PathEscape(provider)
	_, err := c.do(ctx, call{method: http.MethodPost, path: path, header: header, body: body})
	if err != nil {
		return fmt.Errorf("send the payment callback: %w", err)
	}
	return nil
}

func orderPath(id, rest string) string { return "/v1/orders/" + url.PathEscape(id) + rest }

func keyed(key string) http.Header {
	if key == "" {
		return nil
	}
	return http.Header{idempotencyKey: {key}}
}
