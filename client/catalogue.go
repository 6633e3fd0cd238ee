package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Search says which products to list, and how.
type Search struct {
	// Text is plain text; empty matches all products.
	Text string
	// Of several values of one filter, one has to match.
	Category, Brand, Tag, Status []string
	MinPrice, MaxPrice           *int64
	InStock                      bool
	// Sort is relevance, price, -price, newest, name or updated; empty means relevance.
	Sort string
	// SoldOut is where sold-out products appear: last, the default, or inPlace.
	SoldOut string
	// ExternalReference and UpdatedSince are for copies in other systems.
	ExternalReference string
	UpdatedSince      time.Time
	// Limit of a page; 0 is the gateway's default. Cursor is the NextCursor of the page before.
	Limit  int
	Cursor string
}

// ProductPage is a page of products, with what they may be filtered by.
type ProductPage struct {
	Items      []ProductSummary `json:"items"`
	Facets     Facets           `json:"facets"`
	NextCursor string           `json:"nextCursor"`
	Total      int64            `json:"total"`
	// Tolerant means that nothing matched exactly: these match approximately.
	Tolerant bool `json:"tolerant"`
}

// Facets say how many of the matching products have each value.
type Facets struct {
	Category []FacetValue `json:"category"`
	Brand    []FacetValue `json:"brand"`
	Tag      []FacetValue `json:"tag"`
}

// FacetValue is one value and how many products have it.
type FacetValue struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// ProductSummary is a product as lists show it, from the index.
type ProductSummary struct {
	ID          string   `json:"id"`
	Version     int64    `json:"version"`
	Status      string   `json:"status"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Brand       string   `json:"brand"`
	Category    string   `json:"category"`
	Tags        []string `json:"tags"`
	Image       string   `json:"image"`
	Currency    string   `json:"currency"`
	MinPrice    int64    `json:"minPrice"`
	MaxPrice    int64    `json:"maxPrice"`
	Available   int64    `json:"available"`
	InStock     bool     `json:"inStock"`
	// ExternalReference is shown to staff only.
	ExternalReference string    `json:"externalReference"`
	CreatedAt         time.Time `json:"createdAt"`
	UpdatedAt         time.Time `json:"updatedAt"`
}

// Product is a whole product with the stock of its variants.
type Product struct {
	ID          string            `json:"id"`
	Version     int64             `json:"version"`
	Status      string            `json:"status"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Brand       string            `json:"brand"`
	Category    string            `json:"category"`
	Tags        []string          `json:"tags"`
	Image       string            `json:"image"`
	Attributes  map[string]string `json:"attributes"`
	Currency    string            `json:"currency"`
	// MaxPerOrder is how many units one order may have, all variants together; 0 means no limit.
	MaxPerOrder int64     `json:"maxPerOrder"`
	Variants    []Variant `json:"variants"`
	// ExternalReference and Metadata are shown to staff only.
	ExternalReference string            `json:"externalReference"`
	Metadata          map[string]string `json:"metadata"`
	// ETag of the product as it was read.
	ETag string `json:"-"`
}

// Variant is what is sold and stocked. OnHand and Held are shown to staff only.
type Variant struct {
	SKU       string `json:"sku"`
	Title     string `json:"title"`
	Price     int64  `json:"price"`
	OnHand    int64  `json:"onHand"`
	Held      int64  `json:"held"`
	Available int64  `json:"available"`
	// HeldByOthers reports that no unit can be ordered now, but that some may come back.
	HeldByOthers bool `json:"heldByOthers"`
}

// Suggestions are products and search terms for what a user has typed so far.
type Suggestions struct {
	Items []SuggestedProduct `json:"items"`
	Terms []SuggestedTerm    `json:"terms"`
}

// SuggestedProduct is one product of Suggestions.
type SuggestedProduct struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Brand    string `json:"brand"`
	Category string `json:"category"`
	Currency string `json:"currency"`
	MinPrice int64  `json:"minPrice"`
	MaxPrice int64  `json:"maxPrice"`
	InStock  bool   `json:"inStock"`
}

// SuggestedTerm is one search term of Suggestions; Kind is brand, category or word, and more may come.
type SuggestedTerm struct {
	Text  string `json:"text"`
	Kind  string `json:"kind"`
	Count int64  `json:"count"`
}

// Search lists products, from the index.
func (c *Client) Search(ctx context.Context, s Search) (ProductPage, error) {
	var page ProductPage
	return page, c.get(ctx, "/v1/products", s.query(), &page)
}

func (s Search) query() url.Values {
	q := url.Values{}
	set(q, "q", s.Text)
	for name, values := range map[string][]string{"category": s.Category, "brand": s.Brand, "tag": s.Tag, "status": s.Status} {
		if len(values) > 0 {
			q[name] = values
		}
	}
	for name, price := range map[string]*int64{"minPrice": s.MinPrice, "maxPrice": s.MaxPrice} {
		if price != nil {
			q.Set(name, strconv.FormatInt(*price, 10))
		}
	}
	if s.InStock {
		q.Set("inStock", "true")
	}
	set(q, "sort", s.Sort)
	set(q, "soldOut", s.SoldOut)
	set(q, "externalReference", s.ExternalReference)
	setTime(q, "updatedSince", s.UpdatedSince)
	setPage(q, s.Limit, s.Cursor)
	return q
}

// Suggest returns at most limit products and terms for the text that a user has typed so far.
func (c *Client) Suggest(ctx context.Context, text string, limit int) (Suggestions, error) {
	q := url.Values{"q": {text}}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	var found Suggestions
	return found, c.get(ctx, "/v1/products/suggest", q, &found)
}

// Product returns a product with its stock as it is now.
func (c *Client) Product(ctx context.Context, id string) (Product, error) {
	a, err := c.do(ctx, call{method: http.MethodGet, path: productPath(id, "")})
	if err != nil {
		return Product{}, fmt.Errorf("read product %s: %w", id, err)
	}
	p := Product{ETag: a.Header.Get("ETag")}
	return p, a.Decode(&p)
}

// get reads a document.
func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	a, err := c.do(ctx, call{method: http.MethodGet, path: path, query: query})
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return a.Decode(into)
}

// set adds a parameter that isn't empty.
func set(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

func setTime(q url.Values, name string, at time.Time) {
	if !at.IsZero() {
		q.Set(name, at.UTC().Format(time.RFC3339Nano))
	}
}

func setPage(q url.Values, limit int, cursor string) {
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	set(q, "cursor", cursor)
}
