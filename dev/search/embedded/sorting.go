package embedded

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/blevesearch/bleve/v2"
	bleves "github.com/blevesearch/bleve/v2/search"

	"holdfast/search"
	"holdfast/search/text"
)

// sorting is the keys by which documents are sorted. Each key is a text that every document
// has, or the score, and the last one is the id, so the order is total, and a page can
// continue behind any document.
type sorting []bleves.SearchSort

func up(field string) bleves.SearchSort {
	return &bleves.SortField{Field: field, Type: bleves.SortFieldAsString}
}

func down(field string) bleves.SearchSort {
	return &bleves.SortField{Field: field, Type: bleves.SortFieldAsString, Desc: true}
}

// productOrder sorts by the number of matching words first, if not all are required: the
// overall cheapest product may not be what was searched for.
func productOrder(q search.ProductQuery, way text.Match) sorting {
	var s sorting
	if q.Sort == search.SortUpdated {
		return sorting{up(byUpdated), up(fieldID)}
	}
	if !q.SoldOutInPlace {
		s = append(s, down(fieldStock))
	}
	if way != text.MatchAllWords && q.EffectiveSort() != search.SortRelevance {
		s = append(s, &bleves.SortScore{Desc: true})
	}
	switch q.EffectiveSort() {
	case search.SortPrice:
		s = append(s, up(byLow))
	case search.SortPriceDescending:
		s = append(s, down(byHigh))
	case search.SortName:
		s = append(s, up(byName))
	case search.SortNewest:
		s = append(s, down(byCreated))
	case search.SortUpdated: // see above
	case search.SortRelevance:
		// Of two equal matches, the shorter title contains less besides.
		s = append(s, &bleves.SortScore{Desc: true}, up(byTitleLength))
	}
	return append(s, up(fieldID))
}

func orderOrder(by search.OrderSort) sorting {
	if by == search.OrderSortUpdated {
		return sorting{up(byUpdated), up(fieldID)}
	}
	return sorting{down(byPlaced), down(fieldID)}
}

// request requests a page and one document more, which shows whether there is a next page.
// The first page has no after.
func (s sorting) request(p plan, size int, after []string) (*bleve.SearchRequest, error) {
	req := bleve.NewSearchRequestOptions(p, size+1, 0, false)
	req.SortByCustom(bleves.SortOrder(s))
	req.Fields = []string{fieldSource}
	if after == nil {
		return req, nil
	}
	if !s.fits(after) {
		return nil, search.BadCursor()
	}
	req.SetSearchAfter(after)
	return req, nil
}

// fits reports whether the keys can belong to this sort. Any text can.
func (s sorting) fits(keys []string) bool {
	if len(keys) != len(s) {
		return false
	}
	for i, by := range s {
		if by.RequiresScoring() {
			score, err := strconv.ParseFloat(keys[i], 64)
			if err != nil || math.IsNaN(score) || math.IsInf(score, 0) {
				return false
			}
		}
	}
	return true
}

// cut returns the documents of a page, and the keys of the last one if there is a next
// page.
func (s sorting) cut(hits bleves.DocumentMatchCollection, size int) (page bleves.DocumentMatchCollection, keys []string) {
	if len(hits) <= size {
		return hits, nil
	}
	return hits[:size], s.keys(hits[size-1])
}

// decode reads the documents as they were in the searched state.
func decode[D any](hits bleves.DocumentMatchCollection) ([]D, error) {
	docs := make([]D, len(hits))
	for i, h := range hits {
		source, _ := h.Fields[fieldSource].(string)
		if err := json.Unmarshal([]byte(source), &docs[i]); err != nil {
			return nil, fmt.Errorf("decode %s: %w", h.ID, err)
		}
	}
	return docs, nil
}

func (s sorting) keys(hit *bleves.DocumentMatch) []string {
	keys := make([]string, len(s))
	for i, by := range s {
		if by.RequiresScoring() {
			keys[i] = strconv.FormatFloat(hit.Score, 'g', -1, 64)
		} else {
			keys[i] = hit.Sort[i]
		}
	}
	return keys
}
