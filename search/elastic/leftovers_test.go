package elastic_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

// A rebuild that was killed before a new shape came is cleaned up by no other program.
func TestASwapDropsWhatOlderShapesLeft(t *testing.T) {
	prefix := ownPrefix(t)
	create := func(index, body string) string {
		require.Contains(t, tell(t.Context(), t, http.MethodPut, server(t)+"/"+prefix+index, body), `"acknowledged":true`)
		return prefix + index
	}
	old := openShape(t, prefix, 2)
	fill(t, old, vase("a", 1))
	left := create("products_v2-20260101000000-aaaaaaaa", `{"aliases":{"`+prefix+`products_v2_20260101000000-aaaaaaaa":{}}}`)
	bare := create("products_v1-20260101000000-bbbbbbbb", ``)
	restored := create("products_v1-20260101000000-cccccccc", `{"mappings":{"_meta":{"shape":1,"complete":true}}}`)
	strange := create("products_v1-by-hand", ``)
	newer := create("products_v4-20260101000000-dddddddd", ``)
	longer := create("products_v10-20260101000000-eeeeeeee", ``)
	_, err := old.Rebuild(t.Context(), search.ViewProducts) // drops those of its own shape
	require.NoError(t, err)
	require.NotContains(t, indices(t, prefix), left)
	left = create("products_v2-20260101000000-aaaaaaaa", `{"aliases":{"`+prefix+`products_v2_20260101000000-aaaaaaaa":{}}}`)

	next := openShape(t, prefix, 3)
	fill(t, next, vase("a", 2))
	there := indices(t, prefix)
	require.NotContains(t, there, left)
	require.NotContains(t, there, bare)
	require.Contains(t, there, restored, "it may have what is nowhere else")
	require.Contains(t, there, strange)
	require.Contains(t, there, newer)
	require.Contains(t, there, longer)
	running := 0
	for _, index := range there {
		if strings.HasPrefix(index, prefix+"products_v2-") {
			running++
		}
	}
	require.Equal(t, 1, running, "a rebuild that may still go on")
	require.EqualValues(t, 1, found(t, next))
}
