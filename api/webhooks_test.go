package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/saga"
	"holdfast/webhook"
)

func (g *gateway) registerWebhook(url string, events ...string) api.WebhookWithSecret {
	g.t.Helper()
	a := g.post("/v1/webhooks", map[string]any{"url": url, "events": append([]string{}, events...)})
	require.Equal(g.t, http.StatusCreated, a.status, "%s", a.body)
	var w api.WebhookWithSecret
	require.NoError(g.t, json.Unmarshal(a.body, &w))
	require.Equal(g.t, "/v1/webhooks/"+w.ID, a.header.Get("Location"))
	require.Equal(g.t, "no-store", a.header.Get("Cache-Control"))
	return w
}

// A secret is shown when it is made, and nowhere else.
func TestWebhooksSecretIsShownOnce(t *testing.T) {
	g := newGateway(t)
	w := g.registerWebhook("https://8.8.8.8/hooks", "order.*", "stock.changed")
	require.True(t, strings.HasPrefix(w.Secret, "whsec_"))
	require.Equal(t, webhook.StatusActive, w.Status)
	require.Equal(t, []string{"order.*", "stock.changed"}, w.Events)
	rotated := g.post("/v1/webhooks/"+w.ID+"/rotate", nil)
	require.Equal(t, http.StatusOK, rotated.status, "%s", rotated.body)
	var second api.WebhookWithSecret
	require.NoError(t, json.Unmarshal(rotated.body, &second))
	require.NotEqual(t, w.Secret, second.Secret)
	require.NotContains(t, string(rotated.body), w.Secret)
	for _, path := range []string{"/v1/webhooks", "/v1/webhooks/" + w.ID, "/v1/webhooks/" + w.ID + "/deliveries"} {
		a := g.get(path)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.NotContains(t, string(a.body), "whsec_")
		require.NotContains(t, string(a.body), "ecret")
	}
	require.Equal(t, http.StatusNoContent, g.do(call{method: http.MethodDelete, path: "/v1/webhooks/" + w.ID}).status)
	for _, k := range []call{
		{method: http.MethodGet, path: "/v1/webhooks/" + w.ID},
		{method: http.MethodDelete, path: "/v1/webhooks/" + w.ID},
		{method: http.MethodPost, path: "/v1/webhooks/" + w.ID + "/rotate"},
		{method: http.MethodGet, path: "/v1/webhooks/" + w.ID + "/deliveries"},
		{method: http.MethodPost, path: "/v1/webhooks/" + w.ID + "/deliveries/1-2-3/replay"},
	} {
		a := g.do(k)
		require.Equal(t, http.StatusNotFound, a.status)
		require.Equal(t, "/problems/unknown-webhook", a.problem(t).Type)
	}
	require.NotContains(t, g.log.String(), "whsec_")
	require.NotContains(t, g.log.String(), strings.TrimPrefix(w.Secret, "whsec_"))
}

func TestOnlyOperatorsReadTheWholeURLOfAWebhook(t *testing.T) {
	g := asking(t)
	made := g.do(call{method: http.MethodPost, path: "/v1/webhooks", body: `{"url":"https://8.8.8.8/services/T0/hidden?k=1"}`}.as(t, "op", api.RoleOperator))
	require.Equal(t, http.StatusCreated, made.status, "%s", made.body)
	var w webhook.Endpoint
	require.NoError(t, json.Unmarshal(made.body, &w))
	for _, path := range []string{"/v1/webhooks", "/v1/webhooks/" + w.ID, "/v1/webhooks/" + w.ID + "/deliveries"} {
		a := g.do(call{method: http.MethodGet, path: path}.as(t, "eve", api.RoleReadonly))
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.NotContains(t, string(a.body), "hidden")
	}
	read := func(roles ...api.Role) string {
		return string(g.do(call{method: http.MethodGet, path: "/v1/webhooks/" + w.ID}.as(t, "eve", roles...)).body)
	}
	require.Contains(t, read(api.RoleReadonly), `"url":"https://8.8.8.8/"`)
	require.Contains(t, read(api.RoleReadonly, api.RoleOperator), "hidden")
}

