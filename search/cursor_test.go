package search_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/order"
	"holdfast/search"
)

// queries draws product queries without a cursor.
func queries() *rapid.Generator[search.ProductQuery] {
	return rapid.Custom(func(t *rapid.T) search.ProductQuery {
		values := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "é"}), 0, 2)
		prices := rapid.Ptr(rapid.Int64Range(0, 3), true)
		return search.ProductQuery{
			Q:        rapid.SampledFrom([]string{"", " ", "sofa", "耳机"}).Draw(t, "q"),
			Category: values.Draw(t, "category"), Brand: values.Draw(t, "brand"), Tag: values.Draw(t, "tag"),
			MinPrice: prices.Draw(t, "min"), MaxPrice: prices.Draw(t, "max"),
			InStock: rapid.Bool().Draw(t, "stock"), SoldOutInPlace: rapid.Bool().Draw(t, "in place"),
			Sort: rapid.SampledFrom([]search.Sort{"", search.SortRelevance, search.SortPrice, search.SortName}).Draw(t, "sort"),
		}
	})
}

func TestCursorComesBackToItsQueryOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, other := queries().Draw(t, "query"), queries().Draw(t, "other")
		keys := rapid.SliceOfN(rapid.StringOfN(rapid.Rune(), 0, 20, -1), 1, 6).Draw(t, "keys")
		for i := range keys {
			keys[i] = strings.ToValidUTF8(keys[i], "?")
		}
		q.Cursor = q.CursorAt(keys...)
		got, err := q.After()
		require.NoError(t, err)
		require.Equal(t, keys, got)
		q.Limit = new(7)
		_, err = q.After()
		require.NoError(t, err, "the limit may change")

		other.Cursor = q.Cursor
		_, err = other.After()
		require.Equal(t, same(q, other), err == nil, "%+v and %+v", q, other)
	})
}

// same compares queries field by field, as a reader would.
func same(a, b search.ProductQuery) bool {
	one := func(p *int64) int64 {
		if p == nil {
			return -1
		}
		return *p
	}
	list := func(l []string) string { return strings.Join(l, "\n") }
	return a.Q == b.Q && list(a.Category) == list(b.Category) && list(a.Brand) == list(b.Brand) && list(a.Tag) == list(b.Tag) &&
		one(a.MinPrice) == one(b.MinPrice) && one(a.MaxPrice) == one(b.MaxPrice) && a.InStock == b.InStock &&
		a.SoldOutInPlace == b.SoldOutInPlace && a.EffectiveSort() == b.EffectiveSort()
}

func TestChangedCursorIsRefused(t *testing.T) {
	q := search.ProductQuery{Q: "sofa"}
	given := q.CursorAt("exact", "1", "42", "sofa-1")
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(given)-1).Draw(t, "at")
		with := rapid.ByteRange(33, 126).Draw(t, "with")
		q.Cursor = given[:at] + string(with) + given[at+1:]
		keys, err := q.After()
		if q.Cursor == given {
			require.NoError(t, err)
			return
		}
		if err == nil { // a key was changed: the index has to notice that it isn't its own
			require.NotEqual(t, []string{"exact", "1", "42", "sofa-1"}, keys)
		}
	})
}

