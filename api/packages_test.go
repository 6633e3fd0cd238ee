package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
	"holdfast/search"
)

// packed is a paid order in packages, as the index has it.
func packed(t testing.TB, id string, packages ...order.Package) search.Order {
	t.Helper()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := order.Order{
		ID: id, Version: 1, CustomerID: "ada", Status: order.StatusPaid, PlacedAt: at, UpdatedAt: at,
		Payment: order.Payment{Status: order.PaymentPaid, Deadline: at, PaidAt: at},
		Amounts: map[string]int64{"items": 1, "total": 1, "paid": 1, "refunded": 0},
		Lines:   []order.Line{{ID: "1", ProductID: "mug", Quantity: 500}},
		Journal: []order.Entry{{Seq: 1, Node: "reserving", OccurredAt: at, RecordedAt: at, Actor: "ada"}},
	}
	o.Fulfil(at)
	for _, p := range packages {
		p.Items, p.CreatedAt = []order.LineUnits{{LineID: "1", Quantity: 1}}, at
		events := p.Events
		p.Events = nil
		require.NoError(t, o.Pack(p))
		for i, e := range events {
			e.ID, e.OccurredAt, e.RecordedAt, e.Actor = fmt.Sprint(i), at, at, "carrier:sandbox"
			o.Report(p.ID, e, at)
		}
	}
	doc, err := json.Marshal(&o)
	require.NoError(t, err)
	return search.FromOrder(o, doc, at.UnixMilli()+5, nil)
}

type packagePage struct {
	Items      []order.PackageSummary `json:"items"`
	NextCursor string                 `json:"nextCursor"`
}

func (g *gateway) packages(query string) (packagePage, []string) {
	g.t.Helper()
	a := g.get("/v1/packages" + query)
	require.Equal(g.t, http.StatusOK, a.status, "%s", a.body)
	var page packagePage
	require.NoError(g.t, json.Unmarshal(a.body, &page))
	names := []string{}
	for _, p := range page.Items {
		names = append(names, p.OrderID+"/"+p.ID)
	}
	return page, names
}

func TestPackagesAreListedByWhatEachOfThemIs(t *testing.T) {
	g := newGateway(t)
	transit := []order.PackageEvent{{Node: order.NodeInTransit}}
	undone := packed(t, "undone", order.Package{ID: "u", TrackingNumbers: []string{"EX1"}})
	o, err := undone.Settled()
	require.NoError(t, err)
	require.NoError(t, o.RemovePackage("u", o.PlacedAt))
	undone.Document, err = json.Marshal(&o)
	require.NoError(t, err)
	g.index.orders = []search.Order{
		packed(t, "one", order.Package{ID: "a", Carrier: "sandbox", Courier: "Post", TrackingNumbers: []string{"EX 12-34"}, Events: transit}),
		packed(t, "two", order.Package{ID: "b", Carrier: "easypost", Events: transit}, order.Package{ID: "c", Events: []order.PackageEvent{{Mark: order.MarkLost}}}),
		undone,
	}
	for query, want := range map[string][]string{
		"":                                      {"one/a", "two/b", "two/c"},
		"?node=in_transit":                      {"one/a", "two/b"},
		"?node=in_transit&mark=lost":            {},
		"?node=packed&node=delivered&mark=lost": {"two/c"},
		"?mark=lost&mark=to_come":               {"two/c"},
		"?carrier=easypost":                     {"two/b"},
		"?trackingNumber=" + url.QueryEscape("ex 1.234"): {"one/a"},
		"?carrier=sandbox&trackingNumber=EX9":            {},
	} {
		page, names := g.packages(query)
		require.Equal(t, want, names, query)
		require.Empty(t, page.NextCursor)
	}
	page, _ := g.packages("?trackingNumber=EX1234")
	stored := g.index.orders[0]
	require.Equal(t, []order.PackageSummary{{
		OrderID: "one", ID: "a", Version: 2, Node: order.NodeInTransit, Carrier: "sandbox", Courier: "Post", TrackingNumbers: []string{"EX 12-34"},
		CreatedAt: stored.PlacedAt, UpdatedAt: stored.UpdatedAt,
	}}, page.Items)
	require.NotEqual(t, stored.PlacedAt, stored.UpdatedAt, "when it was stored, as in the list of orders")

	g.index.orders = nil
	_, _ = g.packages("?node=packed&mark=lost&carrier=c&trackingNumber=n&updatedSince=2026-03-01T11:00:00Z&sort=updated&limit=2&cursor=")
	require.Equal(t, search.OrderQuery{
		Packed: true, PackageNode: []string{"packed"}, Mark: []order.Mark{order.MarkLost}, Carrier: "c", TrackingNumber: "n",
		UpdatedSince: time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC), Sort: search.OrderSortUpdated, Limit: new(2),
	}, g.index.last())
	for query, path := range map[string]string{
		"?sort=oldest": "sort", "?updatedSince=x": "updatedSince", "?limit=0": "limit", "?cursor=x": "cursor", "?status=paid": "status", "?node=": "node",
	} {
		a := g.do(call{method: http.MethodGet, path: "/v1/packages" + query})
		require.Equal(t, http.StatusBadRequest, a.status, query)
		require.Contains(t, string(a.body), path)
	}
}

