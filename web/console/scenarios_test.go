package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// chains are answers of a gateway with a chain for prices, a draft of it with one step more, and one command
// of the shop's own.
func chains() map[string]string {
	return map[string]string{
		"GET /v1/scenarios": `{"items":[
			{"scenario":"submit","paths":["add /lines/-"]},
			{"scenario":"price","version":2,"paths":["add /adjustments/-"]},
			{"scenario":"tomorrow","paths":[]}]}`,
		"GET /v1/scenarios/price/versions/2": `{"scenario":"price","version":2,"publishedAt":"2026-11-29T10:00:00Z","publishedBy":"ada","steps":[
			{"command":"bulk","version":1,"params":{"from":10},"when":"currency == \"EUR\""},
			{"command":"tag","version":1,"params":{"tag":"large"},"onError":"skip"}]}`,
		"GET /v1/scenarios/price/versions/1": `{"scenario":"price","version":1,"publishedAt":"2026-11-29T09:00:00Z","publishedBy":"ada","steps":[]}`,
		"GET /v1/scenarios/price/versions":   `{"items":[{"version":2,"steps":2,"publishedAt":"2026-11-29T10:00:00Z","publishedBy":"ada"},{"version":1,"steps":0,"publishedAt":"2026-11-29T09:00:00Z","publishedBy":"ada"}]}`,
		"GET /v1/scenarios/price/draft": `{"scenario":"price","steps":[
			{"command":"bulk","version":1,"params":{"from":10},"when":"currency == \"EUR\""},
			{"command":"tag","version":1,"params":{"tag":"large"},"onError":"skip"},
			{"command":"reject","version":1,"params":{"message":"no"}}],"savedAt":"2026-11-29T11:00:00Z","savedBy":"ada"}`,
		"GET /v1/scenarios/submit/versions": `{"items":[]}`,
		"GET /v1/scenarios/submit/draft":    `404 {"type":"/problems/unknown-draft","title":"No draft","status":404}`,
		"GET /v1/commands":                  `{"items":[{"id":"bulk","version":3,"behaviour":"js","target":"order","description":"Takes a share off"},{"id":"tag","version":1,"behaviour":"go","target":"order"}]}`,
		"GET /v1/commands/bulk":             `{"id":"bulk","version":3,"behaviour":"js","target":"order","description":"Takes a share off","source":"export function execute() {}","params":{"type":"object","required":["from"],"properties":{"from":{"type":"integer","minimum":1},"note":{"type":"string"}}}}`,
		"GET /v1/commands/bulk/versions":    `{"items":[{"id":"bulk","version":3,"storedAt":"2026-11-29T10:00:00Z","storedBy":"ada"}]}`,
	}
}

func TestTheScenariosShowTheirPublishedChains(t *testing.T) {
	d, _ := staffed(t, chains())
	w := d.send(http.MethodGet, "/console/scenarios", nil)
	require.Equal(t, http.StatusOK, w.Code)
	page := w.Body.String()
	_, price, _ := strings.Cut(page, `data-scenario="price"`)
	price, tomorrow, _ := strings.Cut(price, `data-scenario="tomorrow"`)
	require.Less(t, strings.Index(price, "bulk@1"), strings.Index(price, "tag@1"), "in their order")
	for _, shown := range []string{"Version 2", `{&#34;from&#34;:10}`, "currency == &#34;EUR&#34;", "the order is refused", "the command is skipped", "by ada"} {
		require.Contains(t, price, shown)
	}
	require.Contains(t, tomorrow, "Scenario tomorrow", "the list is open")
	require.Contains(t, tomorrow, "nothing runs here")
}

func TestAScenarioShowsItsDraftAndWhatDiffers(t *testing.T) {
	d, _ := staffed(t, chains())
	page := d.send(http.MethodGet, "/console/scenarios/price", nil).Body.String()
	require.Contains(t, page, "Not published yet")
	require.Contains(t, page, "reject@1")
	require.Contains(t, page, "Version 3 of this command exists.")
	require.Contains(t, page, `value="&#34;tag-of-draft&#34;"`)

	page = d.send(http.MethodGet, "/console/scenarios/submit", nil).Body.String()
	require.Contains(t, page, "No steps yet.")
	require.Contains(t, page, "As published")
	require.NotContains(t, page, ">Publish<")
	require.Equal(t, http.StatusNotFound, d.send(http.MethodGet, "/console/scenarios/nowhere", nil).Code)
	require.Equal(t, http.StatusNotFound, d.send(http.MethodPost, "/console/scenarios/price/explode", url.Values{}).Code)
}

