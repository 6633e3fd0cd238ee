// Package product is the domain of what a shop sells: descriptions, prices, stock, and the
// rules for them, independent of how they are stored. It does no I/O and knows neither
// Redis, Temporal nor HTTP.
package product

import (
	"slices"
	"time"
)

// Limits that apply to every product. Stock and prices stay far below 2^53, so that they
// survive Redis' Lua, whose numbers are doubles, and JSON readers.
const (
	// MaxTitleBytes bounds a product's title, together with a variant's title.
	MaxTitleBytes = 200
	// MaxEncodedTitleBytes bounds the same as JSON.
	MaxEncodedTitleBytes = 300
	MaxDocBytes          = 64 << 10
	MaxVariants          = 100
	MaxPrice             = int64(1_000_000_000_000)
	MaxStock             = int64(1_000_000_000_000)
	MaxReasonBytes       = 500
	// MostPerOrder bounds a product's MaxPerOrder.
	MostPerOrder = int64(1_000_000)
)

// NotThere is the docVersion of a product that doesn't exist yet.
const NotThere = int64(0)

// Status says whether a product can be ordered.
type Status string

// The list is open: a reader must expect values that it doesn't know.
const (
	StatusDraft    Status = "draft"
	StatusListed   Status = "listed"
	StatusDelisted Status = "delisted"
)

// Description is what a buyer reads about a product.
type Description struct {
	Title       string            `json:"title"`
	Description string            `json:"description,omitempty"`
	Brand       string            `json:"brand,omitempty"`
	Category    string            `json:"category,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Image       string            `json:"image,omitempty"`
	Attributes  map[string]string `json:"attributes,omitempty"`
}

// Attachments are what other systems attach to a product. Buyers don't read them.
type Attachments struct {
	// ExternalReference is how another system calls the product. It need not be unique.
	ExternalReference string   `json:"externalReference,omitempty"`
	Metadata          Metadata `json:"metadata,omitempty"`
}

// Product is one entity: its description and the stock of its variants.
type Product struct {
	ID string
	// Version grows with every change; copies are ordered by it.
	Version int64
	// CreatedAt and UpdatedAt are times of the entity's clock, to the millisecond.
	// CreatedAt is zero if unknown. UpdatedAt is never before the last change, and after it
	// only if changes came faster than the clock advanced.
	CreatedAt, UpdatedAt time.Time
	// DocVersion grows only with description, price and listing; If-Match compares it.
	DocVersion int64
	Status     Status
	// Listing counts how often the product was listed. A hold stores the listing under
	// which it was made.
	Listing  int64
	Currency string
	Description
	Attachments
	// MaxPerOrder is how many units of the product one order may have, all variants
	// together: "two per customer" means two shirts, not two of each size. 0 means no
	// limit.
	MaxPerOrder int64
	Variants    []Variant
}

// Variant is what is sold and stocked: a size, a colour, or the whole product.
type Variant struct {
	SKU   string
	Title string
	// Price in minor units of the product's currency.
	Price int64
	Stock Stock
}

// Variant finds a variant by its sku. An empty sku means the only variant.
func (p *Product) Variant(sku string) (*Variant, bool) {
	if sku == "" && len(p.Variants) == 1 {
		return &p.Variants[0], true
	}
	i := slices.IndexFunc(p.Variants, func(v Variant) bool { return v.SKU == sku })
	if i < 0 {
		return nil, false
	}
	return &p.Variants[i], true
}

// MaxIDBytes bounds the ids of products, variants, orders and customers.
const MaxIDBytes = 64

// ValidID reports whether s can be the id of a product, a variant, an order or a customer:
// [A-Za-z0-9._~-]{1,64}, except the two names with a meaning in paths. It is called several
// times per request, hence no regular expression.
func ValidID(s string) bool {
	if s == "" || len(s) > MaxIDBytes || s == "." || s == ".." {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.' || c == '_' || c == '~' || c == '-':
		default:
			return false
		}
	}
	return true
}

// Lookup is the result of reading one of several products.
type Lookup struct {
	ID      string
	Product Product
	// Err is ErrNotFound, or why the stored data of this product can't be read.
	Err error
}
