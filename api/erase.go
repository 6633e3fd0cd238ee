package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/customer"
	"holdfast/order"
	"holdfast/saga"
	"holdfast/search"
)

// How far an erasure has come.
const (
	erasureRunning   = "running"
	erasureCompleted = "completed"
)

// EraseCustomer implements ServerInterface.
func (s *Server) EraseCustomer(c *gin.Context, id openapi.ID, params openapi.EraseCustomerParams) {
	if !customer.ValidID(id) {
		s.fail(c, malformed("id", "must be a customer's own id, not me"))
		return
	}
	if optional(params.DryRun) {
		p, err := s.previewErasure(c.Request.Context(), id)
		if err != nil {
			s.fail(c, err)
			return
		}
		c.JSON(http.StatusOK, p)
		return
	}
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

// previewedOrders bounds how many orders are searched for refunds that are owed.
const previewedOrders = 500

// previewErasure says what an erasure would be about.
func (s *Server) previewErasure(ctx context.Context, id string) (openapi.ErasurePreview, error) {
	p := openapi.ErasurePreview{CustomerID: id}
	known, err := s.cfg.Customers.Get(ctx, id)
	if err != nil {
		return p, customersError(err)
	}
	p.IsCustomer = known.Version != customer.NotThere
	return searchView(ctx, s, func(ctx context.Context, i Index) (openapi.ErasurePreview, error) {
		open, err := i.ListOrders(ctx, search.OrderQuery{CustomerID: id, Closed: new(false), Limit: new(1)})
		if err != nil {
			return p, err
		}
		p.Open = open.Total
		q := search.OrderQuery{CustomerID: id, Limit: new(s.cfg.ordersAtOnce())}
		for seen := 0; seen < previewedOrders; {
			page, err := i.ListOrders(ctx, q)
			if err != nil {
				return p, err
			}
			p.Orders = page.Total
			for _, o := range page.Items {
				if owes(o) {
					p.Owing++
				}
			}
			seen += len(page.Items)
			if q.Cursor = page.NextCursor; q.Cursor == "" {
				break
			}
		}
		return p, nil
	})
}

// owes reports whether a refund of the order is not paid out yet.
func owes(o search.Order) bool {
	money, err := order.ReadPayments(o.Payments)
	return err == nil && slices.ContainsFunc(money.Refunds, func(r order.Refund) bool { return !r.Status.Over() })
}
