package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/customer"
	"holdfast/saga"
)

// How far an erasure has come.
const (
	erasureRunning   = "running"
	erasureCompleted = "completed"
)

// EraseCustomer implements ServerInterface.
func (s *Server) EraseCustomer(c *gin.Context, id openapi.ID) {
	e, err := s.erase(c.Request.Context(), id)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusAccepted, shownErasure(e))
}

// erase refuses everything older than now, and then starts what erases the rest. If the process ends in
// between, the sweeper starts it.
func (s *Server) erase(ctx context.Context, id string) (customer.Erasure, error) {
	before := s.cfg.Now().UTC().Truncate(time.Millisecond)
	if _, err := s.cfg.Customers.Erase(ctx, id, before); err != nil {
		return customer.Erasure{}, customersError(err)
	}
	e, err := s.cfg.Customers.Erasure(ctx, id)
	if err != nil {
		return e, customersError(err)
	}
	if err := s.cfg.Sagas.StartErasure(ctx, saga.Erasure{CustomerID: id, Before: before, Since: e.Since}); err != nil {
		return e, fmt.Errorf("erase customer %s: %w", id, err)
	}
	return e, nil
}

// GetErasure implements ServerInterface.
func (s *Server) GetErasure(c *gin.Context, id openapi.ID) {
	e, err := s.cfg.Customers.Erasure(c.Request.Context(), id)
	if err != nil {
		s.fail(c, customersError(err))
		return
	}
	c.JSON(http.StatusOK, shownErasure(e))
}

func shownErasure(e customer.Erasure) openapi.Erasure {
	out := openapi.Erasure{
		CustomerID: e.CustomerID, RequestedAt: e.RequestedAt, Status: erasureRunning, Erased: e.Erased, Open: e.Open, CompletedAt: e.CompletedAt,
	}
	if !e.CompletedAt.IsZero() {
		out.Status = erasureCompleted
	}
	return out
}
