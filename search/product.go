package search

import (
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"holdfast/product"
)

const (
	// MaxDocumentBytes bounds the texts of one document.
	MaxDocumentBytes = 1 << 20
	// MaxValueBytes bounds a category, brand or tag that can be filtered by. A longer one
	// can only be found by its words.
	MaxValueBytes = 256
)

// Product is what the index stores about a product. A product that is taken off sale is put
// with its new status, and never removed: the index would forget its version, and a late
// message could bring it back.
type Product struct {
	ID string `json:"id"`
	// Version of the product's entity, from 1.
	Version int64 `json:"version"`
	// Status: searches and suggestions show only listed products.
	Status      product.Status    `json:"status"`
	Title       string            `json:"title"`
	Description string            `json:"description,omitempty"`
	Brand       string            `json:"brand,omitempty"`
	Category    string            `json:"category,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	Image       string            `json:"image,omitempty"`
	// ExternalReference is how another system calls the product.
	ExternalReference string `json:"externalReference,omitempty"`
	Currency          string `json:"currency"`
	// MinPrice and MaxPrice are the prices of the cheapest and the most expensive variant,
	// in minor units of Currency.
	MinPrice int64 `json:"minPrice"`
	MaxPrice int64 `json:"maxPrice"`
	// Available units of all variants together.
	Available int64 `json:"available"`
	// CreatedAt may be unknown: such products count as the oldest.
	CreatedAt time.Time `json:"createdAt,omitzero"`
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
}

// FromProduct returns the document of a product in its current state.
func FromProduct(p product.Product) Product {
	d := Product{
		ID: p.ID, Version: p.Version, Status: p.Status,
		Title: p.Title, Description: p.Description.Description, Brand: p.Brand, Category: p.Category,
		Tags: slices.Clone(p.Tags), Attributes: maps.Clone(p.Attributes), Image: p.Image,
		ExternalReference: p.ExternalReference, Currency: p.Currency, CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
	}
	for i, v := range p.Variants {
		if i == 0 || v.Price < d.MinPrice {
			d.MinPrice = v.Price
		}
		d.MaxPrice = max(d.MaxPrice, v.Price)
		d.Available += max(0, v.Stock.Available())
	}
	return d
}

// Revision is the number that an index compares: a document with the same or a lower one
// never replaces the stored one.
func (p Product) Revision() int64 { return p.Version }

// InStock reports whether at least one unit can be bought.
func (p Product) InStock() bool { return p.Available > 0 }

// Validate lists why the document can't be stored in an index.
func (p Product) Validate() error {
	var bad Invalid
	validID(&bad, "id", p.ID)
	if p.Version < 1 {
		bad.Add("version", "must be at least 1")
	}
	if p.Status == "" {
		bad.Add("status", "is required")
	}
	if p.Title == "" {
		bad.Add("title", "is required")
	}
	if !product.ValidCurrency(p.Currency) {
		bad.Add("currency", "must be an ISO 4217 code such as EUR")
	}
	switch {
	case p.MinPrice < 0 || p.MinPrice > product.MaxPrice:
		bad.Add("minPrice", fmt.Sprintf("must lie between 0 and %d minor units", product.MaxPrice))
	case p.MaxPrice < p.MinPrice || p.MaxPrice > product.MaxPrice:
		bad.Add("maxPrice", fmt.Sprintf("must lie between minPrice and %d minor units", product.MaxPrice))
	}
	if p.Available < 0 {
		bad.Add("available", "must not be below 0")
	}
	t := texts{bad: &bad}
	t.add("title", p.Title)
	t.add("description", p.Description)
	t.add("brand", p.Brand)
	t.add("category", p.Category)
	t.add("tags", p.Tags...)
	t.add("image", p.Image)
	t.add("externalReference", p.ExternalReference)
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		t.add("attributes", name, p.Attributes[name])
	}
	t.fits("description")
	return bad.OrNil()
}

func validID(bad *Invalid, path, id string) {
	if !product.ValidID(id) {
		bad.Add(path, "must match [A-Za-z0-9._~-]{1,64}")
	}
}

// texts sums up the sizes of a document's texts and refuses invalid ones.
type texts struct {
	bad   *Invalid
	bytes int
}

func (t *texts) add(path string, values ...string) {
	for _, v := range values {
		t.bytes += len(v)
		if !utf8.ValidString(v) {
			t.bad.Add(path, "must be UTF-8")
			return
		}
	}
}

func (t *texts) fits(path string) {
	if t.bytes > MaxDocumentBytes {
		t.bad.Add(path, fmt.Sprintf("all texts together must fit in %d bytes", MaxDocumentBytes))
	}
}
