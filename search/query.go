package search

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"holdfast/product"
)

// Limits of a query.
const (
	// MaxQueryChars bounds what a user may type, in characters.
	MaxQueryChars = 1000
	// MaxQueryWords is how many words are searched for; later ones are ignored.
	MaxQueryWords = 32
	// MaxFilterValues bounds how many categories, brands, tags or statuses a filter may
	// name.
	MaxFilterValues = 100
	DefaultLimit    = 20
	MaxLimit        = 100
	// EnoughProducts is the number of products with all words of a query from which those
	// with only some of them are left out.
	EnoughProducts = 20
	// MaxFacetValues is how many values of a facet are counted: the most frequent ones.
	MaxFacetValues = 50
)

// ProductQuery asks for products: for listed ones, unless it names others.
//
// Q is plain text: nothing in it is an operator or a wildcard. Its words are searched for
// in any order in title, brand, category, tags, description and attributes. A match in the
// title counts most, especially of the word that names the thing (Tablet Stand is a stand,
// Case for iPhone a case), then brand, then category and tags. English words match in any
// of their forms, accents and case don't matter, Chinese and Japanese match by pairs of
// characters. A model number like LA-DC52 matches as a whole, with and without its
// separators, and by its parts (dc52). Words that mean the same find each other (Synonyms).
// A Q without a letter or digit, like a lone wildcard, is invalid; an empty one matches
// everything.
//
// All words of Q must match. If fewer than EnoughProducts products have all of them, those
// with at least half of the words follow: products with more of the words come first,
// whatever the sort (but sold-out ones last, if they belong there). How many have all is
// counted with only the filters of price and stock, so that choosing a facet value finds
// what the facet counted. A phrase of several words that has synonyms counts there as its
// words, so it finds no less than they do; products that contain the whole phrase rank
// first.
//
// Only if no product has all words, the search is repeated tolerantly, and the page says
// so. Then one of two or three words is enough, two of four or five and so on, and a word
// also matches parts of words (the beginning from 3 letters; from 4 any piece of a word in
// title, brand, category and tags), words with a typo (one letter wrong, missing, added or
// two swapped, from 4 letters; two of these from 8; not in words with digits), the single
// characters of Chinese and Japanese, and, of synonyms of several words, the last one,
// which names the thing (mobile phone: phone).
//
// All filters must match; within one filter, one of its values must.
type ProductQuery struct {
	Q        string   `json:"q,omitempty"`
	Category []string `json:"category,omitempty"`
	Brand    []string `json:"brand,omitempty"`
	Tag      []string `json:"tag,omitempty"`
	// MinPrice and MaxPrice select products whose price range overlaps this one, in minor
	// units of whatever currency the product has.
	MinPrice *int64 `json:"minPrice,omitempty"`
	MaxPrice *int64 `json:"maxPrice,omitempty"`
	// InStock selects products that have a unit to buy.
	InStock bool `json:"inStock,omitempty"`
	// Status keeps products of one of these; none means listed.
	Status []product.Status `json:"status,omitempty"`
	// ExternalReference has to be the product's, letter by letter.
	ExternalReference string `json:"externalReference,omitempty"`
	// UpdatedSince keeps products with this UpdatedAt or a later one.
	UpdatedSince time.Time `json:"updatedSince,omitzero"`
	Sort         Sort      `json:"sort,omitempty"`
	// SoldOutInPlace leaves sold-out products where the sort puts them; otherwise they come
	// after all others.
	SoldOutInPlace bool `json:"soldOutInPlace,omitempty"`
	// Limit is how many products a page has: 1 to 100; nil means 20.
	Limit *int `json:"limit,omitempty"`
	// Cursor of the previous page; empty for the first one. It contains the position where
	// that page ended: while other products are added, removed or changed, none is skipped
	// or shown twice. A product that itself moves meanwhile, because its price or title
	// changes or it sells out, may be.
	Cursor string `json:"cursor,omitempty"`
}

// Sort orders products. Products that compare equal are ordered by their ids.
type Sort string

const (
	// SortRelevance ranks first what has more of the words, then what matches best; of two
	// equal matches, the one with fewer words in its title. It depends only on the product
	// and the query, never on what else is in the index. Without a Q it is SortNewest.
	SortRelevance Sort = "relevance"
	// SortPrice sorts by the cheapest variant's price.
	SortPrice Sort = "price"
	// SortPriceDescending sorts by the most expensive variant's price, the highest first.
	SortPriceDescending Sort = "-price"
	SortNewest          Sort = "newest"
	// SortName sorts by the title, ignoring case and accents.
	SortName Sort = "name"
	// SortUpdated puts the product first that changed longest ago, whether it is sold out or
	// not, and however many of the words it has. A product that changes while its pages are
	// read comes once more on a later one.
	SortUpdated Sort = "updated"
)

