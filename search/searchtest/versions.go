package searchtest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
	"holdfast/product"
	"holdfast/search"
)

func documentsComeBack(t *testing.T, x search.Index) {
	for _, p := range goods() {
		got, err := x.GetProduct(t.Context(), p.ID)
		require.NoError(t, err)
		require.Equal(t, p, got, "whatever its status")
	}
	for _, o := range orders() {
		got, err := x.GetOrder(t.Context(), o.ID)
		require.NoError(t, err)
		requireOrder(t, o, got)
	}
	page := find(t, x, search.ProductQuery{Q: "oslo"})
	require.Equal(t, named("sofa"), page.Items[0].Product, "a hit is the whole document")
}

func emptyIndex(t *testing.T, x search.Index) {
	page := find(t, x, search.ProductQuery{})
	require.Empty(t, page.Items)
	require.Zero(t, page.Total)
	require.Empty(t, page.NextCursor)
	require.Empty(t, slices.Concat(page.Facets.Category, page.Facets.Brand, page.Facets.Tag))
	require.Empty(t, find(t, x, search.ProductQuery{Q: "sofa", Brand: []string{"x"}, InStock: true, MinPrice: new(int64(1))}).Items)
	require.Empty(t, list(t, x, search.OrderQuery{Q: "sofa"}).Items)
	require.Empty(t, listEvents(t, x, search.EventQuery{ProductID: "sofa"}).Items)
	require.Empty(t, suggest(t, x, "so").Products)
	require.Empty(t, suggest(t, x, "so").Terms)
	results, err := x.Put(t.Context(), search.Batch{})
	require.NoError(t, err)
	require.Empty(t, slices.Concat(results.Products, results.Orders, results.Events))
}

func versioned(version int64, title string) search.Product {
	p := item("p", title, "", "", 100, 1)
	p.Version = version
	return p
}

func outcomes(results []search.Result) []search.Outcome {
	var all []search.Outcome
	for _, r := range results {
		all = append(all, r.Outcome)
	}
	return all
}

func olderNeverReplacesNewer(t *testing.T, x search.Index) {
	for _, step := range []struct {
		put   search.Product
		want  search.Outcome
		title string // afterwards
	}{
		{versioned(5, "Five"), search.OutcomeStored, "Five"},
		{versioned(4, "Four"), search.OutcomeIgnored, "Five"},
		{versioned(5, "Five again"), search.OutcomeIgnored, "Five"},
		{versioned(6, "Six"), search.OutcomeStored, "Six"},
		{versioned(5, "Five"), search.OutcomeIgnored, "Six"},
		{versioned(1_790_000_000_000_000, "Far later"), search.OutcomeStored, "Far later"},
		{versioned(7, "Seven"), search.OutcomeIgnored, "Far later"},
	} {
		results, err := x.Put(t.Context(), search.Batch{Products: []search.Product{step.put}})
		require.NoError(t, err)
		require.Equal(t, []search.Result{{ID: "p", Outcome: step.want}}, results.Products)
		refresh(t, x)
		got, err := x.GetProduct(t.Context(), "p")
		require.NoError(t, err)
		require.Equal(t, step.title, got.Title)
		page := find(t, x, search.ProductQuery{})
		require.Len(t, page.Items, 1, "one product, one document")
		require.Equal(t, step.title, page.Items[0].Title)
	}
	require.Empty(t, find(t, x, search.ProductQuery{Q: "six"}).Items, "what was replaced is not found")

	results, err := x.Put(t.Context(), search.Batch{Products: []search.Product{
		{ID: "q", Version: 2, Status: product.StatusListed, Title: "Two", Currency: "EUR"},
		{ID: "q", Version: 1, Status: product.StatusListed, Title: "One", Currency: "EUR"},
		{ID: "q", Version: 3, Status: product.StatusListed, Title: "Three", Currency: "EUR"},
		{ID: "q", Version: 3, Status: product.StatusListed, Title: "Three", Currency: "EUR"},
	}})
	require.NoError(t, err)
	require.Equal(t, []search.Outcome{search.OutcomeStored, search.OutcomeIgnored, search.OutcomeStored, search.OutcomeIgnored}, outcomes(results.Products),
		"also within one batch")
	got, err := x.GetProduct(t.Context(), "q")
	require.NoError(t, err)
	require.Equal(t, "Three", got.Title)
}

