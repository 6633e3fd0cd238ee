package api_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
)

func TestTheTypeOfAProblemLeadsToItsExplanation(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 1)
	for _, refused := range []answer{
		g.get("/v1/products/none"), g.get("/v1/orders?nonsense=1"), g.get("/nothing"),
		g.place("", basket(line{"productId": "mug", "quantity": 2})), g.place("", basket(line{"productId": "mug", "quantity": -1})),
		g.post("/v1/products/mug/stock", line{"delta": -5}),
	} {
		p := refused.problem(t)
		a := g.get(p.Type)
		require.Equal(t, http.StatusOK, a.status, p.Type)
		var says openapi.ProblemType
		require.NoError(t, json.Unmarshal(a.body, &says))
		require.Equal(t, p.Type, says.Type)
		found := false
		for _, m := range says.Meanings {
			found = found || (m.Status == p.Status && m.Title == p.Title && m.Advice != "")
		}
		require.True(t, found, "%s has no %d %s: %s", p.Type, p.Status, p.Title, a.body)
	}
	page := g.send(t.Context(), call{
		method: http.MethodGet, path: "/problems/insufficient-stock",
		header: http.Header{"Accept": {"text/html,application/xhtml+xml,*/*;q=0.8"}},
	})
	require.Equal(t, http.StatusOK, page.status)
	require.Equal(t, "text/html; charset=utf-8", page.header.Get("Content-Type"))
	require.Contains(t, string(page.body), "Insufficient stock")
	require.Equal(t, "/problems/no-such-path", g.get("/problems/none").problem(t).Type)
}

// Every name of a problem in the program's texts is one that is explained.
func TestNoProblemIsNamedOutsideOfItsTable(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	known := api.ProblemNames()
	require.Greater(t, len(known), 40)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		names := regexp.MustCompile(`"/problems/([a-z-]+)"`).FindAllStringSubmatch(string(text), -1)
		if !strings.HasSuffix(file, "_test.go") {
			require.Empty(t, names, "%s: use a kind", file)
			continue
		}
		for _, n := range names {
			if n[1] != "none" {
				require.Contains(t, known, n[1], file)
			}
		}
	}
}
