package searchtest

import (
	"html"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/search"
)

func highlightsAreSafe(t *testing.T, x search.Index) {
	for name, c := range map[string]struct {
		q, id, field string
		marked       []string // what stands between <em> and </em>, in order
	}{
		"a word":           {"headphone", "hp-kids", "title", []string{"Headphones"}},
		"two words":        {"headphones wireless", "hp-wireless", "title", []string{"Wireless", "Headphones"}},
		"in the text":      {"battery headphones", "hp-wireless", "description", []string{"battery"}},
		"behind a sign":    {"soft headphones", "hp-wireless", "description", []string{"soft"}},
		"with its accents": {"cafe", "espresso", "title", []string{"Café"}},
		"a synonym":        {"couch", "sofa", "title", []string{"Sofa"}},
		"a typo":           {"hedphones", "hp-studio", "title", []string{"Headphones"}},
		"beside signs":     {"poster", "poster", "title", []string{"Poster"}},
	} {
		t.Run(name, func(t *testing.T) {
			hit := hitOf(t, find(t, x, search.ProductQuery{Q: c.q}), c.id)
			require.NotEmpty(t, hit.Highlights[c.field])
			require.Equal(t, c.marked, marked(t, hit.Highlights[c.field]))
		})
	}
	t.Run("escaped", func(t *testing.T) {
		hit := hitOf(t, find(t, x, search.ProductQuery{Q: "rock poster"}), "poster")
		piece := hit.Highlights["title"][0]
		require.Contains(t, piece, "<em>Rock</em> &amp; Roll &lt;b&gt;")
		require.NotContains(t, strings.NewReplacer("<em>", "", "</em>", "").Replace(piece), "<")
	})
	t.Run("pieces are pieces of the text", func(t *testing.T) {
		for _, q := range []string{"headphones", "降噪耳机", "耳机", "ヘッドホン", "hedphones", "la dc52", "coffee", "無 b", "wool"} {
			for _, hit := range find(t, x, search.ProductQuery{Q: q}).Items {
				for field, pieces := range hit.Highlights {
					whole := map[string]string{"title": hit.Title, "description": hit.Description}[field]
					for _, p := range pieces {
						require.Contains(t, p, "<em>")
						plain := html.UnescapeString(strings.NewReplacer("<em>", "", "</em>", "").Replace(p))
						require.Contains(t, whole, plain)
					}
				}
			}
		}
		require.Contains(t, strings.Join(hitOf(t, find(t, x, search.ProductQuery{Q: "耳机"}), "zh-headphones").Highlights["title"], ""), "耳机</em>")
	})
	t.Run("nothing to mark", func(t *testing.T) {
		for _, hit := range find(t, x, search.ProductQuery{Category: []string{"Fans"}}).Items {
			require.Empty(t, hit.Highlights)
		}
		hit := hitOf(t, find(t, x, search.ProductQuery{Q: "bluetooth"}), "hp-wireless")
		require.Empty(t, hit.Highlights, "only a tag has it")
	})
}

func hitOf(t *testing.T, page search.ProductPage, id string) search.ProductHit {
	t.Helper()
	for _, h := range page.Items {
		if h.ID == id {
			return h
		}
	}
	require.Fail(t, "not found", "%s is not among %v", id, ids(page))
	return search.ProductHit{}
}

func marked(t *testing.T, pieces []string) []string {
	t.Helper()
	var all []string
	for _, p := range pieces {
		for _, part := range strings.Split(p, "<em>")[1:] {
			text, _, closed := strings.Cut(part, "</em>")
			require.True(t, closed, p)
			all = append(all, text)
		}
	}
	return all
}
