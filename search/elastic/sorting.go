package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/search"
	"holdfast/search/text"
)

// key is one thing that documents are sorted by.
type key struct {
	field string
	down  bool
	kind  keyKind
}

type keyKind int

const (
	whole keyKind = iota // a whole number
	score
	word
)

// sorting is the keys by which documents are sorted. Every document has each of them, and
// the last one is the id, so the order is total, and a page can continue behind any
// document.
type sorting []key

func byID(down bool) key { return key{"id", down, word} }

// productOrder sorts by the number of matching words first, if not all are required: the
// overall cheapest product may not be what was searched for.
func productOrder(q search.ProductQuery, way text.Match) sorting {
	var s sorting
	if q.Sort == search.SortUpdated {
		return sorting{{"derived.updated", false, whole}, byID(false)}
	}
	if !q.SoldOutInPlace {
		s = append(s, key{"derived.inStock", true, whole})
	}
	if way != text.MatchAllWords && q.EffectiveSort() != search.SortRelevance {
		s = append(s, key{"_score", true, score})
	}
	switch q.EffectiveSort() {
	case search.SortPrice:
		s = append(s, key{"minPrice", false, whole})
	case search.SortPriceDescending:
		s = append(s, key{"maxPrice", true, whole})
	case search.SortName:
		s = append(s, key{"derived.name", false, word})
	case search.SortNewest:
		s = append(s, key{"derived.created", true, whole})
	case search.SortUpdated: // see above
	case search.SortRelevance:
		// Of two equal matches, the shorter title contains less besides.
		s = append(s, key{"_score", true, score}, key{"derived.titleLength", false, whole})
	}
	return append(s, byID(false))
}

// into adds the sort, and the keys after which to start, to a request. It requests one
// document more, which shows whether there is a next page.
func (s sorting) into(body object, size int, after []string) error {
	by := make(list, len(s))
	for i, k := range s {
		direction := "asc"
		if k.down {
			direction = "desc"
		}
		by[i] = object{k.field: direction}
	}
	body["sort"], body["size"] = by, size+1
	if after == nil {
		return nil
	}
	values, ok := s.values(after)
	if !ok {
		return search.BadCursor()
	}
	body["search_after"] = values
	return nil
}

// values parses the keys of a cursor, which callers can forge.
func (s sorting) values(keys []string) (list, bool) {
	if len(keys) != len(s) {
		return nil, false
	}
	values := make(list, len(s))
	for i, k := range s {
		switch k.kind {
		case whole:
			n, err := strconv.ParseInt(keys[i], 10, 64)
			if err != nil {
				return nil, false
			}
			values[i] = n
		case score:
			n, err := strconv.ParseFloat(keys[i], 32)
			if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
				return nil, false
			}
			values[i] = json.RawMessage(strconv.FormatFloat(n, 'g', -1, 32))
		case word:
			values[i] = keys[i]
		}
	}
	return values, true
}

// keys converts the sort values of a document to those of a cursor.
func (s sorting) keys(values []jsontext.Value) ([]string, error) {
	if len(values) != len(s) {
		return nil, fmt.Errorf("%d sort values of %d", len(values), len(s))
	}
	keys := make([]string, len(s))
	for i, v := range values {
		if s[i].kind != word {
			keys[i] = string(v)
			continue
		}
		if err := json.Unmarshal(v, &keys[i]); err != nil {
			return nil, fmt.Errorf("sort value %s: %w", v, err)
		}
	}
	return keys, nil
}

// answer is a search result, limited to what is needed.
type answer[D any] struct {
	Hits struct {
		Total struct {
			Value int64 `json:"value"`
		} `json:"total"`
		Hits []struct {
			Source D                `json:"_source"`
			Sort   []jsontext.Value `json:"sort"`
		} `json:"hits"`
	} `json:"hits"`
	Aggregations map[string]aggregation `json:"aggregations"`
}

// find searches one index or alias. A partial answer is an error.
func find[D any](ctx context.Context, x *Index, in string, body object) (answer[D], error) {
	var found answer[D]
	err := x.search(ctx, in, body, &found)
	return found, err
}

// search is find for answers of another form.
func (x *Index) search(ctx context.Context, in string, body object, found any) error {
	return ofView(throughSwap(ctx, func() error {
		return x.client.call(ctx, request{
			method: "POST", path: "/" + in + "/_search", query: "allow_partial_search_results=false", body: body,
		}, found)
	}))
}

// matching is the number of documents that the query finds before the facets' filters.
func (a answer[D]) matching() int64 {
	if before, counted := a.Aggregations[beforeChoices]; counted {
		return before.Count
	}
	return a.Hits.Total.Value
}

// page returns the documents of a page, and the keys of the last one if there is a next
// page.
func (a answer[D]) page(s sorting, size int) (docs []D, next []string, err error) {
	hits := a.Hits.Hits
	if len(hits) > size {
		hits = hits[:size]
		if next, err = s.keys(hits[size-1].Sort); err != nil {
			return nil, nil, err
		}
	}
	docs = make([]D, len(hits))
	for i, h := range hits {
		docs[i] = h.Source
	}
	return docs, next, nil
}
