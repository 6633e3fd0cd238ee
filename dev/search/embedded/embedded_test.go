package embedded_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/dev/search/embedded"
	"holdfast/product"
	"holdfast/search"
	"holdfast/search/searchtest"
)

func synonyms(t testing.TB) search.Synonyms {
	t.Helper()
	s, err := search.ParseSynonyms(strings.NewReader(searchtest.Synonyms))
	require.NoError(t, err)
	return s
}

func open(t testing.TB, folder string) *embedded.Index {
	t.Helper()
	x, err := embedded.Open(embedded.Options{Folder: folder, Synonyms: synonyms(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return x
}

func TestForThisProcess(t *testing.T) {
	searchtest.Run(t, func(t *testing.T) search.Index { return open(t, "") })
}

func TestInAFolder(t *testing.T) {
	searchtest.Run(t, func(t *testing.T) search.Index { return open(t, t.TempDir()) })
}

func vase(id, title string, version int64) search.Product {
	return search.Product{ID: id, Version: version, Status: product.StatusListed, Title: title, Currency: "EUR", Available: 1}
}

func put(t testing.TB, x interface {
	Put(ctx context.Context, b search.Batch) (search.Results, error)
}, products ...search.Product,
) []search.Result {
	t.Helper()
	r, err := x.Put(t.Context(), search.Batch{Products: products})
	require.NoError(t, err)
	return r.Products
}

func titles(t testing.TB, x search.Index, q string) []string {
	t.Helper()
	page, err := x.SearchProducts(t.Context(), search.ProductQuery{Q: q, Sort: search.SortName})
	require.NoError(t, err)
	var all []string
	for _, p := range page.Items {
		all = append(all, p.Title)
	}
	return all
}

func TestFolderIsOpenedAgainAsItWas(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	x := open(t, folder)
	put(t, x, vase("a", "Vase", 5), vase("f", "Flowerpot", 5))
	require.NoError(t, x.Close())

	x = open(t, folder)
	require.Equal(t, []string{"Vase"}, titles(t, x, "vases"))
	require.Equal(t, []string{"Flowerpot"}, titles(t, x, "owerp"), "also a piece of a word")
	require.Equal(t, search.OutcomeIgnored, put(t, x, vase("a", "Old vase", 4))[0].Outcome, "the version is remembered")
	require.Equal(t, search.OutcomeStored, put(t, x, vase("a", "New vase", 6))[0].Outcome)
	r, err := x.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err)
	put(t, r, vase("b", "Rebuilt vase", 1))
	require.NoError(t, r.Swap(t.Context()))
	require.NoError(t, x.Close())

	x = open(t, folder)
	require.Equal(t, []string{"Rebuilt vase"}, titles(t, x, "vase"), "the one that was swapped in counts")
	require.Len(t, generations(t, folder), 1, "the old one is gone")
}

func TestRebuildThatDidNotEndIsForgotten(t *testing.T) {
	folder := t.TempDir()
	x := open(t, folder)
	put(t, x, vase("a", "Vase", 5))
	r, err := x.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err)
	put(t, r, vase("b", "Vase of the rebuild", 1))
	require.Len(t, generations(t, folder), 2)
	crashed := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.CopyFS(crashed, os.DirFS(folder)), "as a crash would leave it")
	require.NoError(t, x.Close())

	for _, left := range []string{folder, crashed} {
		x = open(t, left)
		require.Equal(t, []string{"Vase"}, titles(t, x, "vase"))
		require.Len(t, generations(t, left), 1)
	}
}

func stale(t *testing.T, x search.Index) []search.View {
	t.Helper()
	views, err := x.Stale(t.Context())
	require.NoError(t, err)
	return views
}

// rebuild swaps in empty views.
func rebuild(t *testing.T, x search.Index, views ...search.View) {
	t.Helper()
	for _, v := range views {
		r, err := x.Rebuild(t.Context(), v)
		require.NoError(t, err)
		require.NoError(t, r.Swap(t.Context()))
	}
}

func TestEmptyViewStaysStaleUntilItWasRebuilt(t *testing.T) {
	folder := t.TempDir()
	x := open(t, folder)
	require.Equal(t, search.Views(), stale(t, x))
	require.NoError(t, x.Close())

	x = open(t, folder)
	require.Equal(t, search.Views(), stale(t, x), "who made it died before anybody filled it")
	put(t, x, vase("a", "Vase", 5))
	_, err := x.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err)
	require.NoError(t, x.Close())

	x = open(t, folder)
	require.Equal(t, search.Views(), stale(t, x), "and who filled it before he swapped it in")
	require.Equal(t, []string{"Vase"}, titles(t, x, "vase"), "what was put meanwhile is there")
	rebuild(t, x, search.ViewOrders)
	require.NoError(t, x.Close())

	x = open(t, folder)
	require.Equal(t, []search.View{search.ViewProducts}, stale(t, x))
	rebuild(t, x, search.ViewProducts)
	require.NoError(t, x.Close())
	require.Empty(t, stale(t, open(t, folder)))
}

