package console

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/client"
)

func TestTheOverviewDrawsTheOrdersOfEachHour(t *testing.T) {
	from := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	counts := client.OrderCounts{Total: 10, Statuses: map[client.OrderStatus]int64{"delivered": 6, "cancelled": 3, "tomorrow": 1}}
	for i := range 24 {
		counts.Hours = append(counts.Hours, client.HourCount{From: from.Add(time.Duration(i) * time.Hour)})
	}
	counts.Hours[3].Placed, counts.Hours[3].Statuses = 7, map[client.OrderStatus]int64{"delivered": 4, "cancelled": 2, "awaiting_payment": 1}
	body, err := json.Marshal(counts)
	require.NoError(t, err)
	d, g := staffed(t, map[string]string{"GET /v1/orders/counts": string(body)})
	w := d.send(http.MethodGet, "/console/overview", nil)
	require.Equal(t, http.StatusOK, w.Code)
	page := w.Body.String()
	require.Contains(t, page, "7 orders placed in 24 hours")
	require.Contains(t, page, "10 orders in all")
	require.NotContains(t, page, "style=")
	require.Equal(t, 24, strings.Count(page, "<g data-hour="))
	require.Equal(t, 3, strings.Count(page, `<rect class="paid"`)+strings.Count(page, `<rect class="waiting"`)+strings.Count(page, `<rect class="ended"`))
	require.Contains(t, page, `href="/console/orders?status=delivered"`)
	require.Less(t, strings.Index(page, `data-status="delivered"`), strings.Index(page, `data-status="tomorrow"`), "the list is open")
	_, table, _ := strings.Cut(page, "As a table")
	require.Equal(t, 24, strings.Count(table, `<th scope="row">`), "what is drawn can be read")

	d.send(http.MethodGet, "/console/overview?hours=9999", nil)
	require.Contains(t, d.send(http.MethodGet, "/console/overview?hours=48", nil).Body.String(), `href="/console/overview?hours=48" aria-current="page"`)
	g.tell("GET /v1/orders/counts", `{"total":0,"statuses":{},"hours":[]}`)
	require.Contains(t, d.send(http.MethodGet, "/console/overview", nil).Body.String(), "No orders yet")
	g.tell("GET /v1/orders/counts", `503 {"type":"/problems/search-unavailable","title":"Search unavailable","status":503}`)
	require.Equal(t, http.StatusServiceUnavailable, d.send(http.MethodGet, "/console/overview", nil).Code)
}

func TestABarIsAsHighAsItsOrders(t *testing.T) {
	for most, top := range map[int64]int64{0: 2, 1: 2, 2: 2, 3: 4, 7: 8, 9: 10, 11: 20, 99: 100, 101: 200, 12345: 20000} {
		o := overview{OrderCounts: client.OrderCounts{Hours: []client.HourCount{{}, {Placed: most}}}}
		require.Equal(t, top, o.top(), most)
	}
	o := overview{OrderCounts: client.OrderCounts{Hours: []client.HourCount{{}, {
		Placed: 10, Statuses: map[client.OrderStatus]int64{client.OrderDelivered: 5, client.OrderPacked: 1, client.OrderExpired: 4},
	}}}}
	require.Empty(t, o.bars(0))
	require.Equal(t, []bar{{"paid", "11", "40.00", "60.00"}, {"ended", "11", "0.00", "40.00"}}, o.bars(1))
}

// auditOfBooks is a report of an audit that ended so long ago.
func auditOfBooks(ago time.Duration, found int, findings string) string {
	return fmt.Sprintf(`{"subject":"books","begunAt":%q,"endedAt":%[1]q,"version":"v1","checked":{"orders":5310,"tomorrow":3},"found":%d,"kinds":{"held_differs":%[2]d},"findings":[%s]}`,
		time.Now().Add(-ago).UTC().Format(time.RFC3339), found, findings)
}

func TestAuditsShowWhatDoesNotAddUp(t *testing.T) {
	const none = `404 {"type":"/problems/unknown-audit","title":"No audit yet","status":404}`
	d, g := staffed(t, map[string]string{"GET /v1/audits/latest": none})
	page := d.send(http.MethodGet, "/console/audits", nil).Body.String()
	require.Equal(t, 3, strings.Count(page, "No audit has stored its report yet"))
	require.Contains(t, page, "holdfast audit --money --store")

	g.tell("GET /v1/audits/latest", auditOfBooks(time.Hour, 2, `{"kind":"held_differs","productId":"mug","sku":"mug-blue","units":2,"detail":"held is 5"},{"kind":"refund_unknown","orderId":"o","amount":500,"currency":"EUR","detail":"nobody knows it"}`))
	page = d.send(http.MethodGet, "/console/audits", nil).Body.String()
	for _, shown := range []string{"2 findings", "5,310 orders", "3 tomorrow", "held is 5", `href="/console/products/mug"`, `href="/console/orders/o"`, "€5.00"} {
		require.Contains(t, page, shown)
	}
	require.NotContains(t, page, "This was long ago")
	g.tell("GET /v1/audits/latest", auditOfBooks(72*time.Hour, 0, ""))
	page = d.send(http.MethodGet, "/console/audits", nil).Body.String()
	require.Contains(t, page, "Everything adds up")
	require.Contains(t, page, "This was long ago")
	g.tell("GET /v1/audits/latest", `503 {"type":"/problems/audits-unavailable","title":"Unavailable","status":503}`)
	require.Equal(t, http.StatusServiceUnavailable, d.send(http.MethodGet, "/console/audits", nil).Code)
}

func TestTheInboxHasAuditsAndReturns(t *testing.T) {
	answers := map[string]string{"GET /v1/refunds": `{"items":[]}`, "GET /v1/webhooks": `{"items":[]}`, "GET /v1/orders": `{"items":[]}`, "GET /v1/audits/latest": auditOfBooks(time.Hour, 2, "")}
	d, g := staffed(t, answers)
	page := d.send(http.MethodGet, "/console", nil).Body.String()
	require.Contains(t, page, "2 findings in the audit of the shop: Books")
	require.Contains(t, page, "held_differs × 2")
	require.Contains(t, page, `href="/console/audits#books"`)
	g.tell("GET /v1/audits/latest", auditOfBooks(72*time.Hour, 0, ""))
	require.Contains(t, d.send(http.MethodGet, "/console", nil).Body.String(), "No audit for two days: Books")

	d = newDesk(t, func(w http.ResponseWriter, r *http.Request) {
		answer := `{"items":[]}`
		if r.URL.Path == "/v1/orders" && r.URL.Query().Get("return") == "requested" {
			answer = `{"items":[{"id":"back","customerId":"ada","alerts":[]}]}`
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = fmt.Fprint(w, answer) // to a test
	}).become("operator")
	page = d.send(http.MethodGet, "/console", nil).Body.String()
	require.Contains(t, page, "A return was requested")
	require.Contains(t, page, `href="/console/orders/back#returns"`)
}
