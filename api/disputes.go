package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// ListDisputes implements ServerInterface. A dispute has a running workflow until an operator
// dismisses it, so the list comes from Temporal.
func (s *Server) ListDisputes(c *gin.Context, params openapi.ListDisputesParams) {
	page, err := s.listDisputes(c.Request.Context(), params)
	if err != nil {
		s.fail(c, fmt.Errorf("list the disputes: %w", err))
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) listDisputes(ctx context.Context, params openapi.ListDisputesParams) (openapi.DisputePage, error) {
	const of = "disputes"
	limit, token, err := pageAsked(params.Limit, params.Cursor, of)
	if err != nil {
		return openapi.DisputePage{}, err
	}
	found, next, err := s.cfg.Sagas.OpenDisputes(ctx, limit, token)
	if err != nil {
		return openapi.DisputePage{}, pageError(err)
	}
	return openapi.DisputePage{Items: append(make([]openapi.Dispute, 0, len(found)), found...), NextCursor: refundCursor(next, of)}, nil
}

// DismissDispute implements ServerInterface.
func (s *Server) DismissDispute(c *gin.Context) {
	var in openapi.DisputeName
	if err := decode(c, &in); err != nil {
		s.fail(c, err)
		return
	}
	d, err := s.dismiss(c.Request.Context(), in)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, d)
}

func checkDisputeName(in openapi.DisputeName) error {
	var bad product.Invalid
	if !product.ValidID(in.Provider) {
		bad.Add("provider", "must match [A-Za-z0-9._~-]{1,64}")
	}
	if !order.ValidName(in.DisputeID) {
		bad.Add("disputeId", "must be 1 to 255 visible ASCII characters")
	}
	return bad.OrNil()
}

func (s *Server) dismiss(ctx context.Context, in openapi.DisputeName) (order.Dispute, error) {
	if err := checkDisputeName(in); err != nil {
		return order.Dispute{}, err
	}
	d, err := s.cfg.Sagas.DismissDispute(ctx, saga.DisputeID{Provider: in.Provider, DisputeID: in.DisputeID},
		saga.Dismissal{Actor: CallerOf(ctx).Subject})
	switch {
	case errors.Is(err, saga.ErrUnknownDispute):
		return d, errNoDispute
	case err != nil:
		return d, fmt.Errorf("dismiss dispute %s of %s: %w", in.DisputeID, in.Provider, err)
	}
	return d, nil
}