func TestInvalidWebhooksAreRefused(t *testing.T) {
	g := newGateway(t)
	for body, field := range map[string]string{
		`{}`:                                     "url",
		`{"url":""}`:                             "url",
		`{"url":"x"}`:                            "url",
		`{"url":null}`:                           "url",
		`{"url":7}`:                              "url",
		`{"url":"http://8.8.8.8/"}`:              "url",
		`{"url":"https://127.0.0.1/"}`:           "url",
		`{"url":"https://169.254.169.254/"}`:     "url",
		`{"url":"https://[::ffff:10.0.0.1]/"}`:   "url",
		`{"url":"https://user:hidden@8.8.8.8/"}`: "url",
		`{"url":"https://8.8.8.8/` + strings.Repeat("x", 2048) + `"}`:                 "url",
		`{"url":"https://8.8.8.8/","events":["order.paid","order.payed"]}`:            "events[1]",
		`{"url":"https://8.8.8.8/","events":["*"]}`:                                   "events[0]",
		`{"url":"https://8.8.8.8/","events":["ord*"]}`:                                "events[0]",
		`{"url":"https://8.8.8.8/","events":[""]}`:                                    "events[0]",
		`{"url":"https://8.8.8.8/","events":"order.paid"}`:                            "events",
		`{"url":"https://8.8.8.8/","description":"a\u202eb"}`:                         "description",
		`{"url":"https://8.8.8.8/","description":"` + strings.Repeat("x", 201) + `"}`: "description",
		`{"url":"https://8.8.8.8/","secret":"whsec_mine"}`:                            "secret",
		`{"url":"https://8.8.8.8/","events":["x"` + strings.Repeat(`,"x"`, 50) + `]}`: "events",
	} {
		a := g.post("/v1/webhooks", body)
		require.Contains(t, []int{400, 422}, a.status, "%.100s: %s", body, a.body)
		p := a.problem(t)
		require.NotEmpty(t, p.Errors, "%.100s: %s", body, a.body)
		require.Equal(t, field, p.Errors[0].Path, "%.100s", body)
		require.NotContains(t, string(a.body), "hidden")
	}
	require.JSONEq(t, `{"items":[]}`, string(g.get("/v1/webhooks").body))
	g.registerWebhook("http://192.0.2.7:9000/x") // allowed by the setting
	for range webhook.MaxEndpoints - 1 {
		g.registerWebhook("https://8.8.8.8/")
	}
	a := g.post("/v1/webhooks", `{"url":"https://8.8.8.8/"}`)
	require.Equal(t, http.StatusConflict, a.status)
	require.Equal(t, "/problems/too-many-webhooks", a.problem(t).Type)
}

func TestDeliveriesAndReplay(t *testing.T) {
	g := newGateway(t)
	w := g.registerWebhook("https://8.8.8.8/hooks?key=hidden")
	for i := range 3 {
		require.NoError(t, g.hooks.Log(t.Context(), w.ID, webhook.Event{
			ID: fmt.Sprintf("1-%d-0", i), Type: webhook.OrderPaid, At: time.UnixMilli(int64(i)).UTC(), Body: []byte(`{}`),
		}, webhook.Tried{
			Attempt: webhook.Attempt{At: time.Now(), Error: webhook.TroubleTimeout}, Status: webhook.DeliveryPending, NextAt: time.Now(), Run: "r",
		}))
	}
	read := func(query string) (page api.WebhookDeliveryPage) {
		a := g.get("/v1/webhooks/" + w.ID + "/deliveries" + query)
		require.Equal(t, http.StatusOK, a.status, "%s", a.body)
		require.NoError(t, json.Unmarshal(a.body, &page))
		return page
	}
	first := read("?limit=2")
	require.Len(t, first.Items, 2)
	require.Equal(t, "1-2-0", first.Items[0].ID)
	require.Equal(t, webhook.TroubleTimeout, first.Items[0].Attempts[0].Error)
	last := read("?limit=2&cursor=" + first.NextCursor)
	require.Len(t, last.Items, 1)
	require.Empty(t, last.NextCursor)
	for _, bad := range []string{"?limit=0", "?limit=101", "?limit=x", "?cursor=a%20b", "?page=2"} {
		require.Equal(t, http.StatusBadRequest, g.get("/v1/webhooks/"+w.ID+"/deliveries"+bad).status, bad)
	}

	replay := func(id string) answer { return g.post("/v1/webhooks/"+w.ID+"/deliveries/"+id+"/replay", nil) }
	require.Equal(t, http.StatusAccepted, replay("1-1-0").status)
	require.Equal(t, http.StatusNotFound, replay("1-9-0").status)
	started := g.temporal.starts[len(g.temporal.starts)-1]
	require.Equal(t, saga.ReplayWorkflowID(w.ID, "1-1-0"), started.options.ID)
	require.Equal(t, saga.WebhookQueue, started.options.TaskQueue)
	require.NotContains(t, started.options.StaticSummary, "hidden")
	starts := len(g.temporal.starts)
	for range 2 {
		require.Equal(t, http.StatusAccepted, g.postOnce("k", "/v1/webhooks/"+w.ID+"/deliveries/1-1-0/replay", nil).status)
	}
	require.Len(t, g.temporal.starts, starts+1, "once under its key")
	require.Equal(t, http.StatusOK, g.patch("/v1/webhooks/"+w.ID, `{"status":"disabled"}`).status)
	a := replay("1-1-0")
	require.Equal(t, http.StatusConflict, a.status)
	require.Equal(t, "/problems/webhook-disabled", a.problem(t).Type)
	g.redis.Close()
	a = g.get("/v1/webhooks")
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	require.Equal(t, "/problems/webhooks-unavailable", a.problem(t).Type)
}

