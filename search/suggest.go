package search

// Limits of a suggestion.
const (
	DefaultSuggestions = 8
	MaxSuggestions     = 20
)

// SuggestQuery asks for completions of what a user is typing: the last word of Q is a
// prefix, those before it are whole words.
type SuggestQuery struct {
	Q string
	// Limit is how many products and how many terms are wanted: 1 to 20; nil means 8.
	Limit *int
}

// Suggestions are products and search terms that complete Q; none if Q is empty. Only
// listed products count.
type Suggestions struct {
	// Products whose title, brand, category or tags contain the words, sold-out ones last.
	Products []Product
	// Terms to search for, brands first, then categories, then words of titles, each by
	// frequency. A word comes with the whole words that were typed before it.
	Terms []Term
}

// TermKind says where a suggested term comes from.
type TermKind string

const (
	TermWord     TermKind = "word"
	TermBrand    TermKind = "brand"
	TermCategory TermKind = "category"
)

// Term is a text to search for.
type Term struct {
	Text string
	Kind TermKind
	// Count is the number of listed products that contain it.
	Count int64
}

// PageSize is the limit with the default filled in.
func (q SuggestQuery) PageSize() int { return orDefault(q.Limit, DefaultSuggestions) }

// Validate lists what is wrong with the query.
func (q SuggestQuery) Validate() error {
	var bad Invalid
	validText(&bad, q.Q)
	validLimit(&bad, q.Limit, MaxSuggestions)
	return bad.OrNil()
}
