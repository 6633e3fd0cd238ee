package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/search"
)

// ListProductEvents implements ServerInterface.
func (s *Server) ListProductEvents(c *gin.Context, id openapi.ID, params openapi.ListProductEventsParams) {
	page, err := s.productEvents(c.Request.Context(), search.EventQuery{
		ProductID: id, Types: optional(params.Type), OrderID: optional(params.OrderID),
		Limit: params.Limit, Cursor: optional(params.Cursor),
	})
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeView(c, eventPage(page))
}

// eventPage is a page of events as the index stores them.
type eventPage struct {
	Items      []search.Event `json:"items"`
	NextCursor string         `json:"nextCursor,omitempty"`
}

func (s *Server) productEvents(ctx context.Context, q search.EventQuery) (search.EventPage, error) {
	if err := q.Validate(); err != nil {
		return search.EventPage{}, badQuery(err)
	}
	page, err := searchView(ctx, s, func(ctx context.Context, i Index) (search.EventPage, error) {
		return listEvents(ctx, i, q)
	})
	if err != nil || len(page.Items) > 0 || q.Cursor != "" {
		return page, err
	}
	_, err = s.cfg.Products.Get(ctx, q.ProductID) // tells a product without events from one that doesn't exist
	return page, productError(err)
}

// listEvents requests a page, and then a shorter one if its events exceed the page's size limit: an
// event of a product with 100 variants has 10 KB.
func listEvents(ctx context.Context, i Index, q search.EventQuery) (search.EventPage, error) {
	page, err := i.ListEvents(ctx, q)
	if err != nil {
		return page, err
	}
	n := onPage(page.Items, func(e search.Event) int { return eventBytes + len(e.Stock) + len(e.Prices) })
	if n == len(page.Items) {
		return page, nil
	}
	q.Limit = &n
	return i.ListEvents(ctx, q)
}

// eventBytes is the approximate size of an event without its stock and prices.
const eventBytes = 400