// higherRevisionReplaces checks that an order's documents share a revision; neither the
// version of its own document nor its placing time counts.
func higherRevisionReplaces(t *testing.T, x search.Index) {
	first := placed("o", "ada", day(31), order.StatusExpired)
	first.Revision, first.Version = 40, 12
	again := placed("o", "ada", day(0), order.StatusReserving)
	again.Revision, again.Version = 41, 1
	next := placed("o", "ada", day(0), order.StatusAwaitingPayment, paid)
	next.Revision, next.Version = 42, 1
	for _, step := range []struct {
		put  search.Order
		want search.Outcome
		now  search.Order
	}{
		{first, search.OutcomeStored, first},
		{again, search.OutcomeStored, again},
		{first, search.OutcomeIgnored, again},
		{next, search.OutcomeStored, next},
		{again, search.OutcomeIgnored, next},
	} {
		results, err := x.Put(t.Context(), search.Batch{Orders: []search.Order{step.put}})
		require.NoError(t, err)
		require.Equal(t, []search.Result{{ID: "o", Outcome: step.want}}, results.Orders)
		got, err := x.GetOrder(t.Context(), "o")
		require.NoError(t, err)
		requireOrder(t, step.now, got)
	}
	refresh(t, x)
	require.Empty(t, list(t, x, search.OrderQuery{Status: []order.Status{order.StatusExpired}}).Items)
	require.Len(t, list(t, x, search.OrderQuery{}).Items, 1)
}

func poisonHarmsNobodyElse(t *testing.T, x search.Index) {
	bad := func(change func(*search.Product)) search.Product { return item("bad", "Bad", "", "", 100, 1, change) }
	poison := map[string]search.Product{
		"id":        bad(func(p *search.Product) { p.ID = "a/b" }),
		"version":   bad(func(p *search.Product) { p.Version = 0 }),
		"status":    bad(func(p *search.Product) { p.Status = "" }),
		"title":     bad(func(p *search.Product) { p.Title = "" }),
		"currency":  bad(func(p *search.Product) { p.Currency = "euro" }),
		"minPrice":  bad(func(p *search.Product) { p.MinPrice = -1 }),
		"maxPrice":  bad(func(p *search.Product) { p.MaxPrice = 1 }),
		"available": bad(func(p *search.Product) { p.Available = -1 }),
		"tags":      bad(func(p *search.Product) { p.Tags = []string{"\xff"} }),
	}
	for field, p := range poison {
		results, err := x.Put(t.Context(), search.Batch{
			Products: []search.Product{item("good-"+field, "Good", "", "", 100, 1), p, item("fine-"+field, "Fine", "", "", 100, 1)},
			Orders:   []search.Order{{ID: "bad"}},
		})
		require.NoError(t, err)
		require.Equal(t, []search.Outcome{search.OutcomeStored, search.OutcomePoisoned, search.OutcomeStored}, outcomes(results.Products), field)
		require.Contains(t, results.Products[1].Reason, field+": ")
		require.Equal(t, search.OutcomePoisoned, results.Orders[0].Outcome)
		require.Len(t, results.Poisoned(), 2)
	}
	refresh(t, x)
	require.Len(t, find(t, x, search.ProductQuery{Limit: new(100)}).Items, 2*len(poison))
	_, err := x.GetProduct(t.Context(), "bad")
	require.ErrorIs(t, err, search.ErrNotFound)
	require.Empty(t, list(t, x, search.OrderQuery{}).Items)
}

