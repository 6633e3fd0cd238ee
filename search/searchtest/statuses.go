package searchtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/product"
	"holdfast/search"
)

func updatedAt(at time.Time) func(*search.Product) {
	return func(p *search.Product) { p.UpdatedAt = at }
}

func productKnown(reference string) func(*search.Product) {
	return func(p *search.Product) { p.ExternalReference = reference }
}

// anyStatusIsFound: products that aren't listed are found by who names their status.
func anyStatusIsFound(t *testing.T, x search.Index) {
	draft, delisted := product.StatusDraft, product.StatusDelisted
	for name, c := range map[string]struct {
		q    search.ProductQuery
		want []string
	}{
		"drafts":               {search.ProductQuery{Status: []product.Status{draft}}, []string{"draft"}},
		"delisted":             {search.ProductQuery{Status: []product.Status{delisted}}, []string{"delisted"}},
		"several":              {search.ProductQuery{Status: []product.Status{delisted, "recalled", draft, draft}}, []string{"draft", "delisted", "odd"}},
		"with words":           {search.ProductQuery{Q: "secret headphones", Status: []product.Status{draft, delisted}}, []string{"draft", "delisted"}},
		"tolerant":             {search.ProductQuery{Q: "hedphones", Status: []product.Status{draft}}, []string{"draft"}},
		"with another filter":  {search.ProductQuery{Tag: []string{"secret"}, Status: []product.Status{draft}}, []string{"draft"}},
		"a status of nobody's": {search.ProductQuery{Status: []product.Status{"burnt"}}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			page := find(t, x, c.q)
			require.ElementsMatch(t, c.want, ids(page))
			require.EqualValues(t, len(c.want), page.Total)
		})
	}
	require.Equal(t, find(t, x, search.ProductQuery{Q: "mug"}).Items, find(t, x, search.ProductQuery{Q: "mug", Status: []product.Status{product.StatusListed}}).Items)
	facets := find(t, x, search.ProductQuery{Status: []product.Status{draft, delisted}}).Facets
	require.Equal(t, []search.FacetValue{{Value: "secret", Count: 2}}, facets.Tag)
}

// referencesAreFoundWhole: two systems may use the same name, and case counts.
func referencesAreFoundWhole(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Products: []search.Product{
		item("a", "Lamp", "Lumo", "Lamps", 100, 1, productKnown("ERP 1/ä")), item("b", "Lamp", "Lumo", "Lamps", 100, 1, productKnown("ERP 1/ä"), status(product.StatusDraft)),
		item("c", "Lamp", "Lumo", "Lamps", 100, 1, productKnown("erp 1/ä")), item("d", "ERP 1/ä", "Lumo", "Lamps", 100, 1),
	}})
	by := func(reference string, statuses ...product.Status) []string {
		return ids(find(t, x, search.ProductQuery{ExternalReference: reference, Status: statuses}))
	}
	require.Equal(t, []string{"a"}, by("ERP 1/ä"))
	require.ElementsMatch(t, []string{"a", "b"}, by("ERP 1/ä", product.StatusListed, product.StatusDraft))
	require.Empty(t, by("ERP 1"))
	require.Equal(t, "ERP 1/ä", find(t, x, search.ProductQuery{ExternalReference: "ERP 1/ä"}).Items[0].ExternalReference)
	require.Equal(t, []string{"d"}, ids(find(t, x, search.ProductQuery{Q: "erp"})), "it is no text to search in")
}

// productsByChange: what another system asks to keep up with the catalogue.
func productsByChange(t *testing.T, x search.Index) {
	put(t, x, search.Batch{Products: []search.Product{
		item("late", "Lamp", "Lumo", "Lamps", 100, 1, updatedAt(day(9))), item("early", "Lamp", "Lumo", "Lamps", 900, 0, updatedAt(day(1))),
		item("b", "Lamp", "Lumo", "Lamps", 500, 0, updatedAt(day(3))), item("a", "Reading Lamp", "Lumo", "Lamps", 700, 1, updatedAt(day(3))),
		item("off", "Lamp", "Lumo", "Lamps", 100, 1, updatedAt(day(4)), status(product.StatusDelisted)),
	}})
	updated := search.SortUpdated
	all := []product.Status{product.StatusListed, product.StatusDelisted}
	for name, c := range map[string]struct {
		q    search.ProductQuery
		want []string
	}{
		"sold out or not":  {search.ProductQuery{Sort: updated}, []string{"early", "a", "b", "late"}},
		"of any status":    {search.ProductQuery{Sort: updated, Status: all}, []string{"early", "a", "b", "off", "late"}},
		"since":            {search.ProductQuery{Sort: updated, Status: all, UpdatedSince: day(3)}, []string{"a", "b", "off", "late"}},
		"just after":       {search.ProductQuery{Sort: updated, UpdatedSince: day(3).Add(time.Millisecond)}, []string{"late"}},
		"cheapest since":   {search.ProductQuery{Sort: search.SortPrice, UpdatedSince: day(2), SoldOutInPlace: true}, []string{"late", "b", "a"}},
		"with some words":  {search.ProductQuery{Sort: updated, Q: "reading lamp"}, []string{"early", "a", "b", "late"}},
		"nothing happened": {search.ProductQuery{UpdatedSince: day(10)}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			page := find(t, x, c.q)
			require.Equal(t, c.want, ids(page))
			require.EqualValues(t, len(c.want), page.Total)
			c.q.Limit = new(1)
			require.Equal(t, c.want, append([]string{}, idsOf(turn(t, x, c.q, nothing))...))
		})
	}
}

// productPagesMissNoChange: products change while another system reads all of them by their
// change. It sees each of them, and those that changed once more.
func productPagesMissNoChange(t *testing.T, x search.Index) {
	var many []search.Product
	for i := range 20 {
		many = append(many, item(fmt.Sprintf("p-%02d", i), "Lamp", "Lumo", "Lamps", 100, 1, updatedAt(day(i/5))))
	}
	put(t, x, search.Batch{Products: many})
	seen := turn(t, x, search.ProductQuery{Sort: search.SortUpdated, Limit: new(3)}, func(page int) {
		if page > 3 {
			return
		}
		p := many[page] // it was read, and moves behind all others
		p.Version, p.UpdatedAt = 20, day(20+page)
		put(t, x, search.Batch{Products: []search.Product{p}})
	})
	var want []string
	for _, p := range many {
		want = append(want, p.ID)
	}
	require.Equal(t, append(want, "p-01", "p-02", "p-03"), idsOf(seen))
}
