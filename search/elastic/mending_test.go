package elastic_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/search"
	"holdfast/search/elastic"
)

// aliases of a prefix, each with its index.
func aliases(t *testing.T, prefix string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for line := range strings.Lines(ask(t.Context(), t, http.MethodGet, server(t)+"/_cat/aliases/"+prefix+"*?h=alias,index")) {
		alias, index, _ := strings.Cut(strings.TrimSpace(line), " ")
		all[alias] = append(all[alias], strings.TrimSpace(index))
	}
	return all
}

func indices(t *testing.T, prefix string) []string {
	t.Helper()
	return strings.Fields(ask(t.Context(), t, http.MethodGet, server(t)+"/_cat/indices/"+prefix+"*?h=index"))
}

func unalias(t *testing.T, index string, names ...string) {
	t.Helper()
	for _, name := range names {
		ask(t.Context(), t, http.MethodDelete, server(t)+"/"+index+"/_alias/"+name)
	}
}

// The server lost its data while programs were running: events continue, or nothing in
// their batches would ever be acknowledged.
func TestEventsGoOnAfterTheirTemplateWasLost(t *testing.T) {
	prefix := ownPrefix(t)
	x := open(t, elastic.Options{Prefix: prefix})
	ask(t.Context(), t, http.MethodDelete, server(t)+"/_index_template/"+prefix+"product-events")
	for _, want := range []search.Outcome{search.OutcomeStored, search.OutcomeIgnored} {
		results, err := x.Put(t.Context(), search.Batch{
			Products: []search.Product{vase("mug", 1)},
			Events:   []search.Event{{ID: "1-1-0", ProductID: "mug", Type: "hold.made", Version: 1, At: time.Now()}},
		})
		require.NoError(t, err, "%v", causeOf(err))
		require.Equal(t, want, results.Events[0].Outcome)
	}
	require.NoError(t, x.Refresh(t.Context()))
	page, err := x.ListEvents(t.Context(), search.EventQuery{ProductID: "mug"})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
}

// The first index came back from a snapshot without its aliases.
func TestAFirstIndexGetsItsAliasesBack(t *testing.T) {
	prefix := ownPrefix(t)
	first := prefix + "products-first"
	lose := func() { unalias(t, first, prefix+"products", prefix+"products_v1") }
	x := openShape(t, prefix, 1)
	_, err := x.Put(t.Context(), three())
	require.NoError(t, err)
	lose()
	require.NotContains(t, aliases(t, prefix), prefix+"products")
	next := openShape(t, prefix, 2)
	require.Equal(t, []string{first}, aliases(t, prefix)[prefix+"products"])
	require.Equal(t, []string{first}, aliases(t, prefix)[prefix+"products_v1"], "it has the shape that it was made with")
	require.EqualValues(t, 3, found(t, next))

	lose()
	_, err = next.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err)
	require.EqualValues(t, 3, found(t, next), "a rebuild can copy what it hid")
}

// The alias was lost during a rebuild.
func TestASwapWithoutAnAliasLeavesNoFirstIndex(t *testing.T) {
	prefix := ownPrefix(t)
	x := openShape(t, prefix, 1)
	r, err := x.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err)
	unalias(t, prefix+"products-first", prefix+"products", prefix+"products_v1")
	require.NoError(t, r.Swap(t.Context()))
	require.Len(t, aliases(t, prefix)[prefix+"products"], 1)
	require.NotContains(t, indices(t, prefix), prefix+"products-first")
}

// Another program creates the first index between a rebuild's check and its swap: in the
// end there is one index under the aliases.
func TestASwapBesideAFirstIndexThatIsMadeMeanwhile(t *testing.T) {
	prefix := ownPrefix(t)
	x := openShape(t, prefix, 1)
	r, err := x.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err)
	ask(t.Context(), t, http.MethodDelete, server(t)+"/"+prefix+"products-first")
	require.NoError(t, elastic.SwapAfter(t.Context(), r, func() { openShape(t, prefix, 1) }))
	require.Contains(t, indices(t, prefix), prefix+"products-first")
	for _, alias := range []string{"products", "products_v1"} {
		require.Len(t, aliases(t, prefix)[prefix+alias], 1, alias)
		require.NotEqual(t, prefix+"products-first", aliases(t, prefix)[prefix+alias][0])
	}
	_, err = x.Put(t.Context(), three())
	require.NoError(t, err, "%v", causeOf(err))
}

// The other way round: the first index was created just after the swap.
func TestAFirstIndexBesideACompleteOneIsSetAside(t *testing.T) {
	prefix := ownPrefix(t)
	x := openShape(t, prefix, 1)
	fill(t, x, vase("a", 1))
	tell(t.Context(), t, http.MethodPut, server(t)+"/"+prefix+"products-first",
		`{"aliases":{"`+prefix+`products":{},"`+prefix+`products_v1":{}}}`)
	_, err := x.Put(t.Context(), three())
	require.ErrorIs(t, err, search.ErrUnavailable, "nobody knows where to")
	openShape(t, prefix, 1)
	_, err = x.Put(t.Context(), three())
	require.NoError(t, err, "%v", causeOf(err))
	require.EqualValues(t, 3, found(t, x))
	require.Len(t, aliases(t, prefix)[prefix+"products"], 1)
}

// With two complete ones it can't be known which has what the other lacks.
func TestTwoCompleteIndicesAreLeftToAHuman(t *testing.T) {
	prefix := ownPrefix(t)
	x := openShape(t, prefix, 1)
	fill(t, x, vase("a", 1))
	tell(t.Context(), t, http.MethodPut, server(t)+"/"+prefix+"products-first",
		`{"mappings":{"_meta":{"shape":1,"complete":true}},"aliases":{"`+prefix+`products":{}}}`)
	_, err := elastic.OpenShape(t.Context(), elastic.Options{URLs: []string{server(t)}, Prefix: prefix}, 1)
	require.ErrorIs(t, err, search.ErrUnavailable)
	require.ErrorContains(t, causeOf(err), "stands for 2 indices")
	require.Len(t, aliases(t, prefix)[prefix+"products"], 2)
}