func TestStepsAreAddedMovedChangedAndRemoved(t *testing.T) {
	const save, tag = "PUT /v1/scenarios/price/draft", `"tag-of-draft"`
	bulk := `{"command":"bulk","version":1,"params":{"from":10},"when":"currency == \"EUR\""}`
	tagged := `{"command":"tag","version":1,"params":{"tag":"large"},"onError":"skip"}`
	reject := `{"command":"reject","version":1,"params":{"message":"no"}}`
	for name, row := range map[string]struct {
		act  string
		form url.Values
		want []string
		at   string
	}{
		"add": {
			"add",
			url.Values{"add": {"gift"}, "version": {"1"}, "params": {"{\"productId\": \"sticker\"}"}, "when": {" total > 1 "}, "onError": {"park"}},
			[]string{bulk, tagged, reject, `{"command":"gift","version":1,"params":{"productId":"sticker"},"when":"total \u003e 1","onError":"park"}`},
			"#step-3",
		},
		"up":            {"up", url.Values{"step": {"1"}}, []string{tagged, bulk, reject}, "#step-0"},
		"up at the top": {"up", url.Values{"step": {"0"}}, []string{bulk, tagged, reject}, "#step-0"},
		"down":          {"down", url.Values{"step": {"1"}}, []string{bulk, reject, tagged}, "#step-2"},
		"remove":        {"remove", url.Values{"step": {"2"}}, []string{bulk, tagged}, "#draft"},
		"change":        {"change", url.Values{"step": {"1"}, "version": {"2"}, "params": {""}, "when": {""}, "onError": {""}}, []string{bulk, `{"command":"tag","version":2}`, reject}, "#step-1"},
	} {
		t.Run(name, func(t *testing.T) {
			d, g := staffed(t, chains())
			g.tell(save, `{"scenario":"price","steps":[]}`)
			row.form.Set("etag", tag)
			w := d.send(http.MethodPost, "/console/scenarios/price/"+row.act, row.form)
			require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
			require.Equal(t, "/console/scenarios/price"+row.at, w.Header().Get("Location"))
			c := g.last(t, save)
			require.Equal(t, tag, c.Match)
			require.JSONEq(t, `{"steps":[`+strings.Join(row.want, ",")+`]}`, c.Body)
		})
	}
}

// What the API refuses is said beside the field that it is about, and what was typed is still there.
func TestARefusedStepKeepsWhatWasTyped(t *testing.T) {
	d, g := staffed(t, chains())
	g.tell("PUT /v1/scenarios/price/draft", `422 {"type":"/problems/invalid-values","title":"Invalid","status":422,"errors":[
		{"path":"steps[1].when","reason":"line 1, column 7: unexpected token"},{"path":"steps[1].params","reason":"/tag: is required"}]}`)
	w := d.send(http.MethodPost, "/console/scenarios/price/change", url.Values{
		"etag": {`"tag-of-draft"`}, "step": {"1"}, "version": {"1"}, "when": {"total < > 5"}, "params": {`{"tags": 1}`}, "onError": {"park"},
	})
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	page := w.Body.String()
	_, form, _ := strings.Cut(page, `id="change-1" open`)
	form, _, _ = strings.Cut(form, "</details>")
	require.Contains(t, form, "line 1, column 7: unexpected token")
	require.Contains(t, form, "/tag: is required")
	require.Contains(t, form, "total &lt; &gt; 5</textarea>")
	require.Contains(t, form, "total <mark>&lt;</mark> &gt; 5", "the place is shown")
	require.Contains(t, form, `{&#34;tags&#34;: 1}</textarea>`)
	require.Contains(t, form, `value="park" selected`)

	// A command that can't run here.
	g.tell("PUT /v1/scenarios/price/draft", `422 {"type":"/problems/invalid-values","title":"Invalid","status":422,"errors":[{"path":"steps[3].command","reason":"gift can't run in price"}]}`)
	w = d.send(http.MethodPost, "/console/scenarios/price/add", url.Values{"etag": {`"tag-of-draft"`}, "add": {"bulk"}, "version": {"1"}, "params": {"{}"}})
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	_, form, _ = strings.Cut(w.Body.String(), `data-adding="bulk"`)
	require.Contains(t, form, "gift can&#39;t run in price")

	// Parameters that aren't JSON don't reach the API.
	w = d.send(http.MethodPost, "/console/scenarios/price/add", url.Values{"etag": {`"tag-of-draft"`}, "add": {"bulk"}, "version": {"1"}, "params": {"{\n  from: 1}"}})
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "Line 2, column 3")
	require.Contains(t, w.Body.String(), "<mark>f</mark>rom: 1}")
}

func TestADraftThatSomebodyElseChangedIsShownAsItIs(t *testing.T) {
	d, g := staffed(t, chains())
	w := d.send(http.MethodPost, "/console/scenarios/price/remove", url.Values{"etag": {`"an-older-one"`}, "step": {"0"}})
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "The draft was changed in the meantime")
	for _, c := range g.calls {
		require.NotContains(t, c.What, "PUT")
	}
}

