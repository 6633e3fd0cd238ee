package elastic

import (
	"slices"

	"holdfast/search"
)

// facet is a field whose values are counted, and filtered by.
type facet struct {
	field  string
	chosen func(search.ProductQuery) []string
	into   func(*search.Facets) *[]search.FacetValue
}

func facets() []facet {
	return []facet{
		{
			"category", func(q search.ProductQuery) []string { return q.Category },
			func(f *search.Facets) *[]search.FacetValue { return &f.Category },
		},
		{
			"brand", func(q search.ProductQuery) []string { return q.Brand },
			func(f *search.Facets) *[]search.FacetValue { return &f.Brand },
		},
		{
			"tags", func(q search.ProductQuery) []string { return q.Tag },
			func(f *search.Facets) *[]search.FacetValue { return &f.Tag },
		},
	}
}

// choices are the filters of all facets but one.
func choices(q search.ProductQuery, but string) []object {
	var all []object
	for _, f := range facets() {
		if values := f.chosen(q); len(values) > 0 && f.field != but {
			all = append(all, oneOf(f.field, values))
		}
	}
	return all
}

// aggregation is a count of values, within the choices of other facets if there are any.
type aggregation struct {
	Buckets []bucket     `json:"buckets"`
	Values  *aggregation `json:"values"`
	Count   int64        `json:"doc_count"`
}

type bucket struct {
	Key   string `json:"key"`
	Count int64  `json:"doc_count"`
}

// beforeChoices counts all products before the filters of facets.
const beforeChoices = "before_choices"

func aggregations(q search.ProductQuery) object {
	all := object{}
	for _, f := range facets() {
		count := object{"terms": object{"field": f.field, "size": search.MaxFacetValues}}
		if others := choices(q, f.field); len(others) > 0 {
			count = object{"filter": filtered(others), "aggs": object{"values": count}}
		}
		all[f.field] = count
	}
	if len(choices(q, "")) > 0 {
		all[beforeChoices] = object{"filter": object{"match_all": object{}}}
	}
	return all
}

// facetsOf reads the counts. Elasticsearch returns the most frequent first, then by value.
// Values that are too long in bytes, though not in characters, are left out.
func facetsOf(counted map[string]aggregation) search.Facets {
	var all search.Facets
	for _, f := range facets() {
		a := counted[f.field]
		if a.Values != nil {
			a = *a.Values
		}
		var values []search.FacetValue
		for _, b := range a.Buckets {
			values = append(values, search.FacetValue{Value: b.Key, Count: b.Count})
		}
		*f.into(&all) = slices.DeleteFunc(values, func(v search.FacetValue) bool { return len(v.Value) > search.MaxValueBytes })
	}
	return all
}
