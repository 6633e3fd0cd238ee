package console

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func orders() map[string]string {
	return map[string]string{
		"GET /v1/orders/o":            paid,
		"GET /v1/orders/o/payment":    `{}`,
		"GET /v1/orders/o/deliveries": `{"items":[{"webhookId":"wh_1","host":"erp.example","id":"evt_1","type":"order.paid","timestamp":"2026-11-29T10:00:00Z","status":"failed","attempts":[{"at":"2026-11-29T10:00:01Z","durationMs":2,"status":500}],"attemptCount":7}]}`,
	}
}

func TestTheTimelineHasWhatWebhooksWereTold(t *testing.T) {
	d, g := staffed(t, orders())
	page := d.send(http.MethodGet, "/console/orders/o?show=webhooks", nil).Body.String()
	_, timeline, _ := strings.Cut(page, `<ol class="timeline">`)
	require.Contains(t, timeline, `<a href="/console/webhooks/wh_1">order.paid to erp.example</a>`)
	require.Contains(t, timeline, "Given up, 7 attempts, 500")
	require.NotContains(t, d.send(http.MethodGet, "/console/orders/o?show=money", nil).Body.String(), "erp.example")

	g.tell("GET /v1/orders/o/deliveries", `403 {"type":"/problems/forbidden","title":"Not for this role","status":403}`)
	require.NotContains(t, d.send(http.MethodGet, "/console/orders/o", nil).Body.String(), "can&#39;t be read at present", "what isn't for a role isn't missed")
	g.tell("GET /v1/orders/o/deliveries", `503 {"type":"/problems/webhooks-unavailable","title":"Unavailable","status":503}`)
	w := d.send(http.MethodGet, "/console/orders/o", nil)
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "What webhooks were told can&#39;t be read at present.")
}

// Without scripts, only the page of an order that is about to move loads again, and never under a form.
func TestAPageLoadsAgainOnlyWhereTheOrderIsMoving(t *testing.T) {
	d, g := staffed(t, orders())
	refreshes := func(path string) bool {
		return strings.Contains(d.send(http.MethodGet, path, nil).Body.String(), `http-equiv="refresh"`)
	}
	require.False(t, refreshes("/console/orders/o"), "it waits to be packed")
	g.tell("GET /v1/orders/o", `{"id":"o","status":"reserving","lines":[],"amounts":{}}`)
	require.True(t, refreshes("/console/orders/o"))
	require.False(t, refreshes("/console/orders/o?open=cancel"), "a form is open")
	g.tell("GET /v1/orders/o", held)
	require.False(t, refreshes("/console/orders/o"), "it waits for its release")
}

func TestAStreamShowsTheOrderAndEndsWithIt(t *testing.T) {
	d, g := staffed(t, orders())
	g.tell("GET /v1/orders/o", finished[:1]+`"version":3,`+finished[1:])
	page := d.send(http.MethodGet, "/console/orders/o", nil).Body.String()
	require.NotContains(t, page, "hx-sse:connect", "nothing more happens to it")
	w := d.send(http.MethodGet, "/console/orders/o/live?v=2", nil)
	require.Equal(t, "text/event-stream", w.Header().Get("Content-Type"))
	require.Contains(t, w.Body.String(), `data-news="Cancelled`)
	require.Contains(t, w.Body.String(), "event: over\n", "or the browser would ask again and again")
}

// Whatever keeps an open order on hold is in the inbox with its reason, however far the order is.
func TestTheInboxSaysWhyOrdersAreOnHold(t *testing.T) {
	d, g := staffed(t, map[string]string{"GET /v1/refunds": `{"items":[]}`, "GET /v1/webhooks": `{"items":[]}`})
	var listed []string
	of := func(id, status, actor, note, review string) {
		hold := `"status":"` + status + `","amounts":{},"hold":{"at":"2026-11-29T10:00:00Z","actor":"` + actor + `","note":"` + note + `"}`
		listed = append(listed, `{"id":"`+id+`",`+hold+`}`)
		g.tell("GET /v1/orders/"+id, `{"id":"`+id+`","lines":[],`+hold+review+`}`)
	}
	of("a", "paid", "command:bulk", "the command failed: x is not defined", `,"commands":{"review":{"command":"bulk","version":7,"reason":"the command failed: x is not defined"}}`)
	of("b", "packed", "command:check", "Many units", `,"commands":{"review":{"command":"check","version":2,"reason":"Many units"}}`)
	of("c", "in_transit", "ada", "the address looks odd", "")
	of("d", "paid", "system", "the commands gave no answer", "")
	of("e", "paid", "commands", "the commands for paid orders are running", "")
	of("f", "delivered", "command:gone", "Call the buyer", "")
	g.tell("GET /v1/orders/f", `404 {"type":"/problems/unknown-order","title":"Unknown","status":404}`)
	g.tell("GET /v1/orders", `{"items":[`+strings.Join(listed, ",")+`],"total":6}`)
	page := d.send(http.MethodGet, "/console", nil).Body.String()
	require.Contains(t, page, "Command bulk@7 fails")
	require.Contains(t, page, `href="/console/commands/bulk/versions/7"`)
	require.Contains(t, page, "On hold, because bulk@7 failed")
	require.Contains(t, page, "x is not defined")
	require.Contains(t, page, "check@2 asks for a review.")
	require.Contains(t, page, "Many units")
	require.Contains(t, page, "On hold, because the commands gave no answer")
	require.Contains(t, page, "On hold, by ada")
	require.Contains(t, page, "the address looks odd")
	require.Contains(t, page, "gone asks for a review.")
	require.NotContains(t, page, "are running", "that ends by itself")
	require.Equal(t, 5, strings.Count(page, "?open=release#release"))
	require.Contains(t, page, `href="/console/orders?hold=onHold"`)
	require.Equal(t, 2, g.asked("GET /v1/orders?closed=false&limit=1&onHold=true")+g.asked("GET /v1/orders?closed=false&limit=20&onHold=true"))
	require.Zero(t, g.asked("GET /v1/orders/c?"), "the list says who held it")

	d.send(http.MethodGet, "/console/orders?hold=onHold", nil)
	require.Equal(t, 1, g.asked("GET /v1/orders?closed=false&limit=50&onHold=true"))
}