func TestPublishingNamesTheScriptsThatFail(t *testing.T) {
	d, g := staffed(t, chains())
	g.tell("POST /v1/scenarios/price/publish", `422 {"type":"/problems/script-failed","title":"Failed","status":422,"failures":[{"command":"bulk","version":1,"test":"ten","line":3,"column":9,"message":"x is not defined"}]}`)
	w := d.send(http.MethodPost, "/console/scenarios/price/publish", url.Values{"etag": {`"tag-of-draft"`}})
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "x is not defined")
	require.Contains(t, w.Body.String(), "Line 3, column 9")
	require.Contains(t, w.Body.String(), `href="/console/commands/bulk/versions/1"`)

	g.tell("POST /v1/scenarios/price/publish", `201 {"version":3}`)
	w = d.send(http.MethodPost, "/console/scenarios/price/publish", url.Values{"etag": {`"tag-of-draft"`}})
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.Equal(t, `"tag-of-draft"`, g.last(t, "POST /v1/scenarios/price/publish").Match)

	require.Contains(t, d.send(http.MethodGet, "/console/scenarios/price/versions/1", nil).Body.String(), "Publish it again")
	require.NotContains(t, d.send(http.MethodGet, "/console/scenarios/price/versions/2", nil).Body.String(), "Publish it again")
	g.tell("POST /v1/scenarios/price/rollback", `201 {"version":4}`)
	w = d.send(http.MethodPost, "/console/scenarios/price/versions/1", url.Values{})
	require.Equal(t, http.StatusSeeOther, w.Code)
	require.JSONEq(t, `{"version":1}`, g.last(t, "POST /v1/scenarios/price/rollback").Body)
}

func TestATrialShowsWhatWouldDiffer(t *testing.T) {
	const try = "POST /v1/scenarios/price/try"
	d, g := staffed(t, chains())
	g.tell(try, `{"scenario":"price","runs":[{"command":"bulk","version":1,"outcome":"done"}],"changed":3,"changes":[
		{"scenario":"price","command":"bulk","version":1,"path":"/address/phone","before":"\"030\"","after":"\"+4930\""},
		{"scenario":"price","command":"bulk","version":1,"path":"/adjustments/-","after":"-500"}],
		"notes":[{"command":"bulk","version":1,"text":"10 units"}],"rejection":{"command":"reject","version":1,"step":2,"reason":"not today"}}`)
	w := d.send(http.MethodPost, "/console/scenarios/price/try", url.Values{"order": {"an-order"}, "chain": {"draft"}})
	require.Equal(t, http.StatusOK, w.Code)
	page := w.Body.String()
	for _, shown := range []string{"<del>030</del>", "<ins>+4930</ins>", "<ins>-500</ins>", "10 units", "reject@1 would refuse the order.", "not today", "1 more field"} {
		require.Contains(t, page, shown)
	}
	require.Contains(t, g.last(t, try).Body, `"orderId":"an-order"`)
	require.Contains(t, g.last(t, try).Body, `"command":"reject"`, "the draft's steps")

	d.send(http.MethodPost, "/console/scenarios/price/try", url.Values{"view": {`{"total": 1}`}, "chain": {"published"}})
	require.NotContains(t, g.last(t, try).Body, `"command":"reject"`)
	require.Contains(t, g.last(t, try).Body, `"view":{"total":1}`)

	for name, row := range map[string]struct{ answer, order, view, says string }{
		"an unknown order":     {`404 {"type":"/problems/unknown-order","title":"Unknown","status":404}`, "gone", "", "There is no such order."},
		"not for this role":    {`403 {"type":"/problems/forbidden","title":"Not for this role","status":403}`, "o", "", "Your role may not read orders."},
		"no JSON":              {"", "", `{"total": }`, "Line 1, column 11"},
		"nothing to try it on": {"", "", "", "required"},
	} {
		t.Run(name, func(t *testing.T) {
			g.tell(try, row.answer)
			w := d.send(http.MethodPost, "/console/scenarios/price/try", url.Values{"order": {row.order}, "view": {row.view}})
			require.Equal(t, http.StatusUnprocessableEntity, w.Code)
			require.Contains(t, strings.ToLower(w.Body.String()), strings.ToLower(row.says))
		})
	}
}

func TestAnOrderIsFoundByTheNumberThatPeopleUse(t *testing.T) {
	d, g := staffed(t, chains())
	g.tell("GET /v1/orders", `{"items":[{"id":"0199aaaa-1111-7000-8000-000000000000"},{"id":"0199bbbb-1111-7000-8000-000000000000"}],"total":2}`)
	g.tell("POST /v1/scenarios/price/try", `{"runs":[],"changes":[],"changed":0}`)
	w := d.send(http.MethodPost, "/console/scenarios/price/try", url.Values{"order": {"0199BBBB"}})
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), "Nothing would be changed.")
	require.Contains(t, g.last(t, "POST /v1/scenarios/price/try").Body, "0199bbbb-1111-7000-8000-000000000000")
}
