package price

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"holdfast/order"
	"holdfast/product"
)

// Limits of a price book.
const (
	// MaxBookBytes bounds a price book as JSON.
	MaxBookBytes = 256 << 10
	MaxLevels    = 50
	// MaxPromotions bounds each of the two lists of promotions.
	MaxPromotions      = 100
	MaxShippingMethods = 100
	MaxBrackets        = 50
	MaxTaxClasses      = 50
	MaxTaxRules        = 2000
	// MaxCountries bounds the countries of one shipping method.
	MaxCountries = 300
	// MaxScope bounds each list of a scope, MaxCouponScope those of a coupon's.
	MaxScope       = 2000
	MaxCouponScope = 100
	// MaxRate is the whole in basis points: 100 percent.
	MaxRate = int64(10_000)
	// maxPriority bounds the numbers that say in which order promotions apply.
	maxPriority = 1_000_000
)

// ErrTooLarge means that a price book exceeds MaxBookBytes.
var ErrTooLarge = errors.New("a price book may have at most " + strconv.Itoa(MaxBookBytes) + " bytes")

// Book is a price book: everything besides list prices and coupons that decides what an
// order costs. Only New and Parse return a book that Quote accepts. It must not be changed
// afterwards.
type Book struct {
	// Version has the document's hash. Its number is set by whoever stores the book.
	Version order.BookVersion `json:"-"`

	Levels          []Level          `json:"levels,omitempty"`
	ItemPromotions  []Promotion      `json:"itemPromotions,omitempty"`
	OrderPromotions []Promotion      `json:"orderPromotions,omitempty"`
	ShippingMethods []ShippingMethod `json:"shippingMethods,omitempty"`
	Taxes           *Taxes           `json:"taxes,omitempty"`

	index *index
}

// Level is a member level. Levels are numbered from 1 without gaps.
type Level struct {
	Number int    `json:"number"`
	Name   string `json:"name"`
	// Discount in basis points.
	Discount int64 `json:"discount"`
}

// Parse reads a price book. Its error is ErrTooLarge, Malformed, which names unknown and
// repeated fields and wrong types, or product.Invalid, which names missing fields and all that
// Validate refuses.
func Parse(document []byte) (*Book, error) {
	if len(document) > MaxBookBytes {
		return nil, ErrTooLarge
	}
	var b Book
	if err := read(document, &b); err != nil {
		return nil, err
	}
	return New(b)
}

// New checks a book and prepares it for quotes.
func New(b Book) (*Book, error) {
	if err := b.Validate(); err != nil {
		return nil, err
	}
	b.ItemPromotions, b.OrderPromotions = inUTC(b.ItemPromotions), inUTC(b.OrderPromotions)
	document := b.Canonical()
	if len(document) > MaxBookBytes {
		return nil, ErrTooLarge
	}
	sum := sha256.Sum256(document)
	b.Version.Hash = hex.EncodeToString(sum[:])
	b.index = newIndex(&b)
	return &b, nil
}

// Canonical returns the book as JSON. However its document was formatted, the same book has
// the same bytes.
func (b *Book) Canonical() []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(b) // it has nothing that can't be encoded
	return bytes.TrimRight(out.Bytes(), "\n")
}

// inUTC returns the promotions with their times in UTC, so that the same times have the same
// bytes.
func inUTC(promotions []Promotion) []Promotion {
	promotions = slices.Clone(promotions)
	for i := range promotions {
		w := &promotions[i].Window
		w.StartsAt, w.EndsAt = w.StartsAt.UTC(), w.EndsAt.UTC()
	}
	return promotions
}

// level returns a member level, nil if the customer has none. A level above the highest
// counts as the highest.
func (b *Book) level(number int) *Level {
	if number < 1 || len(b.Levels) == 0 {
		return nil
	}
	return &b.Levels[min(number, len(b.Levels))-1]
}

// Validate names everything that is wrong with the book. Stored books are checked too when they
// are read: a new check must not refuse what was published before it.
func (b *Book) Validate() error {
	var bad product.Invalid
	b.checkLevels(&bad)
	checkPromotions(&bad, "itemPromotions", b.ItemPromotions)
	checkPromotions(&bad, "orderPromotions", b.OrderPromotions)
	b.checkShipping(&bad)
	b.Taxes.check(&bad)
	return first(bad).OrNil()
}

func (b *Book) checkLevels(bad *product.Invalid) {
	if tooMany(bad, "levels", len(b.Levels), MaxLevels) {
		return
	}
	for i, l := range b.Levels {
		at := indexed("levels", i)
		if l.Number != i+1 {
			bad.Add(at+".number", "must be "+strconv.Itoa(i+1)+": levels are numbered from 1 without gaps, in order")
		}
		checkTitle(bad, at+".name", l.Name)
		checkRate(bad, at+".discount", l.Discount, 0)
	}
}

// indexed is the path of an entry of a list, such as "levels[2]".
func indexed(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }

// tooMany reports whether a list has more entries than it may have. The entries are not
// worth checking then.
func tooMany(bad *product.Invalid, path string, n, most int) bool {
	if n <= most {
		return false
	}
	bad.Add(path, "must have at most "+strconv.Itoa(most))
	return true
}

func checkRate(bad *product.Invalid, path string, rate, least int64) {
	if rate < least || rate > MaxRate {
		bad.Add(path, "must lie between "+strconv.FormatInt(least, 10)+" and "+strconv.FormatInt(MaxRate, 10)+" basis points")
	}
}

func checkAmount(bad *product.Invalid, path string, amount, least int64) {
	if amount < least || amount > product.MaxPrice {
		bad.Add(path, "must lie between "+strconv.FormatInt(least, 10)+" and "+strconv.FormatInt(product.MaxPrice, 10)+" minor units")
	}
}

func checkCurrency(bad *product.Invalid, path, currency string) {
	if !product.CurrencyExists(currency) {
		bad.Add(path, "must be a currency of ISO 4217 such as EUR")
	}
}

func checkCountry(bad *product.Invalid, path, country string) {
	if !order.CountryExists(country) {
		bad.Add(path, "must be a country of ISO 3166-1 such as DE")
	}
}

func checkTitle(bad *product.Invalid, path, title string) {
	if title == "" {
		bad.Add(path, "is required")
	}
	if len(title) > product.MaxTitleBytes {
		bad.Add(path, "at most "+strconv.Itoa(product.MaxTitleBytes)+" bytes")
	}
	product.CheckText(bad, path, title)
}

// ids notices ids that are invalid or appear twice in a list.
type ids map[string]bool

func (seen ids) check(bad *product.Invalid, path, id string) {
	switch {
	case !product.ValidID(id):
		bad.Add(path, "must match [A-Za-z0-9._~-]{1,64}")
	case seen[id]:
		bad.Add(path, "appears twice")
	}
	seen[id] = true
}
