package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Webhook is an address that gets the shop's events.
type Webhook struct {
	ID          string    `json:"id"`
	URL         string    `json:"url"`
	Events      []string  `json:"events"`
	Description string    `json:"description"`
	CreatedAt   time.Time `json:"createdAt"`
	// Status is active or disabled. The list is open.
	Status     string    `json:"status"`
	DisabledAt time.Time `json:"disabledAt"`
	// Secret signs its messages. It is known only when it was just made.
	Secret string `json:"secret"`
}

// WebhookSpec is what a webhook is registered with.
type WebhookSpec struct {
	URL         string   `json:"url"`
	Events      []string `json:"events,omitempty"`
	Description string   `json:"description,omitempty"`
}

// Delivery is one event on its way to a webhook.
type Delivery struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	// Status is pending, delivered, failed or dropped. The list is open.
	Status       string            `json:"status"`
	NextAt       time.Time         `json:"nextAt"`
	Attempts     []DeliveryAttempt `json:"attempts"`
	AttemptCount int               `json:"attemptCount"`
}

// DeliveryAttempt is one attempt to deliver an event: an answer's status, or why there was none.
type DeliveryAttempt struct {
	At         time.Time `json:"at"`
	DurationMs int64     `json:"durationMs"`
	Status     int       `json:"status"`
	Error      string    `json:"error"`
}

// DeliveryPage is a page of deliveries.
type DeliveryPage struct {
	Items      []Delivery `json:"items"`
	NextCursor string     `json:"nextCursor"`
}

// Webhooks lists all webhooks, oldest first.
func (c *Client) Webhooks(ctx context.Context) ([]Webhook, error) {
	var list struct {
		Items []Webhook `json:"items"`
	}
	err := c.get(ctx, "/v1/webhooks", nil, &list)
	return list.Items, err
}

// Webhook reads one webhook.
func (c *Client) Webhook(ctx context.Context, id string) (Webhook, error) {
	var w Webhook
	return w, c.get(ctx, webhookPath(id, ""), nil, &w)
}

// RegisterWebhook registers a webhook, once per key.
func (c *Client) RegisterWebhook(ctx context.Context, key string, spec WebhookSpec) (Webhook, error) {
	var w Webhook
	return w, c.change(ctx, http.MethodPost, "/v1/webhooks", key, spec, &w)
}

// SetWebhookStatus disables a webhook, or makes it active again.
func (c *Client) SetWebhookStatus(ctx context.Context, id, status string) (Webhook, error) {
	var w Webhook
	return w, c.change(ctx, http.MethodPatch, webhookPath(id, ""), "", map[string]string{"status": status}, &w)
}

// Deliveries lists a webhook's deliveries, newest event first.
func (c *Client) Deliveries(ctx context.Context, id string, limit int, cursor string) (DeliveryPage, error) {
	q := url.Values{}
	setPage(q, limit, cursor)
	var page DeliveryPage
	return page, c.get(ctx, webhookPath(id, "/deliveries"), q, &page)
}

// OrderDelivery is an event about an order on its way to a webhook.
type OrderDelivery struct {
	WebhookID string `json:"webhookId"`
	// Host of the webhook's URL.
	Host string `json:"host"`
	Delivery
}

// OrderDeliveries lists what webhooks were told about an order, newest event first.
func (c *Client) OrderDeliveries(ctx context.Context, orderID string) ([]OrderDelivery, error) {
	var list struct {
		Items []OrderDelivery `json:"items"`
	}
	err := c.get(ctx, orderPath(orderID, "/deliveries"), nil, &list)
	return list.Items, err
}

// ReplayDelivery sends an event again, once per key.
func (c *Client) ReplayDelivery(ctx context.Context, id, deliveryID, key string) error {
	return c.start(ctx, webhookPath(id, "/deliveries/"+url.PathEscape(deliveryID)+"/replay"), key)
}

// TestWebhook sends a test event, once per key.
func (c *Client) TestWebhook(ctx context.Context, id, key string) error {
	return c.start(ctx, webhookPath(id, "/test"), key)
}

// start begins something that goes on after the answer.
func (c *Client) start(ctx context.Context, path, key string) error {
	if _, err := c.do(ctx, call{method: http.MethodPost, path: path, header: keyed(key)}); err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	return nil
}

func webhookPath(id, rest string) string { return "/v1/webhooks/" + url.PathEscape(id) + rest }
