package search

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a query.
const (
	// MaxQueryChars bounds what somebody may type, in characters.
	MaxQueryChars = 1000
	// MaxQueryWords of it are looked for; what follows them is not.
	MaxQueryWords = 32
	// MaxFilterValues bounds how many categories, brands, tags or statuses a filter
	// may name.
	MaxFilterValues = 100
	DefaultLimit    = 20
	MaxLimit        = 100
	// EnoughProducts with all words of a query keep those with only some of them away.
	EnoughProducts = 20
	// MaxFacetValues are counted in one facet: the most frequent ones.
	MaxFacetValues = 50
)

// ProductQuery asks for listed products.
//
// Q is plain text: nothing in it is an operator or a wildcard. Its words are looked
// for in any order, anywhere in title, brand, category, tags, description and
// attributes; in the title they count most, and there the word that names the thing
// (Tablet Stand is a stand, Case for iPhone a case), then brand, then category and
// tags. English words are found in any of their forms, accents and case don't matter,
// Chinese and Japanese is found by pairs of characters. A model number like LA-DC52
// is found as a whole, with and without its separators, and by its parts (dc52). Words
// that mean the same find each other (Synonyms). A Q of signs alone, like a lone
// wildcard, is invalid; an empty one finds all.
//
// All words of Q have to be there. Where fewer than EnoughProducts have all, those with
// at least half of the words follow behind: what has more of them comes first, whatever
// the sort (but sold-out ones last, if they are to stand there). How many have all is
// counted by the filters of price and stock alone, so that a choice in a facet finds
// what the facet counted. A phrase of several words that has synonyms counts there as
// its words: it finds no less than they do, and who has all of it comes first.
//
// Only where no product has all words, it is tried again tolerantly, and the page
// says so. Then one of two or three words is enough, two of four or five and so on, and
// for a word may stand: parts of words (the beginning from 3 letters; from 4 any piece
// of a word in title, brand, category and tags), words with a typo (one letter wrong,
// missing, too many or two swapped, from 4 letters; two of these from 8; words with
// digits are not bent), the characters of Chinese and Japanese apart, and of synonyms of
// several words the last one, which names the thing (mobile phone: phone).
//
// Filters hold together; of the values of one filter, one has to match.
type ProductQuery struct {
	Q        string   `json:"q,omitempty"`
	Category []string `json:"category,omitempty"`
	Brand    []string `json:"brand,omitempty"`
	Tag      []string `json:"tag,omitempty"`
	// MinPrice and MaxPrice keep products with a price range that reaches into
	// theirs, in minor units of whatever currency the product has.
	MinPrice *int64 `json:"minPrice,omitempty"`
	MaxPrice *int64 `json:"maxPrice,omitempty"`
	// InStock keeps products of which a unit can be bought.
	InStock bool `json:"inStock,omitempty"`
	Sort    Sort `json:"sort,omitempty"`
	// SoldOutInPlace lets sold-out products stand where the sort puts them;
	// otherwise they come after all others.
	SoldOutInPlace bool `json:"soldOutInPlace,omitempty"`
	// Limit is how many products a page has: 1 to 100, nil means 20.
	Limit *int `json:"limit,omitempty"`
	// Cursor of the page before; empty for the first one. It holds the place where
	// that page ended: while other products come, go and change, none is skipped or
	// shown twice. A product that itself changes place meanwhile, by its price, its
	// title or by being sold out, may be.
	Cursor string `json:"cursor,omitempty"`
}

// Sort orders products. Products that are the same by it stand in the order of
// their ids.
type Sort string

const (
	// SortRelevance puts first what has more of the words, then what matches best, and of two that match alike the one
	// with fewer words in its title. It goes by the product and the query alone,
	// never by what else is in the index. Without a Q it is SortNewest.
	SortRelevance Sort = "relevance"
	// SortPrice goes by the cheapest variant's price.
	SortPrice Sort = "price"
	// SortPriceDescending goes by the dearest variant's price, the highest first.
	SortPriceDescending Sort = "-price"
	SortNewest          Sort = "newest"
	// SortName goes by the title, without regard to case and accents.
	SortName Sort = "name"
)

// ProductPage is one page of a search.
type ProductPage struct {
	Items  []ProductHit
	Facets Facets
	// Total products match, on all pages together.
	Total int64
	// Tolerant: nothing matched as it was asked, with all of its words; these come near.
	Tolerant bool
	// NextCursor asks for the next page; empty where this is the last one.
	NextCursor string
}

// ProductHit is a product that matches.
type ProductHit struct {
	Product
	// Highlights are the pieces of "title" and "description" where words of Q were
	// found, as HTML: escaped, with <em> around what was found. A field without any
	// is not there.
	Highlights map[string][]string
}

// Facets count how many products of the search have which value, each without
// regard to the filter by its own field: the counts of what else could be chosen.
// The most frequent come first, then by value.
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

// EffectiveSort is the sort that counts, with the default filled in.
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
	if q.MinPrice != nil && *q.MinPrice < 0 {
		bad.Add("minPrice", "must not be below 0")
	}
	if q.MaxPrice != nil && *q.MaxPrice < 0 {
		bad.Add("maxPrice", "must not be below 0")
	}
	if q.MinPrice != nil && q.MaxPrice != nil && *q.MinPrice > *q.MaxPrice {
		bad.Add("minPrice", "must not be above maxPrice")
	}
	sorts := []Sort{"", SortRelevance, SortPrice, SortPriceDescending, SortNewest, SortName}
	if !slices.Contains(sorts, q.Sort) {
		bad.Add("sort", "must be relevance, price, -price, newest or name")
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

func validValues(bad *Invalid, path string, values []string) {
	if len(values) > MaxFilterValues {
		bad.Add(path, fmt.Sprintf("at most %d values", MaxFilterValues))
	}
	if slices.ContainsFunc(values, func(v string) bool { return v == "" || !utf8.ValidString(v) }) {
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
