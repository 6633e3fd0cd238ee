package elastic

import (
	"context"
	"slices"
	"strings"

	"holdfast/product"
	"holdfast/search"
	"holdfast/search/text"
)

// Suggest implements search.Index.
func (x *Index) Suggest(ctx context.Context, q search.SuggestQuery) (search.Suggestions, error) {
	if err := q.Validate(); err != nil {
		return search.Suggestions{}, err
	}
	var s search.Suggestions
	err := x.read(ctx, "suggest", func(ctx context.Context) error {
		var err error
		s, err = x.suggest(ctx, text.NewTyped(q.Q), q.PageSize())
		return err
	})
	if err != nil {
		return search.Suggestions{}, err
	}
	return s, nil
}

func (x *Index) suggest(ctx context.Context, t text.Typed, size int) (search.Suggestions, error) {
	if t.Last == "" {
		return search.Suggestions{}, nil
	}
	filters := []object{term("status", product.StatusListed)}
	for _, w := range t.Whole {
		filters = append(filters, term("start", w))
	}
	if t.Begin != "" {
		filters = append(filters, prefix("start", t.Begin))
	}
	order := sorting{{"derived.inStock", true, whole}, {"derived.titleLength", false, whole}, byID(false)}
	body := object{"query": filtered(filters), "track_total_hits": false, "aggs": object{
		string(search.TermBrand):    says("derived.sayBrand", t.All, size),
		string(search.TermCategory): says("derived.sayCategory", t.All, size),
		string(search.TermWord):     says("derived.sayWord", t.Last, size),
	}}
	if err := order.into(body, size, nil); err != nil {
		return search.Suggestions{}, err
	}
	found, err := find[search.Product](ctx, x, x.names.read(search.ViewProducts), body)
	if err != nil {
		return search.Suggestions{}, err
	}
	var s search.Suggestions
	if s.Products, _, err = found.page(order, size); err != nil {
		return search.Suggestions{}, err
	}
	s.Terms = slices.Concat(
		terms(found.Aggregations, search.TermBrand, ""), terms(found.Aggregations, search.TermCategory, ""),
		terms(found.Aggregations, search.TermWord, t.Lead))
	s.Terms = s.Terms[:min(size, len(s.Terms))]
	return s, nil
}

// says counts the values that start this way.
func says(field, begin string, size int) object {
	return object{"terms": object{"field": field, "size": size, "include": literally(begin) + ".*"}}
}

// literally escapes all signs with a meaning in Lucene's expressions.
func literally(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(`.?+*|{}[]()"\#@&<>~^-/:$`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// terms reads the counts. A value in two spellings is returned once.
func terms(counted map[string]aggregation, kind search.TermKind, lead string) []search.Term {
	var all []search.Term
	for _, b := range counted[string(kind)].Buckets {
		t := search.Term{Text: lead + text.Shown(b.Key), Kind: kind, Count: b.Count}
		if !slices.ContainsFunc(all, func(o search.Term) bool { return o.Text == t.Text }) {
			all = append(all, t)
		}
	}
	return all
}
