package api_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
	"holdfast/search"
)

func TestCallsCostWhatTheyAsk(t *testing.T) {
	g := newGateway(t)
	for path, cost := range map[string]int{
		"/v1/orders/none": 1, "/v1/orders": 5, "/v1/orders?limit=20": 5, "/v1/orders?limit=21": 6, "/v1/orders?limit=100": 9,
		"/v1/orders?limit=1000000000": 5, "/v1/orders?limit=-5": 5, "/v1/orders?limit=x&status=paid": 5, "/v1/products": 5,
		"/nowhere?limit=100": 5,
	} {
		r := call{method: http.MethodGet, path: path}.request(t.Context(), t)
		require.Equal(t, cost, g.server.Cost(r, strings.Replace(r.URL.Path, "none", ":id", 1)), path)
	}
	for lines, cost := range map[int]int{1: 0, 50: 0, 51: 1, 100: 1, 101: 2, 500: 9, 2000: 39} {
		require.Equal(t, cost, api.CostOfLines(lines), "%d lines", lines)
	}
}

func TestAnExpensiveCallUsesMoreOfAnAllowance(t *testing.T) {
	lines := make([]line, 500)
	for i := range lines {
		lines[i] = line{"productId": "nothing", "quantity": 1}
	}
	for name, k := range map[string]call{
		"a list": {method: http.MethodGet, path: "/v1/orders"}, "a large order": orderCall(map[string]any{"lines": lines}),
	} {
		g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Caller: 11} })
		k = k.as(t, "ada", api.RoleCustomer)
		refused, _ := burst(11, func() answer { return g.send(t.Context(), k) })
		require.Positive(t, refused, "eleven of %s cost more than eleven", name)
	}
}

func TestACallThatCostsMoreThanAllIsStillMade(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.Limits = api.Limits{Caller: 2, Address: 2} })
	list := call{method: http.MethodGet, path: "/v1/orders?limit=100"}
	require.Equal(t, http.StatusOK, g.do(list.as(t, "ada", api.RoleCustomer)).status)
	search := call{method: http.MethodGet, path: "/v1/products?q=mug"}
	require.Equal(t, http.StatusOK, g.fromAddress(search, "192.0.2.9:1", "").status)
	refused, a := burst(10, func() answer { return g.fromAddress(search, "192.0.2.9:1", "") })
	require.Positive(t, refused)
	require.Equal(t, "1", a.header.Get("Retry-After"))
}

// The runbook's table is the contract's.
func TestTheCostsThatAreDocumentedAreThoseOfTheContract(t *testing.T) {
	doc, err := loadContract()
	require.NoError(t, err)
	want := map[string]int{}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if cost, ok := o.Extensions["x-cost"]; ok {
				n, err := strconv.Atoi(fmt.Sprint(cost))
				require.NoError(t, err)
				want[method+" "+path] = n
			}
		}
	}
	text, err := os.ReadFile("../docs/runbook.md")
	require.NoError(t, err)
	got := map[string]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| `((?:GET|POST|PUT|PATCH|DELETE) [^`]+)` \\| (\\d+) \\|").FindAllStringSubmatch(string(text), -1) {
		got[row[1]], err = strconv.Atoi(row[2])
		require.NoError(t, err)
	}
	require.Equal(t, want, got, "%v", slices.Sorted(maps.Keys(want)))
}

// heldIndex blocks searches for products until it is released.
type heldIndex struct {
	api.Index
	entered, release chan struct{}
}

func (h heldIndex) SearchProducts(ctx context.Context, q search.ProductQuery) (search.ProductPage, error) {
	close(h.entered)
	<-h.release
	return h.Index.SearchProducts(ctx, q)
}

func TestSearchesThatRunAtTheSameTimeAreLimited(t *testing.T) {
	held := heldIndex{Index: &fakeIndex{}, entered: make(chan struct{}), release: make(chan struct{})}
	g := newGateway(t, func(c *api.Config) { c.MaxSearches, c.Index = 1, held })
	g.putProduct("mug", 5)
	o := g.place("", basket(line{"productId": "mug", "quantity": 1})).order(t)
	first := make(chan answer)
	search := call{method: http.MethodGet, path: "/v1/products?q=mug"}.request(t.Context(), t)
	go func() { first <- g.serve(search) }()
	<-held.entered
	for _, path := range listCalls {
		a := g.get(path)
		require.Equal(t, http.StatusServiceUnavailable, a.status, path)
		require.Equal(t, "/problems/search-busy", a.problem(t).Type, path)
		require.Equal(t, "1", a.header.Get("Retry-After"))
	}
	require.Equal(t, http.StatusOK, g.get("/v1/orders/"+o.ID).status, "orders go on")
	close(held.release)
	<-first
	require.Equal(t, http.StatusOK, g.get("/v1/orders").status, "its place is free again")
}

func TestTheLinesOfAnOrderAreLimited(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.MaxLines = 3 })
	g.putProduct("mug", 50)
	require.Equal(t, http.StatusCreated, g.place("", manyLines(3)).status)
	a := g.place("", manyLines(4))
	require.Equal(t, http.StatusUnprocessableEntity, a.status)
	require.Equal(t, "lines", a.problem(t).Errors[0].Path)
	require.Contains(t, a.problem(t).Errors[0].Reason, "1 to 3")
	for _, wrong := range []int{-1, 2001} {
		cfg := g.config()
		cfg.MaxLines = wrong
		_, err := api.New(cfg)
		require.ErrorContains(t, err, "lines")
	}
	for _, wrong := range []int{-1, api.MostSearches + 1} {
		cfg := g.config()
		cfg.MaxSearches = wrong
		_, err := api.New(cfg)
		require.ErrorContains(t, err, "searches")
	}
	for _, wrong := range []time.Duration{time.Millisecond, api.MaxPaymentWindow + 1} {
		cfg := g.config()
		cfg.PaymentWindow = wrong
		_, err := api.New(cfg)
		require.ErrorContains(t, err, "payment window")
	}
}

// Whatever the settings, the documents that concurrent lists read fit into their memory.
func TestNoSettingsExceedTheMemoryLimitOfLists(t *testing.T) {
	for _, c := range []struct{ lines, searches, atOnce int }{
		{500, api.DefaultMaxSearches, 20},
		{order.MaxLines, api.DefaultMaxSearches, 6},
		{500, api.MostSearches, 6},
		{order.MaxLines, api.MostSearches, 1},
		{order.MaxLines, 1, 20},
		{1, 1, 20},
	} {
		g := newGateway(t, func(cfg *api.Config) { cfg.MaxLines, cfg.MaxSearches = c.lines, c.searches })
		for i := range 25 {
			g.index.orders = append(g.index.orders, large(fmt.Sprintf("o-%d", i), 1))
		}
		require.Equal(t, http.StatusOK, g.get("/v1/orders?limit=25").status)
		require.NotEmpty(t, g.index.asked)
		most := 0
		for _, q := range g.index.asked {
			most = max(most, q.(search.OrderQuery).PageSize())
		}
		require.Equal(t, c.atOnce, most, "%+v", c)
		require.LessOrEqual(t, c.searches*most*min(order.MaxDocumentBytes, 48<<10+c.lines<<9), 224<<20)
	}
}
