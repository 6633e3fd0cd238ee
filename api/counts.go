package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/search"
)

// CountOrders implements ServerInterface.
func (s *Server) CountOrders(c *gin.Context, params openapi.CountOrdersParams) {
	q := search.OrderCountQuery{Hours: params.Hours, Now: s.cfg.Now()}
	if err := badQuery(q.Validate()); err != nil {
		s.fail(c, err)
		return
	}
	counts, err := searchView(c.Request.Context(), s, func(ctx context.Context, i Index) (search.OrderCounts, error) {
		return i.CountOrders(ctx, q)
	})
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeView(c, counts)
}
