package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/payment"
)

// PaymentCallback implements ServerInterface. It answers only after Temporal has stored the
// message: until then the provider has to retry.
func (s *Server) PaymentCallback(c *gin.Context, provider openapi.ID) {
	p, ok := s.cfg.Providers[provider]
	if !ok {
		s.fail(c, errNoProvider)
		return
	}
	message, err := body(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	event, err := p.Callback(c.Request.Header, message, s.cfg.Now())
	if errors.Is(err, payment.ErrIgnored) { // a provider retries what is rejected
		c.Status(http.StatusNoContent)
		c.Writer.WriteHeaderNow()
		return
	}
	if err != nil {
		s.fail(c, callbackError(err))
		return
	}
	s.proven.note(network(c.ClientIP()))
	if err := s.deliver(c.Request.Context(), event); err != nil {
		s.fail(c, fmt.Errorf("deliver payment %s of order %s: %w", event.PaymentID, event.OrderID, err))
		return
	}
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
}

// callbackError returns a problem that tells an authenticated sender what is wrong with the
// message.
func callbackError(err error) error {
	p := *problemOf(err)
	if p.Status == http.StatusBadRequest {
		p.Detail = err.Error()
	}
	return &p
}
