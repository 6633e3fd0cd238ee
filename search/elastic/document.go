package elastic

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"holdfast/search"
	"holdfast/search/text"
)

// productSource is a product as the index stores it.
type productSource struct {
	search.Product
	Derived derivedOfProduct `json:"derived"`
}

// derivedOfProduct is what Elasticsearch can't compute by itself.
type derivedOfProduct struct {
	Attributes  []string `json:"attributes,omitempty"`
	InStock     int      `json:"inStock"` // a number, for sorting
	Created     int64    `json:"created"` // microseconds
	Updated     int64    `json:"updated"`
	Name        string   `json:"name"`
	Head        string   `json:"head,omitempty"`
	TitleLength int      `json:"titleLength"`
	SayWord     []string `json:"sayWord,omitempty"`
	SayBrand    []string `json:"sayBrand,omitempty"`
	SayCategory []string `json:"sayCategory,omitempty"`
}

// nameRunes is how many characters of a title are sorted by: if the first 200 are equal,
// the id decides.
const nameRunes = 200

const maxTitleLength = 9999

func sourceOfProduct(p search.Product) productSource {
	d := derivedOfProduct{
		Created: micros(p.CreatedAt), Updated: micros(p.UpdatedAt), Name: sortName(p.Title), Head: text.Head(p.Title),
		TitleLength: min(maxTitleLength, text.Length(p.Title)),
		SayWord:     once(text.SayWords(p.Title)), SayBrand: once(text.SayWhole(p.Brand)), SayCategory: once(text.SayWhole(p.Category)),
	}
	for name, value := range p.Attributes {
		d.Attributes = append(d.Attributes, name, value)
	}
	slices.Sort(d.Attributes)
	if p.InStock() {
		d.InStock = 1
	}
	return productSource{p, d}
}

func sortName(title string) string {
	folded := text.Fold(title)
	n := 0
	for i := range folded {
		if n++; n > nameRunes {
			return folded[:i]
		}
	}
	return folded
}

func once(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// micros returns 0 for an unknown time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

type orderSource struct {
	search.Order
	Derived derivedOfOrder `json:"derived"`
}

type derivedOfOrder struct {
	WholeID string `json:"wholeId"`
	Placed  int64  `json:"placed"` // microseconds
	Updated int64  `json:"updated"`
	// Missing if the order doesn't wait.
	NoNewsSince    int64 `json:"noNewsSince,omitempty"`
	NotPackedSince int64 `json:"notPackedSince,omitempty"`
}

func sourceOfOrder(o search.Order) orderSource {
	return orderSource{o, derivedOfOrder{
		strings.ToLower(o.ID), micros(o.PlacedAt), micros(o.UpdatedAt), micros(o.NoNewsSince), micros(o.NotPackedSince),
	}}
}

// eventSource is an event in a data stream, which requires a @timestamp.
type eventSource struct {
	Timestamp time.Time `json:"@timestamp"`
	search.Event
}

func sourceOfEvent(e search.Event) eventSource { return eventSource{e.At.UTC(), e} }

// action is the line of a bulk request before a document.
type action struct {
	Index  *target `json:"index,omitempty"`
	Create *target `json:"create,omitempty"`
}

type target struct {
	Index       string `json:"_index"`
	ID          string `json:"_id"`
	Version     int64  `json:"version,omitempty"`
	VersionType string `json:"version_type,omitempty"`
	// RequireAlias and RequireStream refuse a document rather than create an index for it
	// without a mapping.
	RequireAlias  bool `json:"require_alias,omitempty"`
	RequireStream bool `json:"require_data_stream,omitempty"`
}

// write appends the two lines of a document.
func write(to *bytes.Buffer, a action, source any) error {
	lines := json.NewEncoder(to) // ends each with a line break, and has none within
	lines.SetEscapeHTML(false)
	if err := lines.Encode(a); err != nil {
		return err
	}
	return lines.Encode(source)
}
