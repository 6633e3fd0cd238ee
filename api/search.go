package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/search"
)

// SearchProducts implements ServerInterface.
func (s *Server) SearchProducts(c *gin.Context, params openapi.SearchProductsParams) {
	q, err := productQuery(params)
	if err != nil {
		s.fail(c, err)
		return
	}
	page, err := searchView(c.Request.Context(), s, func(ctx context.Context, i Index) (search.ProductPage, error) {
		return searchProducts(ctx, i, q)
	})
	if err != nil {
		s.fail(c, err)
		return
	}
	s.metrics.searches.WithLabelValues(searchAnswer(page)).Inc()
	c.Data(http.StatusOK, jsonType, appendPage(nil, page))
}

// searchProducts asks for a page, and again for a shorter one where its products are too
// many for its bytes: only the index knows the cursor behind any one of them.
func searchProducts(ctx context.Context, i Index, q search.ProductQuery) (search.ProductPage, error) {
	page, err := i.SearchProducts(ctx, q)
	if err != nil {
		return page, err
	}
	for n := range page.Items {
		summarize(&page.Items[n].Product)
	}
	n := onPage(page.Items, func(h search.ProductHit) int { return len(appendHit(nil, &h)) })
	if n == len(page.Items) {
		return page, nil
	}
	q.Limit = &n
	if page, err = i.SearchProducts(ctx, q); err != nil {
		return page, err
	}
	for n := range page.Items {
		summarize(&page.Items[n].Product)
	}
	return page, nil
}

// productQuery reads what is asked for, and says all that is wrong with it.
func productQuery(params openapi.SearchProductsParams) (search.ProductQuery, error) {
	q := search.ProductQuery{
		Q: optional(params.Q), Category: optional(params.Category), Brand: optional(params.Brand), Tag: optional(params.Tag),
		MinPrice: params.MinPrice, MaxPrice: params.MaxPrice, InStock: optional(params.InStock),
		Sort: search.Sort(optional(params.Sort)), Limit: params.Limit, Cursor: optional(params.Cursor),
	}
	soldOut := optional(params.SoldOut)
	q.SoldOutInPlace = soldOut == "inPlace"
	if soldOut != "" && soldOut != "last" && soldOut != "inPlace" {
		return q, malformed("soldOut", "must be last or inPlace")
	}
	return q, badQuery(q.Validate())
}

// searchAnswer names an outcome for the metrics: what customers look for and don't
// find is what a merchant wants to know.
func searchAnswer(p search.ProductPage) string {
	switch {
	case p.Total == 0:
		return "empty"
	case p.Tolerant:
		return "tolerant"
	}
	return "found"
}
