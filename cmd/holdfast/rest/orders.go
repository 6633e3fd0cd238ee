package rest

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

// idempotencyKey is the header under which a repeated call is the same call.
const idempotencyKey = "Idempotency-Key"

// Place sends an order request as it stands. The answer's status is 201 where
// the order has its stock, 202 where it is undecided.
func (c *Client) Place(ctx context.Context, key string, body []byte) (Answer, error) {
	return c.do(ctx, call{method: http.MethodPost, path: "/v1/orders", header: keyed(key), body: body})
}

// Order reads an order.
func (c *Client) Order(ctx context.Context, id string) (order.Order, error) {
	return c.order(ctx, id, nil)
}

// OrderAbove reads an order and lets the gateway wait, at most for wait, until
// its version is above version.
func (c *Client) OrderAbove(ctx context.Context, id string, version int64, wait time.Duration) (order.Order, error) {
	return c.order(ctx, id, url.Values{
		"wait": {wait.String()}, "version": {strconv.FormatInt(version, 10)},
	})
}

// Decided reads an order and lets the gateway wait, at most for wait, until it
// has its stock or can't have it.
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

// Cancel ends an unpaid order. The answer's status is 202 where that is undecided.
func (c *Client) Cancel(ctx context.Context, id, key, reason string) (Answer, error) {
	body, err := json.Marshal(map[string]string{"reason": reason})
	if err != nil {
		return Answer{}, fmt.Errorf("write the reason: %w", err)
	}
	if reason == "" {
		body = []byte("{}")
	}
	a, err := c.do(ctx, call{method: http.MethodPost, path: orderPath(id, "/cancel"), header: keyed(key), body: body})
	if err != nil {
		return a, fmt.Errorf("cancel order %s: %w", id, err)
	}
	return a, nil
}

// Deliver says that a paid order has arrived.
func (c *Client) Deliver(ctx context.Context, id, key string) (Answer, error) {
	a, err := c.do(ctx, call{method: http.MethodPost, path: orderPath(id, "/deliver"), header: keyed(key)})
	if err != nil {
		return a, fmt.Errorf("deliver order %s: %w", id, err)
	}
	return a, nil
}

// PaymentResult is what the gateway tells of an order's money.
type PaymentResult struct {
	OrderID  string              `json:"orderId"`
	Status   order.PaymentStatus `json:"status"`
	Attempts []order.Attempt     `json:"attempts"`
	Refunds  []order.Refund      `json:"refunds"`
}

// Payment reads the result of an order's payment.
func (c *Client) Payment(ctx context.Context, id string) (PaymentResult, error) {
	a, err := c.do(ctx, call{method: http.MethodGet, path: orderPath(id, "/payment")})
	if err != nil {
		return PaymentResult{}, fmt.Errorf("read the payment of order %s: %w", id, err)
	}
	var p PaymentResult
	return p, a.Decode(&p)
}

// Callback sends what a payment provider says, with its signature.
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
