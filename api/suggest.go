package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/search"
)

// suggestID is a separate path below /v1/products, and therefore an id that no product may have: the
// product could not be read.
const suggestID = "suggest"

func suggestTaken() error {
	return malformed("id", "is taken: /v1/products/"+suggestID+" is a call of its own")
}

// SuggestProducts implements ServerInterface.
func (s *Server) SuggestProducts(c *gin.Context, params openapi.SuggestProductsParams) {
	q := search.SuggestQuery{Q: optional(params.Q), Limit: params.Limit}
	if err := q.Validate(); err != nil {
		s.fail(c, badQuery(err))
		return
	}
	found, err := searchView(c.Request.Context(), s, func(ctx context.Context, i Index) (search.Suggestions, error) {
		return i.Suggest(ctx, q)
	})
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeView(c, suggestionsOf(found))
}

type suggestions struct {
	Items []suggestedProduct `json:"items"`
	Terms []suggestedTerm    `json:"terms"`
}

// suggestedProduct is what fits on one line below a search box.
type suggestedProduct struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Brand    string `json:"brand,omitempty"`
	Category string `json:"category,omitempty"`
	Image    string `json:"image,omitempty"`
	Currency string `json:"currency"`
	MinPrice int64  `json:"minPrice"`
	MaxPrice int64  `json:"maxPrice"`
	InStock  bool   `json:"inStock"`
}

type suggestedTerm struct {
	Text  string          `json:"text"`
	Kind  search.TermKind `json:"kind"`
	Count int64           `json:"count"`
}

func suggestionsOf(found search.Suggestions) suggestions {
	s := suggestions{
		Items: make([]suggestedProduct, len(found.Products)), Terms: make([]suggestedTerm, len(found.Terms)),
	}
	for i, p := range found.Products {
		summarize(&p)
		s.Items[i] = suggestedProduct{
			ID: p.ID, Title: p.Title, Brand: p.Brand, Category: p.Category, Image: p.Image,
			Currency: p.Currency, MinPrice: p.MinPrice, MaxPrice: p.MaxPrice, InStock: p.InStock(),
		}
	}
	for i, t := range found.Terms {
		s.Terms[i] = suggestedTerm(t)
	}
	return s
}
