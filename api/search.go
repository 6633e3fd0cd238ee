package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/product"
	"holdfast/search"
)

// SearchProducts implements ServerInterface.
func (s *Server) SearchProducts(c *gin.Context, params openapi.SearchProductsParams) {
	q, err := productQuery(params)
	if err == nil && beyondListed(q) {
		err = requireStaff(c)
	}
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

// beyondListed reports whether the query asks for more than listed products.
func beyondListed(q search.ProductQuery) bool {
	return q.ExternalReference != "" || slices.ContainsFunc(q.Status, func(s product.Status) bool { return s != product.StatusListed })
}

// requireStaff returns an error unless the caller of a public call is staff.
func requireStaff(c *gin.Context) error {
	caller := CallerOf(c.Request.Context())
	switch invalid := unrecognized(c); {
	case caller.Staff():
		return nil
	case invalid != nil:
		return challenge(c, invalid)
	case caller.Subject == "":
		return challenge(c, errNoToken)
	}
	return errStaffOnly
}

// searchProducts requests a page, and then a shorter one if its products exceed the page's size
// limit, because only the index knows the cursor after a given product.
func searchProducts(ctx context.Context, i Index, q search.ProductQuery) (search.ProductPage, error) {
	page, err := summaries(ctx, i, q)
	if err != nil {
		return page, err
	}
	n := onPage(page.Items, func(h search.ProductHit) int { return len(appendHit(nil, &h)) })
	if n == len(page.Items) {
		return page, nil
	}
	q.Limit = &n
	return summaries(ctx, i, q)
}

// summaries requests a page of product summaries, as the caller may see them.
func summaries(ctx context.Context, i Index, q search.ProductQuery) (search.ProductPage, error) {
	page, err := i.SearchProducts(ctx, q)
	for n := range page.Items {
		p := &page.Items[n].Product
		summarize(p)
		if !CallerOf(ctx).Staff() {
			p.ExternalReference = ""
		}
	}
	return page, err
}

// productQuery returns the query, or an error that names all invalid parameters.
func productQuery(params openapi.SearchProductsParams) (search.ProductQuery, error) {
	q := search.ProductQuery{
		Q: optional(params.Q), Category: optional(params.Category), Brand: optional(params.Brand), Tag: optional(params.Tag),
		ExternalReference: optional(params.ExternalReference), MinPrice: params.MinPrice, MaxPrice: params.MaxPrice, InStock: optional(params.InStock),
		Sort: search.Sort(optional(params.Sort)), Limit: params.Limit, Cursor: optional(params.Cursor),
	}
	for _, status := range optional(params.Status) {
		q.Status = append(q.Status, product.Status(status))
	}
	var err error
	if q.UpdatedSince, err = instant("updatedSince", params.UpdatedSince); err != nil {
		return q, err
	}
	soldOut := optional(params.SoldOut)
	q.SoldOutInPlace = soldOut == "inPlace"
	if soldOut != "" && soldOut != "last" && soldOut != "inPlace" {
		return q, malformed("soldOut", "must be last or inPlace")
	}
	return q, badQuery(q.Validate())
}

// searchAnswer returns the name of a result in the metrics: merchants want to know how often
// customers find nothing.
func searchAnswer(p search.ProductPage) string {
	switch {
	case p.Total == 0:
		return "empty"
	case p.Tolerant:
		return "tolerant"
	}
	return "found"
}
