package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/product"
	"holdfast/webhook"
)

// maxEventNames limits how many events a webhook may name.
const maxEventNames = 50

// WebhookWithSecret is a webhook with its secret, which is shown only once.
type WebhookWithSecret struct {
	webhook.Endpoint
	Secret string `json:"secret"`
}

// RegisterWebhook implements ServerInterface.
func (s *Server) RegisterWebhook(c *gin.Context, params openapi.RegisterWebhookParams) {
	var in openapi.WebhookSpec
	if err := decodeKeyed(c, params.IdempotencyKey, &in); err != nil {
		s.fail(c, err)
		return
	}
	ctx := c.Request.Context()
	if err := s.checkWebhook(ctx, webhook.Patch{URL: &in.URL, Events: &in.Events, Description: &in.Description}); err != nil {
		s.fail(c, err)
		return
	}
	added, secret, err := s.cfg.Webhooks.Add(ctx, webhook.Registration{
		URL: in.URL, Events: in.Events, Description: in.Description, Key: optional(params.IdempotencyKey),
	})
	if err != nil {
		s.fail(c, webhookError(err))
		return
	}
	c.Header("Location", "/v1/webhooks/"+added.ID)
	s.showSecret(c, http.StatusCreated, added, secret)
}

// showSecret is the only place that shows a secret.
func (s *Server) showSecret(c *gin.Context, status int, w webhook.Stored, made webhook.Secret) {
	c.JSON(status, WebhookWithSecret{w.Endpoint, made.Value})
}

func (s *Server) checkWebhook(ctx context.Context, p webhook.Patch) error {
	var bad product.Invalid
	if p.URL != nil {
		if refused, ok := errors.AsType[*webhook.RefusedURLError](s.cfg.CheckURL(ctx, *p.URL)); ok {
			bad.Add("url", refused.Reason)
		}
	}
	if p.Events != nil {
		checkEventNames(&bad, *p.Events)
	}
	if p.Description != nil {
		if len(*p.Description) > webhook.MaxDescriptionBytes {
			bad.Add("description", fmt.Sprintf("at most %d bytes", webhook.MaxDescriptionBytes))
		}
		product.CheckText(&bad, "description", *p.Description)
	}
	if p.Status != nil && *p.Status != webhook.StatusActive && *p.Status != webhook.StatusDisabled {
		bad.Add("status", "must be active or disabled")
	}
	return bad.OrNil()
}

func checkEventNames(bad *product.Invalid, names []string) {
	if len(names) > maxEventNames {
		bad.Add("events", fmt.Sprintf("at most %d", maxEventNames))
		return
	}
	for i, name := range names {
		if !webhook.Known(name) {
			bad.Add(fmt.Sprintf("events[%d]", i), fmt.Sprintf("%q is not an event", shown(name)))
		}
	}
}

// UpdateWebhook implements ServerInterface.
func (s *Server) UpdateWebhook(c *gin.Context, id openapi.ID) {
	w, err := s.updateWebhook(c, id)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, w.Endpoint)
}

func (s *Server) updateWebhook(c *gin.Context, id string) (webhook.Stored, error) {
	var p webhook.Patch
	if err := decodePatch(c, &p, map[string]string{"description": `""`, "events": "[]"}); err != nil {
		return webhook.Stored{}, err
	}
	ctx := c.Request.Context()
	if err := s.checkWebhook(ctx, p); err != nil {
		return webhook.Stored{}, err
	}
	w, err := s.cfg.Webhooks.Update(ctx, id, p)
	if err != nil {
		return w, webhookError(err)
	}
	return w, nil
}

// ListWebhooks implements ServerInterface.
func (s *Server) ListWebhooks(c *gin.Context) {
	all, err := s.cfg.Webhooks.List(c.Request.Context())
	if err != nil {
		s.fail(c, webhookError(err))
		return
	}
	list := openapi.WebhookList{Items: make([]openapi.Webhook, len(all))}
	for i, w := range all {
		list.Items[i] = webhookFor(CallerOf(c.Request.Context()), w.Endpoint)
	}
	c.JSON(http.StatusOK, list)
}

// GetWebhook implements ServerInterface.
func (s *Server) GetWebhook(c *gin.Context, id openapi.ID) {
	w, err := s.cfg.Webhooks.Get(c.Request.Context(), id)
	if err != nil {
		s.fail(c, webhookError(err))
		return
	}
	c.JSON(http.StatusOK, webhookFor(CallerOf(c.Request.Context()), w.Endpoint))
}

// RemoveWebhook implements ServerInterface.
func (s *Server) RemoveWebhook(c *gin.Context, id openapi.ID) {
	if err := s.cfg.Webhooks.Remove(c.Request.Context(), id); err != nil {
		s.fail(c, webhookError(err))
		return
	}
	c.Status(http.StatusNoContent)
}

// RotateWebhook implements ServerInterface.
func (s *Server) RotateWebhook(c *gin.Context, id openapi.ID, params openapi.RotateWebhookParams) {
	if err := decodeOptionalKeyed(c, params.IdempotencyKey, &struct{}{}); err != nil {
		s.fail(c, err)
		return
	}
	w, secret, err := s.cfg.Webhooks.Rotate(c.Request.Context(), id, optional(params.IdempotencyKey), s.cfg.Now())
	if err != nil {
		s.fail(c, webhookError(err))
		return
	}
	s.showSecret(c, http.StatusOK, w, secret)
}

// webhookError returns errors of the request unchanged, and marks any other error as unavailable
// webhooks.
func webhookError(err error) error {
	for _, told := range []error{
		webhook.ErrNotFound, webhook.ErrTooMany, webhook.ErrTooManySecrets, webhook.ErrSecretGone, webhook.ErrKeyReused,
	} {
		if errors.Is(err, told) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", errWebhooks, err)
}
