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

func TestTheInboxNamesTheCommandThatFailed(t *testing.T) {
	d, g := staffed(t, map[string]string{
		"GET /v1/orders":   `{"items":[{"id":"a","alerts":[]},{"id":"b","alerts":[]},{"id":"c","alerts":[]},{"id":"d","alerts":[]}],"total":4}`,
		"GET /v1/refunds":  `{"items":[]}`,
		"GET /v1/webhooks": `{"items":[]}`,
	})
	of := func(id, actor, note, review string) {
		g.tell("GET /v1/orders/"+id, `{"id":"`+id+`","status":"paid","amounts":{},"lines":[],"node":"paid","hold":{"at":"2026-11-29T10:00:00Z","actor":"`+actor+`","note":"`+note+`"}`+review+`}`)
	}
	of("a", "command:bulk", "the command failed: x is not defined", `,"commands":{"review":{"command":"bulk","version":7,"reason":"the command failed: x is not defined"}}`)
	of("b", "command:check", "Many units", `,"commands":{"review":{"command":"check","version":2,"reason":"Many units"}}`)
	of("c", "ada", "the address looks odd", "")
	of("d", "system", "the commands gave no answer", "")
	page := d.send(http.MethodGet, "/console", nil).Body.String()
	require.Contains(t, page, "Command bulk@7 fails")
	require.Contains(t, page, `href="/console/commands/bulk/versions/7"`)
	require.Contains(t, page, "On hold, because bulk@7 failed")
	require.Contains(t, page, "x is not defined")
	require.Contains(t, page, "check@2 asks for a review.")
	require.Contains(t, page, "On hold, because the commands gave no answer")
	require.NotContains(t, page, "the address looks odd", "staff know what they put on hold")
}
