package api_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/order"
	"holdfast/search"
)

// indexed puts the order, as the gateway shows it, into the index.
func (g *gateway) indexed(orderID string) answer {
	g.t.Helper()
	a := g.get("/v1/orders/" + orderID)
	payments, err := g.docs.Payments(g.t.Context(), orderID)
	require.NoError(g.t, err)
	d := search.FromOrder(a.order(g.t), a.body, 1, payments)
	require.NoError(g.t, d.Validate())
	g.index.set(func(f *fakeIndex) { f.orders = append(f.orders, d) })
	return a
}

func TestAPageOfOrders(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 5)
	body := basket(line{"productId": "mug", "quantity": 1})
	body["address"] = map[string]any{"recipient": "Ada <L>", "line1": "1", "city": "London", "country": "GB"}
	var orders []order.Order
	for range 3 {
		orders = append(orders, g.indexed(g.place("", body).order(t).ID).order(t))
	}
	a := g.get("/v1/orders?limit=2")
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var page struct {
		Items      []json.RawMessage `json:"items"`
		NextCursor string            `json:"nextCursor"`
		Total      int64             `json:"total"`
	}
	require.NoError(t, json.Unmarshal(a.body, &page))
	require.Equal(t, int64(3), page.Total)
	require.Len(t, page.Items, 2)
	short := func(o order.Order) string {
		b, err := json.Marshal(o.Summary())
		require.NoError(t, err)
		return string(b)
	}
	require.Equal(t, short(orders[0]), string(page.Items[0]), "as the order itself is shown, in short")
	require.NotContains(t, string(a.body), "journal")
	a = g.get("/v1/orders?limit=2&cursor=" + page.NextCursor)
	require.Equal(t, `{"items":[`+short(orders[2])+`],"total":3}`, string(a.body))
	require.Equal(t, "cursor", g.get("/v1/orders?status=paid&cursor=" + page.NextCursor).problem(t).Errors[0].Path)
	g.index.set(func(f *fakeIndex) { f.orders = nil })
	require.JSONEq(t, `{"items":[],"total":0}`, string(g.get("/v1/orders").body))
}

func TestAllOfAnOrderQueryReachesTheIndex(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.MaxLines = 500 })
	from, limit := time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC), 20
	for query, want := range map[string]search.OrderQuery{
		"": {},
		"customerId=&productId=&from=&to=&q=&updatedSince=&externalReference=&sort=": {},
		"sort=updated&updatedSince=2026-03-01T11:00:00Z&paymentStatus=paid&paymentStatus=refunded&externalReference=SO+1/%C3%A4": {
			Sort: search.OrderSortUpdated, UpdatedSince: from, ExternalReference: "SO 1/ä",
			PaymentStatus: []order.PaymentStatus{order.PaymentPaid, order.PaymentRefunded},
		},
		"node=packed&node=no_such&mark=lost&alert=package_unresolved&closed=false&overdue=not_packed": {
			Node: []string{"packed", "no_such"}, Mark: []order.Mark{order.MarkLost}, Alert: []order.AlertRule{order.RuleUnresolved},
			Closed: new(false), Overdue: order.OverdueNotPacked,
		},
		"onHold=true&closed=false": {OnHold: new(true), Closed: new(false)},
		"onHold=false":             {OnHold: new(false)},
		"tag=vip&tag=b2b&return=requested&return=no_such": {
			Tag: []string{"vip", "b2b"}, ReturnStatus: []order.ReturnStatus{order.ReturnRequested, "no_such"},
		},
		"customerId=c-1&status=paid&status=no_such&productId=mug&from=2026-03-01T11:00:00Z&to=2026-03-01T11:00:01.5Z&q=Ada+%22L*%22&limit=20": {
			CustomerID: "c-1", Status: []order.Status{order.StatusPaid, "no_such"}, ProductID: "mug",
			From: from, To: from.Add(1500 * time.Millisecond), Q: `Ada "L*"`, Limit: &limit,
		},
	} {
		a := g.get("/v1/orders?" + query)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.Equal(t, want, g.index.last(), query)
	}
	require.Equal(t, http.StatusOK, g.get("/v1/orders?from=2026-03-01T12:00:00%2B01:00").status)
	require.True(t, from.Equal(g.index.last().(search.OrderQuery).From))
}

func TestACustomerSeesTheirOwnOrders(t *testing.T) {
	ada := api.Caller{Subject: "ada", Roles: []api.Role{api.RoleCustomer}}
	for _, c := range []struct {
		caller     api.Caller
		asked, got search.OrderQuery
		status     int
	}{
		{api.Caller{Subject: "op", Roles: []api.Role{api.RoleOperator}}, search.OrderQuery{CustomerID: "ada", Q: "x"}, search.OrderQuery{CustomerID: "ada", Q: "x"}, 200},
		{api.Caller{Subject: "op", Roles: []api.Role{api.RoleOperator}}, search.OrderQuery{}, search.OrderQuery{}, 200},
		{ada, search.OrderQuery{}, search.OrderQuery{CustomerID: "ada"}, 200},
		{ada, search.OrderQuery{CustomerID: "ada", ProductID: "mug"}, search.OrderQuery{CustomerID: "ada", ProductID: "mug"}, 200},
		{ada, search.OrderQuery{CustomerID: "bob"}, search.OrderQuery{}, 403},
		{ada, search.OrderQuery{Q: "bob"}, search.OrderQuery{}, 403},
		{ada, search.OrderQuery{Tag: []string{"vip"}}, search.OrderQuery{}, 403},
		{api.Caller{Roles: []api.Role{api.RoleCustomer}}, search.OrderQuery{}, search.OrderQuery{}, 403},
		{api.Caller{}, search.OrderQuery{}, search.OrderQuery{}, 403},
	} {
		got, err := api.OwnOrders(c.asked, c.caller)
		if c.status != http.StatusOK {
			require.Equal(t, c.status, api.ErrorStatus(err), "%+v", c)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.got, got)
	}
}