func TestCursorsThatNobodyGaveOut(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	q := search.ProductQuery{Q: "sofa"}
	good, err := base64.RawURLEncoding.DecodeString(q.CursorAt("1"))
	require.NoError(t, err)
	for name, c := range map[string]string{
		"text":           "hello",
		"no base64":      "%%%",
		"empty JSON":     encode([]byte(`{}`)),
		"null":           encode([]byte(`null`)),
		"list":           encode([]byte(`["a"]`)),
		"more behind":    encode([]byte(string(good) + `{}`)),
		"another field":  encode([]byte(strings.Replace(string(good), `"k"`, `"z":1,"k"`, 1))),
		"numbers":        encode([]byte(strings.Replace(string(good), `["1"]`, `[1]`, 1))),
		"no keys":        encode([]byte(strings.Replace(string(good), `["1"]`, `[]`, 1))),
		"no fingerprint": encode([]byte(`{"q":"","k":["1"]}`)),
		"padded":         base64.URLEncoding.EncodeToString(append(good, ' ')),
		"huge":           q.CursorAt(strings.Repeat("x", 10_000)),
		"of an order":    search.OrderQuery{Q: "sofa"}.CursorAt("1"),
	} {
		t.Run(name, func(t *testing.T) {
			q.Cursor = c
			_, err := q.After()
			require.Error(t, err)
			var bad search.Invalid
			require.ErrorAs(t, q.Validate(), &bad)
			require.Equal(t, "cursor", bad[0].Path)
		})
	}
}

func TestOrderCursorGoesByTheInstant(t *testing.T) {
	from := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	q := search.OrderQuery{From: from, Status: []order.Status{order.StatusPaid}}
	q.Cursor = q.CursorAt("k")
	q.From = from.In(time.FixedZone("", 3600))
	keys, err := q.After()
	require.NoError(t, err, "the same instant in another zone")
	require.Equal(t, []string{"k"}, keys)
	q.From = from.Add(time.Nanosecond)
	_, err = q.After()
	require.Error(t, err)
}

func TestEventCursorBelongsToItsQuery(t *testing.T) {
	q := search.EventQuery{ProductID: "p", Types: []string{"Placed"}, OrderID: "o"}
	q.Cursor = q.CursorAt("7", "17-1-0")
	keys, err := q.After()
	require.NoError(t, err)
	require.Equal(t, []string{"7", "17-1-0"}, keys)
	q.Limit = new(7)
	require.NoError(t, q.Validate(), "the limit may change")
	for name, change := range map[string]func(*search.EventQuery){
		"another product": func(q *search.EventQuery) { q.ProductID = "p2" },
		"another type":    func(q *search.EventQuery) { q.Types = []string{"Put"} },
		"one type more":   func(q *search.EventQuery) { q.Types = []string{"Placed", "Put"} },
		"any type":        func(q *search.EventQuery) { q.Types = nil },
		"another order":   func(q *search.EventQuery) { q.OrderID = "o2" },
		"any order":       func(q *search.EventQuery) { q.OrderID = "" },
		"of orders":       func(q *search.EventQuery) { q.Cursor = search.OrderQuery{ProductID: "p"}.CursorAt("7") },
		"of products":     func(q *search.EventQuery) { q.Cursor = search.ProductQuery{}.CursorAt("7") },
		"made up":         func(q *search.EventQuery) { q.Cursor = "abcdefgh" },
	} {
		t.Run(name, func(t *testing.T) {
			q := q
			change(&q)
			var bad search.Invalid
			require.ErrorAs(t, q.Validate(), &bad)
			require.Equal(t, "cursor", bad[0].Path)
		})
	}
}

func FuzzCursor(f *testing.F) {
	q := search.ProductQuery{Q: "sofa"}
	f.Add(q.CursorAt("exact", "1"))
	f.Add(q.CursorAt(""))
	f.Add("eyJxIjoiIiwiayI6WyIxIl19")
	f.Add("")
	f.Fuzz(func(t *testing.T, c string) {
		q.Cursor = c
		keys, err := q.After()
		if err != nil {
			require.Empty(t, keys)
			require.Error(t, q.Validate())
			return
		}
		require.NoError(t, q.Validate())
		require.Equal(t, c == "", len(keys) == 0)
		for _, k := range keys {
			require.True(t, utf8.ValidString(k))
		}
		if c != "" && len(c) < 1000 { // it may grow when it is encoded again
			again := q
			again.Cursor = q.CursorAt(keys...)
			got, err := again.After()
			require.NoError(t, err)
			require.Equal(t, keys, got)
		}
	})
}
