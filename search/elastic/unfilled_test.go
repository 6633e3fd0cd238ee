package elastic_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
	"holdfast/search/elastic"
)

// A view of an older shape is complete, in its shape; a deleted one has nothing, even after
// it was recreated.
func TestOnlyALostViewIsUnfilled(t *testing.T) {
	prefix := ownPrefix(t)
	old := openShape(t, prefix, 1)
	unfilled := func(x *elastic.Index) []search.View {
		views, err := x.Unfilled(t.Context())
		require.NoError(t, err)
		return views
	}
	require.Equal(t, search.Views(), unfilled(old))
	fill(t, old, vase("a", 1))
	next := openShape(t, prefix, 2)
	requireStale(t, next, search.ViewProducts, search.ViewOrders)
	require.Equal(t, []search.View{search.ViewOrders}, unfilled(next))

	r, err := old.Rebuild(t.Context(), search.ViewOrders)
	require.NoError(t, err)
	require.NoError(t, r.Swap(t.Context()))
	require.Empty(t, unfilled(old))
	for _, index := range elastic.Filled(t.Context(), old, search.ViewOrders) {
		ask(t.Context(), t, http.MethodDelete, server(t)+"/"+index)
	}
	require.Equal(t, []search.View{search.ViewOrders}, unfilled(old))
	require.Equal(t, []search.View{search.ViewOrders}, unfilled(openShape(t, prefix, 1)), "made again, empty")
}
