package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"holdfast/search"
)

// SearchProducts implements ServerInterface.
func (s *Server) SearchProducts(c *gin.Context, params SearchProductsParams) {
	q, err := productQuery(params)
	if err != nil {
		s.fail(c, err)
		return
	}
	page, err := fromView(c.Request.Context(), s, func(ctx context.Context, i Index) (search.ProductPage, error) {
		return i.SearchProducts(ctx, q)
	})
	if err != nil {
		s.fail(c, err)
		return
	}
	s.metrics.searches.WithLabelValues(searchAnswer(page)).Inc()
	s.writeView(c, pageOf(page))
}

// productQuery reads what is asked for, and says all that is wrong with it.
func productQuery(params SearchProductsParams) (search.ProductQuery, error) {
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

// productPage is a page of products as the contract has it.
type productPage struct {
	Items      []productItem `json:"items"`
	Facets     facets        `json:"facets"`
	NextCursor string        `json:"nextCursor,omitempty"`
	Total      int64         `json:"total"`
	Tolerant   bool          `json:"tolerant"`
}

// productItem is written from the index's own document.
type productItem struct {
	*search.Product
	InStock    bool                `json:"inStock"`
	Highlights map[string][]string `json:"highlights,omitempty"`
}

type facets struct {
	Category []facetValue `json:"category"`
	Brand    []facetValue `json:"brand"`
	Tag      []facetValue `json:"tag"`
}

type facetValue struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

func pageOf(p search.ProductPage) productPage {
	page := productPage{
		Items:  make([]productItem, len(p.Items)),
		Facets: facets{Category: facet(p.Facets.Category), Brand: facet(p.Facets.Brand), Tag: facet(p.Facets.Tag)},
		Total:  p.Total, Tolerant: p.Tolerant, NextCursor: p.NextCursor,
	}
	for i := range p.Items {
		hit := &p.Items[i]
		page.Items[i] = productItem{Product: &hit.Product, InStock: hit.InStock(), Highlights: hit.Highlights}
	}
	return page
}

func facet(values []search.FacetValue) []facetValue {
	f := make([]facetValue, len(values))
	for i, v := range values {
		f[i] = facetValue(v)
	}
	return f
}