// ProductPage is one page of a search.
type ProductPage struct {
	Items  []ProductHit
	Facets Facets
	// Total is the number of matching products on all pages.
	Total int64
	// Tolerant means that nothing matched all the words as typed; these are close matches.
	Tolerant bool
	// NextCursor requests the next page; empty on the last one.
	NextCursor string
}

// ProductHit is a product that matches.
type ProductHit struct {
	Product
	// Highlights are the pieces of "title" and "description" where words of Q were found,
	// as HTML: escaped, with <em> around the matches. Fields without matches are missing.
	Highlights map[string][]string
}

// Facets count how many of the found products have which value, each ignoring the filter on
// its own field: the counts of the other values that could be chosen. The most frequent
// come first, then by value.
type Facets struct {
	Category []FacetValue
	Brand    []FacetValue
	Tag      []FacetValue
}

// FacetValue is one value of a facet.
type FacetValue struct {
	Value string
	Count int64
}

// EffectiveSort is the sort with the default filled in.
func (q ProductQuery) EffectiveSort() Sort {
	if q.Sort == "" || q.Sort == SortRelevance {
		if strings.TrimSpace(q.Q) == "" {
			return SortNewest
		}
		return SortRelevance
	}
	return q.Sort
}

// PageSize is the limit with the default filled in.
func (q ProductQuery) PageSize() int { return orDefault(q.Limit, DefaultLimit) }

// Validate lists what is wrong with the query, its cursor included.
func (q ProductQuery) Validate() error {
	var bad Invalid
	validText(&bad, q.Q)
	if utf8.ValidString(q.Q) && strings.TrimSpace(q.Q) != "" && !strings.ContainsFunc(q.Q, isWritten) {
		bad.Add("q", "must have a letter or a digit: signs alone find nothing, and none is an operator")
	}
	validValues(&bad, "category", q.Category)
	validValues(&bad, "brand", q.Brand)
	validValues(&bad, "tag", q.Tag)
	validValues(&bad, "status", q.Status)
	product.CheckReference(&bad, q.ExternalReference)
	if q.MinPrice != nil && *q.MinPrice < 0 {
		bad.Add("minPrice", "must not be below 0")
	}
	if q.MaxPrice != nil && *q.MaxPrice < 0 {
		bad.Add("maxPrice", "must not be below 0")
	}
	if q.MinPrice != nil && q.MaxPrice != nil && *q.MinPrice > *q.MaxPrice {
		bad.Add("minPrice", "must not be above maxPrice")
	}
	sorts := []Sort{"", SortRelevance, SortPrice, SortPriceDescending, SortNewest, SortName, SortUpdated}
	if !slices.Contains(sorts, q.Sort) {
		bad.Add("sort", "must be relevance, price, -price, newest, name or updated")
	}
	validLimit(&bad, q.Limit, MaxLimit)
	if _, err := q.After(); err != nil {
		bad.Add("cursor", badCursor)
	}
	return bad.OrNil()
}

func isWritten(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

func validText(bad *Invalid, q string) {
	if !utf8.ValidString(q) {
		bad.Add("q", "must be UTF-8")
		return
	}
	if n := utf8.RuneCountInString(q); n > MaxQueryChars {
		bad.Add("q", fmt.Sprintf("at most %d characters, this has %d", MaxQueryChars, n))
	}
}

func validValues[V ~string](bad *Invalid, path string, values []V) {
	if len(values) > MaxFilterValues {
		bad.Add(path, fmt.Sprintf("at most %d values", MaxFilterValues))
	}
	if slices.ContainsFunc(values, func(v V) bool { return v == "" || !utf8.ValidString(string(v)) }) {
		bad.Add(path, "must be a text that is not empty")
	}
}

func validLimit(bad *Invalid, limit *int, most int) {
	if limit != nil && (*limit < 1 || *limit > most) {
		bad.Add("limit", fmt.Sprintf("must lie between 1 and %d", most))
	}
}

func orDefault(limit *int, otherwise int) int {
	if limit == nil {
		return otherwise
	}
	return *limit
}