// anyOrderEndsTheSame checks that the highest version remains, however messages are
// shuffled, repeated and batched.
func anyOrderEndsTheSame(t *testing.T, x search.Index) {
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		id := fmt.Sprintf("p-%d", n)
		versions := rapid.SliceOfN(rapid.Int64Range(1, 9), 1, 20).Draw(t, "versions")
		highest, stored := int64(0), int64(0)
		for len(versions) > 0 {
			cut := rapid.IntRange(1, len(versions)).Draw(t, "batch")
			var b search.Batch
			for _, v := range versions[:cut] {
				p := item(id, fmt.Sprintf("Version %d", v), "", "", 100, 1)
				p.Version = v
				b.Products = append(b.Products, p)
				highest = max(highest, v)
			}
			results, err := x.Put(t.Context(), b)
			require.NoError(t, err)
			for i, r := range results.Products {
				require.Equal(t, versions[i] > stored, r.Outcome == search.OutcomeStored, "%d after %d: %s", versions[i], stored, r.Outcome)
				stored = max(stored, versions[i])
			}
			versions = versions[cut:]
		}
		got, err := x.GetProduct(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, highest, got.Version)
		require.Equal(t, fmt.Sprintf("Version %d", highest), got.Title)
	})
}

// concurrentPuts has many writers put the same products in many versions.
func concurrentPuts(t *testing.T, x search.Index) {
	const writers, versions, products = 8, 12, 10
	counts := make([]map[search.Outcome]int, writers)
	var wg sync.WaitGroup
	for w := range writers {
		counts[w] = map[search.Outcome]int{}
		wg.Go(func() {
			for v := range versions {
				var b search.Batch
				for i := range products {
					p := item(fmt.Sprintf("p-%d", i), fmt.Sprintf("Version %d", 1+(v*5+w)%versions), "", "", 100, 1)
					p.Version = int64(1 + (v*5+w)%versions)
					b.Products = append(b.Products, p)
				}
				results, err := x.Put(t.Context(), b)
				if err != nil {
					t.Error(err)
					return
				}
				for _, r := range results.Products {
					counts[w][r.Outcome]++
				}
				if _, err := x.SearchProducts(t.Context(), search.ProductQuery{Q: "version"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	refresh(t, x)
	page := find(t, x, search.ProductQuery{Q: fmt.Sprintf("version %d", versions)})
	require.Len(t, page.Items, products)
	require.Len(t, find(t, x, search.ProductQuery{}).Items, products)
	total := map[search.Outcome]int{}
	for _, c := range counts {
		for outcome, n := range c {
			total[outcome] += n
		}
	}
	require.Zero(t, total[search.OutcomePoisoned])
	require.Equal(t, writers*versions*products, total[search.OutcomeStored]+total[search.OutcomeIgnored])
	require.LessOrEqual(t, total[search.OutcomeStored], versions*products, "no version is stored twice")
}

func delistingHidesUntilRelisted(t *testing.T, x search.Index) {
	p := item("p", "Blue Vase", "Vitra", "Vases", 100, 1)
	visible := func(want int) {
		t.Helper()
		require.Len(t, find(t, x, search.ProductQuery{Q: "vase"}).Items, want)
		require.Len(t, find(t, x, search.ProductQuery{}).Facets.Brand, want)
		require.Len(t, suggest(t, x, "vas").Products, want)
	}
	put(t, x, search.Batch{Products: []search.Product{p}})
	visible(1)
	p.Version, p.Status = 11, product.StatusDelisted
	put(t, x, search.Batch{Products: []search.Product{p}})
	visible(0)
	late := p
	late.Version, late.Status = 10, product.StatusListed
	results, err := x.Put(t.Context(), search.Batch{Products: []search.Product{late}})
	require.NoError(t, err)
	require.Equal(t, search.OutcomeIgnored, results.Products[0].Outcome, "a late message doesn't bring it back")
	refresh(t, x)
	visible(0)
	p.Version, p.Status = 12, product.StatusListed
	put(t, x, search.Batch{Products: []search.Product{p}})
	visible(1)
}