func TestEventsStayInTheFolder(t *testing.T) {
	folder := t.TempDir()
	x := open(t, folder)
	e := search.Event{ID: "1-1-0", ProductID: "a", Type: "Put", Version: 1, At: time.Unix(1, 0).UTC()}
	_, err := x.Put(t.Context(), search.Batch{Events: []search.Event{e}})
	require.NoError(t, err)
	crashed := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.CopyFS(crashed, os.DirFS(folder)), "as a crash would leave it")
	require.NoError(t, x.Close())
	for _, left := range []string{folder, crashed} {
		x = open(t, left)
		rebuild(t, x, search.Views()...)
		page, err := x.ListEvents(t.Context(), search.EventQuery{ProductID: "a"})
		require.NoError(t, err)
		require.Equal(t, []search.Event{e}, page.Items)
		results, err := x.Put(t.Context(), search.Batch{Events: []search.Event{e}})
		require.NoError(t, err)
		require.Equal(t, search.OutcomeIgnored, results.Events[0].Outcome)
	}
}

func TestWhatElseLiesInTheFolderStays(t *testing.T) {
	folder := t.TempDir()
	note := filepath.Join(folder, "notes.txt")
	require.NoError(t, os.WriteFile(note, []byte("mine"), 0o600))
	require.NoError(t, open(t, folder).Close())
	require.FileExists(t, note)
}

func TestIndexOfAnotherShapeIsMadeAnew(t *testing.T) {
	folder := t.TempDir()
	x := open(t, folder)
	put(t, x, vase("a", "Vase", 5))
	rebuild(t, x, search.Views()...)
	require.NoError(t, x.Close())
	name := generations(t, folder)[0]
	old := strings.Replace(name, "-s", "-r", 1)
	products := filepath.Join(folder, "products")
	require.NoError(t, os.Rename(filepath.Join(products, name), filepath.Join(products, old)))
	require.NoError(t, os.WriteFile(filepath.Join(products, "CURRENT"), []byte(old+" full\n"), 0o600))
	x = open(t, folder)
	require.Equal(t, []search.View{search.ViewProducts}, stale(t, x))
	require.Empty(t, titles(t, x, "vase"))
	require.Len(t, generations(t, folder), 1)
}

func TestFolderBelongsToOneIndex(t *testing.T) {
	folder := t.TempDir()
	x := open(t, folder)
	put(t, x, vase("a", "Vase", 5))
	_, err := embedded.Open(embedded.Options{Folder: folder})
	require.ErrorContains(t, err, "open the search index")
	require.Equal(t, []string{"Vase"}, titles(t, x, "vase"), "and that harms nobody")
}

func TestCursorWithKeysThatAreNone(t *testing.T) {
	x := open(t, "")
	put(t, x, vase("a", "Vase", 5), vase("b", "Vase", 5))
	q := search.ProductQuery{Q: "vase", Limit: new(1)}
	page, err := x.SearchProducts(t.Context(), q)
	require.NoError(t, err)
	q.Cursor = page.NextCursor
	keys, err := q.After()
	require.NoError(t, err)
	require.Equal(t, []string{"exact", "1", "80", "0001", "a"}, keys)
	for _, score := range []string{"high", "NaN", "Inf", "-Inf", ""} {
		q.Cursor = q.CursorAt("exact", "1", score, "0001", "a")
		_, err := x.SearchProducts(t.Context(), q)
		require.ErrorContains(t, err, "cursor: ", score)
	}
	for _, first := range []string{"", "near"} {
		q.Cursor = q.CursorAt(first, "1", "80", "0001", "a")
		_, err := x.SearchProducts(t.Context(), q)
		require.ErrorContains(t, err, "cursor: ", first)
	}
}

func TestEventCursorWithKeysThatAreNone(t *testing.T) {
	x := open(t, "")
	q := search.EventQuery{ProductID: "a"}
	for _, keys := range [][]string{{"0", "x"}, {"-1", "x"}, {"high", "x"}, {"1"}, {"1", "x", "y"}, {"99999999999999999999", "x"}} {
		q.Cursor = q.CursorAt(keys...)
		_, err := x.ListEvents(t.Context(), q)
		require.ErrorContains(t, err, "cursor: ", keys)
	}
}

func TestFolderThatIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := embedded.Open(embedded.Options{Folder: file})
	require.Error(t, err)
}

func TestSynonymsMayBeOthersTheNextTime(t *testing.T) {
	folder := t.TempDir()
	x, err := embedded.Open(embedded.Options{Folder: folder})
	require.NoError(t, err)
	put(t, x, vase("a", "Oslo sofa", 5))
	require.Empty(t, titles(t, x, "couch"))
	require.NoError(t, x.Close())
	require.Equal(t, []string{"Oslo sofa"}, titles(t, open(t, folder), "couch"))
}

func TestNothingStaysOfAnIndexForThisProcess(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	x := open(t, "")
	put(t, x, vase("a", "Vase", 5))
	_, err := x.Rebuild(t.Context(), search.ViewProducts)
	require.NoError(t, err)
	require.NoError(t, x.Close())
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	require.Empty(t, left)
}

func generations(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "products", "index-*"))
	require.NoError(t, err)
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}
