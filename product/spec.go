package product

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Spec is a merchant's description of a product: it creates a product, or replaces the
// description and prices of an existing one.
type Spec struct {
	Description
	Attachments
	Currency string `json:"currency"`
	// Status counts on creation only: draft or listed; empty means listed.
	Status Status `json:"status,omitempty"`
	// MaxPerOrder is how many units one order may have, all variants together; nil means no
	// limit.
	MaxPerOrder *int64        `json:"maxPerOrder,omitempty"`
	Variants    []VariantSpec `json:"variants"`
}

// VariantSpec is one variant of a Spec.
type VariantSpec struct {
	SKU   string `json:"sku"`
	Title string `json:"title,omitempty"`
	Price int64  `json:"price"`
	// Stock counts on creation of the variant only; nil means that none is given.
	Stock *int64 `json:"stock,omitempty"`
}

// How long is remembered what was done under a caller's key.
const (
	// RememberActions is how long the moves of stock are.
	RememberActions = 30 * 24 * time.Hour
	// RememberKeyedPut is how long a Replacement with a Key is.
	RememberKeyedPut = 24 * time.Hour
)

// Replacement is one request to create a product, or to replace its description, prices
// and set of variants.
type Replacement struct {
	ID   string
	Spec Spec
	// IfMatch is the docVersion that the caller read, NotThere to create only, nil for any.
	IfMatch *int64
	// Key under which the request may be sent again for RememberKeyedPut: it is then answered by what it
	// did, whatever has happened since. "" has none.
	Key string
}

// Replaced is what became of one of several Replacements.
type Replaced struct {
	Product Product
	Created bool
	Err     error
}

// Spec returns what a merchant would say to leave the product as it is. Status and stock
// are left out: once a product exists, they move by calls of their own.
func (p Product) Spec() Spec {
	s := Spec{Description: p.Description, Attachments: p.Attachments, Currency: p.Currency, Variants: make([]VariantSpec, len(p.Variants))}
	if p.MaxPerOrder > 0 {
		s.MaxPerOrder = &p.MaxPerOrder
	}
	for i, v := range p.Variants {
		s.Variants[i] = VariantSpec{SKU: v.SKU, Title: v.Title, Price: v.Price}
	}
	return s
}

// Validate lists everything that is wrong with the spec.
func (s Spec) Validate() error {
	var bad Invalid
	title(&bad, "title", s.Title, true)
	if !ValidCurrency(s.Currency) {
		bad.Add("currency", "must be an ISO 4217 code such as EUR")
	}
	if s.Status != "" && s.Status != StatusDraft && s.Status != StatusListed {
		bad.Add("status", "must be draft or listed")
	}
	if s.MaxPerOrder != nil && (*s.MaxPerOrder < 1 || *s.MaxPerOrder > MostPerOrder) {
		bad.Add("maxPerOrder", fmt.Sprintf("must lie between 1 and %d", MostPerOrder))
	}
	if len(s.Variants) == 0 || len(s.Variants) > MaxVariants {
		bad.Add("variants", fmt.Sprintf("must have 1 to %d", MaxVariants))
	}
	seen := map[string]bool{}
	for i, v := range s.Variants {
		at := fmt.Sprintf("variants[%d].", i)
		if !ValidID(v.SKU) {
			bad.Add(at+"sku", "must match [A-Za-z0-9._~-]{1,64}")
		} else if seen[v.SKU] {
			bad.Add(at+"sku", "appears twice")
		}
		seen[v.SKU] = true
		if v.Title != "" { // an order's line has both titles
			title(&bad, at+"title", LineTitle(s.Title, v.Title), false)
			CheckText(&bad, at+"title", v.Title)
		}
		if v.Price < 0 || v.Price > MaxPrice {
			bad.Add(at+"price", fmt.Sprintf("must lie between 0 and %d minor units", MaxPrice))
		}
		if v.Stock != nil && (*v.Stock < 0 || *v.Stock > MaxStock) {
			bad.Add(at+"stock", fmt.Sprintf("must lie between 0 and %d", MaxStock))
		}
	}
	s.plain(&bad)
	s.Metadata.Check(&bad)
	CheckReference(&bad, s.ExternalReference)
	if doc, err := json.Marshal(s.Description); err != nil || len(doc) > MaxDocBytes {
		bad.Add("description", fmt.Sprintf("description, tags and attributes must fit %d bytes", MaxDocBytes))
	}
	return bad.OrNil()
}

// plain refuses characters that break programs which show or log a text.
func (d Description) plain(bad *Invalid) {
	CheckLines(bad, "description", d.Description)
	CheckText(bad, "title", d.Title)
	CheckText(bad, "brand", d.Brand)
	CheckText(bad, "category", d.Category)
	CheckText(bad, "image", d.Image)
	for i, tag := range d.Tags {
		CheckText(bad, fmt.Sprintf("tags[%d]", i), tag)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Attributes)) {
		known := len(*bad)
		CheckText(bad, "attributes", name)
		at := "attributes"
		if len(*bad) == known && len(name) <= MaxIDBytes { // otherwise the path would be just as invalid, or as long
			at += "." + name
		}
		CheckText(bad, at, d.Attributes[name])
	}
}

func title(bad *Invalid, path, s string, required bool) {
	if required && s == "" {
		bad.Add(path, "is required")
	}
	if len(s) > MaxTitleBytes {
		bad.Add(path, fmt.Sprintf("at most %d bytes, a variant's together with its product's", MaxTitleBytes))
		return
	}
	// An order's history and document store the titles as JSON, where some characters take
	// six bytes.
	if b, err := json.Marshal(s); err != nil || len(b) > MaxEncodedTitleBytes {
		bad.Add(path, fmt.Sprintf("at most %d bytes when written as JSON", MaxEncodedTitleBytes))
	}
}

// LineTitle is how an order's line names a variant of a product.
func LineTitle(product, variant string) string {
	if variant == "" {
		return product
	}
	return product + " – " + variant
}