func TestDeliveriesAboutAnOrder(t *testing.T) {
	g := newGateway(t)
	require.JSONEq(t, `{"items":[]}`, string(g.get("/v1/orders/o/deliveries").body))
	w := g.registerWebhook("https://8.8.8.8/hooks?key=hidden")
	for _, id := range []string{"o", "another"} {
		require.NoError(t, g.hooks.Log(t.Context(), w.ID, webhook.Event{
			ID: "evt-" + id, Type: webhook.OrderPaid, At: time.UnixMilli(1).UTC(), Body: fmt.Appendf(nil, `{"data":{"orderId":%q}}`, id),
		}, webhook.Tried{Attempt: webhook.Attempt{At: time.Now(), Status: 500}, Status: webhook.DeliveryPending, NextAt: time.Now(), Run: "r"}))
	}
	a := g.get("/v1/orders/o/deliveries")
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	require.NotContains(t, string(a.body), "hidden")
	var list api.OrderDeliveryList
	require.NoError(t, json.Unmarshal(a.body, &list))
	require.Len(t, list.Items, 1)
	require.Equal(t, []any{w.ID, "8.8.8.8", "evt-o", 1}, []any{list.Items[0].EndpointID, list.Items[0].Host, list.Items[0].ID, list.Items[0].AttemptCount})
	g.redis.Close()
	require.Equal(t, http.StatusServiceUnavailable, g.get("/v1/orders/o/deliveries").status)
}

// If a response is lost, the receiver must not lose the secret that it knows.
func TestWebhooksCallsUnderAKeyAreTheSameCalls(t *testing.T) {
	g := newGateway(t)
	spec := map[string]any{"url": "https://8.8.8.8/", "events": []string{"order.*"}}
	secretOf := func(a answer) string {
		t.Helper()
		var w api.WebhookWithSecret
		require.NoError(t, json.Unmarshal(a.body, &w), "%s", a.body)
		require.True(t, strings.HasPrefix(w.Secret, "whsec_"))
		return w.Secret
	}
	first := g.postOnce("k", "/v1/webhooks", spec)
	require.Equal(t, http.StatusCreated, first.status, "%s", first.body)
	require.JSONEq(t, string(first.body), string(g.postOnce("k", "/v1/webhooks", spec).body))
	spec["description"] = "another"
	require.Equal(t, "/problems/idempotency-mismatch", g.postOnce("k", "/v1/webhooks", spec).problem(t).Type)

	path := first.header.Get("Location") + "/rotate"
	rotated := g.postOnce("k", path, nil)
	require.Equal(t, http.StatusOK, rotated.status, "%s", rotated.body)
	require.NotEqual(t, secretOf(first), secretOf(rotated))
	require.JSONEq(t, string(rotated.body), string(g.postOnce("k", path, nil).body))
	for _, key := range []string{"l", "m", "n"} {
		require.Equal(t, http.StatusOK, g.postOnce(key, path, nil).status)
	}
	require.Equal(t, "/problems/too-many-secrets", g.postOnce("o", path, nil).problem(t).Type)
	require.Equal(t, secretOf(rotated), secretOf(g.postOnce("k", path, nil)))
	require.Equal(t, http.StatusBadRequest, g.postOnce("a b", path, nil).status)
	require.Equal(t, http.StatusBadRequest, g.postOnce("", "/v1/webhooks", spec).status)
	require.NotContains(t, g.log.String(), "whsec_")

	require.Equal(t, http.StatusNoContent, g.do(call{method: http.MethodDelete, path: first.header.Get("Location")}).status)
	delete(spec, "description")
	require.Equal(t, "/problems/secret-gone", g.postOnce("k", "/v1/webhooks", spec).problem(t).Type)
}

func (g *gateway) patch(path string, body any) answer {
	return g.do(call{
		method: http.MethodPatch, path: path, body: body, header: http.Header{"Content-Type": {"application/merge-patch+json"}},
	})
}