func TestEachPackageIsOnOnePage(t *testing.T) {
	g := newGateway(t)
	var want []string
	for i := range 30 {
		var all []order.Package
		for n := range []int{1, 3, 0, 40}[i%4] {
			all = append(all, order.Package{ID: fmt.Sprint("p", n)})
			want = append(want, fmt.Sprintf("o-%d/p%d", i, n))
		}
		g.index.orders = append(g.index.orders, packed(t, fmt.Sprint("o-", i), all...))
	}
	for _, limit := range []int{1, 7, 100} {
		var seen []string
		query := fmt.Sprintf("?limit=%d", limit)
		for pages := 0; ; pages++ {
			require.Less(t, pages, 200)
			page, names := g.packages(query)
			require.Less(t, len(names), limit+40, "it ends with the order that fills it")
			seen = append(seen, names...)
			if page.NextCursor == "" {
				break
			}
			query = fmt.Sprintf("?limit=%d&cursor=%s", limit, page.NextCursor)
		}
		require.Equal(t, want, seen, "each once, in order")
	}
	for _, q := range g.index.asked {
		require.LessOrEqual(t, q.(search.OrderQuery).PageSize(), 6, "documents as large as may be are read a few at a time")
	}
}

// Filters that match different packages of the same orders find none of them.
func TestAPageOfPackagesThatFindsNoneGoesOn(t *testing.T) {
	g := newGateway(t)
	for i := range 300 {
		g.index.orders = append(g.index.orders, packed(t, fmt.Sprint("o-", i),
			order.Package{ID: "a", Events: []order.PackageEvent{{Node: order.NodeInTransit}}},
			order.Package{ID: "b", Events: []order.PackageEvent{{Mark: order.MarkDelayed}}}))
	}
	pages, query := 0, "?node=in_transit&mark=delayed"
	for cursor := ""; ; pages++ {
		g.index.asked = nil
		page, names := g.packages(query + "&cursor=" + cursor)
		require.Empty(t, names)
		require.LessOrEqual(t, len(g.index.asked), 20)
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	require.Positive(t, pages)
}

func TestTagsAreForStaff(t *testing.T) {
	g := asking(t)
	o := packed(t, "o", order.Package{ID: "a"})
	o.Document = append([]byte(`{"commands":{"tags":["vip"]},`), o.Document[1:]...)
	g.index.orders = []search.Order{o}
	list := func(role api.Role, query string) answer {
		return g.do(call{method: http.MethodGet, path: "/v1/orders" + query}.as(t, "ada", role))
	}
	require.Equal(t, http.StatusForbidden, list(api.RoleCustomer, "?tag=vip").status)
	require.Equal(t, http.StatusOK, list(api.RoleCustomer, "?return=requested").status)
	require.NotContains(t, string(list(api.RoleCustomer, "").body), `"tags"`)
	require.Contains(t, string(list(api.RoleFulfilment, "?tag=vip").body), `"tags":["vip"]`)
	for _, query := range []string{"?tag=", "?tag=very+important", "?tag=vip&tag=" + strings.Repeat("x", 65), "?return="} {
		a := list(api.RoleSupport, query)
		require.Equal(t, http.StatusBadRequest, a.status, query)
		require.Len(t, a.problem(t).Errors, 1)
	}
	require.Equal(t, http.StatusBadRequest, list(api.RoleSupport, "?tag=a"+strings.Repeat("&tag=a", 40)).status)
}

func TestAlertsAndWhatIsOverdueAreForStaff(t *testing.T) {
	g := asking(t)
	g.index.orders = []search.Order{packed(t, "o", order.Package{ID: "a", Events: []order.PackageEvent{{Mark: order.MarkLost}}})}
	list := func(role api.Role, query string) answer {
		return g.do(call{method: http.MethodGet, path: "/v1/orders" + query}.as(t, "ada", role))
	}
	for _, query := range []string{"?alert=package_unresolved", "?overdue=no_news"} {
		require.Equal(t, http.StatusForbidden, list(api.RoleCustomer, query).status)
		require.Equal(t, http.StatusOK, list(api.RoleFulfilment, query).status)
	}
	require.Equal(t, http.StatusOK, list(api.RoleCustomer, "?node=packed&mark=lost&closed=false").status)
	require.Equal(t, http.StatusBadRequest, list(api.RoleSupport, "?overdue=unpaid").status)
	require.Contains(t, string(list(api.RoleSupport, "").body), `"packageCount":1,"marks":["lost"],"alerts":["package_unresolved"]`)
	require.NotContains(t, string(list(api.RoleCustomer, "").body), `"alerts"`)
	require.Contains(t, string(list(api.RoleCustomer, "").body), `"marks":["lost"]`)
}
