package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/product"
	"holdfast/webhook"
)

// ListWebhookDeliveries implements ServerInterface.
func (s *Server) ListWebhookDeliveries(c *gin.Context, id openapi.ID, params openapi.ListWebhookDeliveriesParams) {
	page, err := s.webhookDeliveries(c.Request.Context(), id, params)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) webhookDeliveries(ctx context.Context, id string, params openapi.ListWebhookDeliveriesParams) (WebhookDeliveryPage, error) {
	limit, after := defaultPage, optional(params.Cursor)
	if params.Limit != nil {
		limit = *params.Limit
	}
	if limit < 1 || limit > 100 {
		return WebhookDeliveryPage{}, malformed("limit", "must lie between 1 and 100")
	}
	if after != "" && !product.ValidID(after) {
		return WebhookDeliveryPage{}, malformed("cursor", "is not the cursor of a page of this query")
	}
	if _, err := s.cfg.Webhooks.Get(ctx, id); err != nil {
		return WebhookDeliveryPage{}, webhookError(err)
	}
	found, more, err := s.cfg.Webhooks.Deliveries(ctx, id, limit, after)
	if err != nil {
		return WebhookDeliveryPage{}, webhookError(err)
	}
	page := WebhookDeliveryPage{Items: make([]webhookDelivery, len(found))}
	for i, d := range found {
		page.Items[i] = deliverySummary(d)
	}
	if more && len(found) > 0 {
		page.NextCursor = found[len(found)-1].ID
	}
	return page, nil
}

// WebhookDeliveryPage is a page of delivery summaries.
type WebhookDeliveryPage struct {
	Items      []webhookDelivery `json:"items"`
	NextCursor string            `json:"nextCursor,omitempty"`
}

// webhookDelivery is a delivery with only its last attempts: after three days of retries there are
// a hundred.
type webhookDelivery struct {
	webhook.Logged
	AttemptCount int `json:"attemptCount"`
}

// maxOrderDeliveries is how many deliveries about an order are listed.
const maxOrderDeliveries = 100

// OrderDeliveryList are the newest deliveries about an order.
type OrderDeliveryList struct {
	Items []orderDelivery `json:"items"`
}

type orderDelivery struct {
	webhook.OrderDelivery
	AttemptCount int `json:"attemptCount"`
}

// ListOrderDeliveries implements ServerInterface.
func (s *Server) ListOrderDeliveries(c *gin.Context, id openapi.ID) {
	found, err := s.cfg.Webhooks.OrderDeliveries(c.Request.Context(), id, maxOrderDeliveries)
	if err != nil {
		s.fail(c, webhookError(err))
		return
	}
	list := OrderDeliveryList{Items: make([]orderDelivery, len(found))}
	for i, d := range found {
		summary := deliverySummary(d.Logged)
		d.Logged = summary.Logged
		list.Items[i] = orderDelivery{d, summary.AttemptCount}
	}
	c.JSON(http.StatusOK, list)
}

const shownAttempts = 5

func deliverySummary(d webhook.Logged) webhookDelivery {
	n := len(d.Attempts)
	d.Attempts = d.Attempts[max(0, n-shownAttempts):]
	return webhookDelivery{d, n}
}

// ReplayWebhookDelivery implements ServerInterface.
func (s *Server) ReplayWebhookDelivery(c *gin.Context, id openapi.ID, deliveryID openapi.ID, params openapi.ReplayWebhookDeliveryParams) {
	if err := decodeOptionalKeyed(c, params.IdempotencyKey, &struct{}{}); err != nil {
		s.fail(c, err)
		return
	}
	if err := s.replay(c.Request.Context(), id, deliveryID, params.IdempotencyKey); err != nil {
		s.fail(c, err)
		return
	}
	c.Status(http.StatusAccepted)
}

func (s *Server) replay(ctx context.Context, id, deliveryID string, key *string) error {
	w, err := s.activeWebhook(ctx, id)
	if err != nil {
		return err
	}
	event, err := s.cfg.Webhooks.Event(ctx, id, deliveryID)
	if err != nil {
		return webhookError(err)
	}
	return s.cfg.Sagas.ReplayWebhook(ctx, w.Delivery(event), webhook.KeyOf("replay", optional(key)))
}

// TestWebhook implements ServerInterface.
func (s *Server) TestWebhook(c *gin.Context, id openapi.ID, params openapi.TestWebhookParams) {
	if err := decodeOptionalKeyed(c, params.IdempotencyKey, &struct{}{}); err != nil {
		s.fail(c, err)
		return
	}
	event, err := s.testWebhook(c.Request.Context(), id, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusAccepted, openapi.WebhookTest{DeliveryID: event.ID})
}

func (s *Server) testWebhook(ctx context.Context, id string, key *string) (webhook.Event, error) {
	w, err := s.activeWebhook(ctx, id)
	if err != nil {
		return webhook.Event{}, err
	}
	event, err := webhook.NewTest(id, optional(key), s.cfg.Now())
	if err != nil {
		return event, err
	}
	return event, s.cfg.Sagas.DeliverWebhook(ctx, w.Delivery(event))
}

// activeWebhook returns a webhook to which something is about to be sent; it must not be disabled.
func (s *Server) activeWebhook(ctx context.Context, id string) (webhook.Stored, error) {
	w, err := s.cfg.Webhooks.Get(ctx, id)
	switch {
	case err != nil:
		return w, webhookError(err)
	case w.Status != webhook.StatusActive:
		return w, errWebhookDisabled
	}
	return w, nil
}