func TestAWebhookIsChangedByAMergePatch(t *testing.T) {
	g := newGateway(t)
	w := g.registerWebhook("https://8.8.8.8/hooks", "order.*")
	path := "/v1/webhooks/" + w.ID
	shows := func(body string, want webhook.Endpoint) {
		t.Helper()
		for range 2 { // repeated, it changes nothing
			a := g.patch(path, body)
			require.Equal(t, http.StatusOK, a.status, "%s", a.body)
			require.NotContains(t, string(a.body), "ecret")
			var got webhook.Endpoint
			require.NoError(t, json.Unmarshal(a.body, &got))
			if got.DisabledAt != nil {
				got.DisabledAt = nil
				require.Equal(t, webhook.StatusDisabled, got.Status)
			}
			require.Equal(t, want, got)
		}
		require.JSONEq(t, string(g.get(path).body), string(g.patch(path, `{}`).body))
	}
	want := w.Endpoint
	want.Description, want.Events = "The warehouse", []string{"refund.*", "payment.succeeded"}
	shows(`{"description":"The warehouse","events":["refund.*","payment.succeeded"]}`, want)
	want.URL = "https://8.8.4.4/"
	shows(`{"url":"https://8.8.4.4/"}`, want)
	want.Status = webhook.StatusDisabled
	shows(`{"status":"disabled"}`, want)
	want.Status = webhook.StatusActive
	shows(`{"status":"active"}`, want)
	want.Description, want.Events = "", []string{}
	shows(`{"description":null,"events":null}`, want)
	stored, err := g.hooks.Get(t.Context(), w.ID)
	require.NoError(t, err)
	require.Equal(t, w.Secret, stored.Secrets[0].Value)

	for body, field := range map[string]string{
		`{"url":null}`: "url", `{"status":null}`: "status", `{"status":"gone"}`: "status", `{"url":"https://127.0.0.1/"}`: "url",
		`{"url":"http://8.8.8.8/"}`: "url", `{"secret":"whsec_mine"}`: "secret", `{"id":"x"}`: "id", `{"events":["order.payed"]}`: "events[0]",
		`{"events":["webhook.test"]}`: "events[0]", `{"events":"order.*"}`: "events", `{"status":"active","status":"disabled"}`: "status",
		`{"description":"` + strings.Repeat("x", 201) + `"}`: "description", `{"description":7}`: "description",
	} {
		a := g.patch(path, body)
		require.Contains(t, []int{400, 422}, a.status, "%.100s: %s", body, a.body)
		require.Equal(t, field, a.problem(t).Errors[0].Path, "%.100s", body)
	}
	for _, body := range []string{"null", "[]", "7", "{", ""} {
		require.Equal(t, http.StatusBadRequest, g.patch(path, body).status, body)
	}
	a := g.do(call{method: http.MethodPatch, path: path, body: `{}`})
	require.Equal(t, "/problems/unsupported-media-type", a.problem(t).Type, "it is no merge patch")
	require.Equal(t, "/problems/unknown-webhook", g.patch("/v1/webhooks/wh_none", `{}`).problem(t).Type)
}

func TestATestEventGoesToOneWebhook(t *testing.T) {
	g := newGateway(t)
	g.registerWebhook("https://8.8.8.8/other")
	w := g.registerWebhook("https://8.8.8.8/hooks?key=hidden", "refund.*")
	path := "/v1/webhooks/" + w.ID + "/test"
	sent := func(a answer) string {
		t.Helper()
		require.Equal(t, http.StatusAccepted, a.status, "%s", a.body)
		var told struct{ DeliveryID string }
		require.NoError(t, json.Unmarshal(a.body, &told))
		started := g.temporal.starts[len(g.temporal.starts)-1]
		require.Equal(t, saga.WebhookWorkflowID(w.ID, told.DeliveryID), started.options.ID)
		return told.DeliveryID
	}
	starts := len(g.temporal.starts)
	first := sent(g.post(path, nil))
	require.NotEqual(t, first, sent(g.post(path, nil)))
	require.Len(t, g.temporal.starts, starts+2)
	keyed := sent(g.postOnce("k", path, nil))
	require.Equal(t, keyed, sent(g.postOnce("k", path, nil)))
	require.Len(t, g.temporal.starts, starts+3, "once under its key")
	require.Equal(t, http.StatusBadRequest, g.postOnce("a b", path, nil).status)
	require.Equal(t, "/problems/unknown-webhook", g.post("/v1/webhooks/wh_none/test", nil).problem(t).Type)
	require.Equal(t, http.StatusOK, g.patch("/v1/webhooks/"+w.ID, `{"status":"disabled"}`).status)
	require.Equal(t, "/problems/webhook-disabled", g.post(path, nil).problem(t).Type)
}
