package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACommandShowsItsScriptAndWhereItRuns(t *testing.T) {
	d, _ := staffed(t, chains())
	page := d.send(http.MethodGet, "/console/commands", nil).Body.String()
	own, builtIn, _ := strings.Cut(page, "Built in")
	require.Contains(t, own, `href="/console/commands/bulk"`)
	require.Contains(t, builtIn, `href="/console/commands/tag"`)

	page = d.send(http.MethodGet, "/console/commands/bulk", nil).Body.String()
	require.Contains(t, page, "<li>export function execute() {}</li>")
	require.Contains(t, page, "integer ≥ 1")
	_, uses, _ := strings.Cut(page, `data-use="price"`)
	require.Contains(t, uses, "bulk@1")
	require.Contains(t, uses, "A chain runs an older version.")
	require.Equal(t, http.StatusNotFound, d.send(http.MethodGet, "/console/commands/bulk/versions/x", nil).Code)
	require.Equal(t, http.StatusNotFound, d.send(http.MethodGet, "/console/commands/gone", nil).Code)
}

func TestACommandIsStoredOnceItsTestsPass(t *testing.T) {
	const try, put = "POST /v1/commands/try", "PUT /v1/commands/bulk"
	form := url.Values{
		"etag": {`"tag-of-bulk"`}, "source": {"export function execute() {\r\n  return 1 +\r\n}\r\n"}, "tests": {`[{"name": "ten"}]`}, "inputs": {"lines, total"},
		"target": {"line"}, "description": {"<b>"}, "params": {""}, "do": {"store"},
	}
	d, g := staffed(t, chains())
	send := func(answer string) (int, string) {
		g.tell(try, answer)
		w := d.send(http.MethodPost, "/console/commands/bulk/edit", form)
		require.Contains(t, w.Body.String()+w.Header().Get("Location"), "bulk")
		return w.Code, w.Body.String()
	}

	// A script that isn't JavaScript: where, with the lines around it.
	code, page := send(`422 {"type":"/problems/script-failed","title":"Failed","status":422,"failures":[{"command":"bulk","line":3,"column":1,"message":"unexpected token"}]}`)
	require.Equal(t, http.StatusUnprocessableEntity, code)
	require.Contains(t, page, "Line 3, column 1")
	require.Contains(t, page, `<li value="3" class="here"><mark>}</mark></li>`)
	require.Contains(t, page, "return 1 +\n}\n</textarea>", "nothing that was typed is lost")
	require.Contains(t, page, `value="&lt;b&gt;"`)

	// Fields that are wrong.
	code, page = send(`422 {"type":"/problems/invalid-values","title":"Invalid","status":422,"errors":[{"path":"inputs[1]","reason":"\"totals\" is not a field of the view"}]}`)
	require.Equal(t, http.StatusUnprocessableEntity, code)
	_, beside, _ := strings.Cut(page, `id="inputs-wrong"`)
	require.Contains(t, beside[:200], "is not a field of the view")

	// A test that fails: nothing is stored.
	code, page = send(`{"tests":[{"name":"ten","passed":false,"failure":{"command":"bulk","test":"ten","message":"execute returned {} instead of {\"note\":\"x\"}"}}]}`)
	require.Equal(t, http.StatusUnprocessableEntity, code)
	require.Contains(t, page, "1 test fails, so nothing is stored.")
	require.Contains(t, page, "execute returned {} instead of")

	// Whoever may not write, and a gateway that is away: what was typed is still there.
	for answer, status := range map[string]int{
		`403 {"type":"/problems/forbidden","title":"Not for this role","status":403}`:         http.StatusForbidden,
		`503 {"type":"/problems/commands-unavailable","title":"Unavailable","status":503}`:    http.StatusServiceUnavailable,
		`429 {"type":"/problems/too-many-requests","title":"Too many requests","status":429}`: http.StatusTooManyRequests,
	} {
		code, page = send(answer)
		require.Equal(t, status, code)
		require.Contains(t, page, "return 1 +\n}\n</textarea>")
		require.Contains(t, page, "Nothing that you wrote is lost")
	}
	for _, c := range g.calls {
		require.NotEqual(t, put, c.What, "nothing was stored")
	}

	g.tell(put, `201 {"id":"bulk","version":4}`)
	code, _ = send(`{"tests":[{"name":"ten","passed":true}]}`)
	require.Equal(t, http.StatusSeeOther, code)
	c := g.last(t, put)
	require.Equal(t, `"tag-of-bulk"`, c.Match)
	var sent map[string]any
	require.NoError(t, json.Unmarshal([]byte(c.Body), &sent))
	require.Equal(t, []any{"lines", "total"}, sent["inputs"])
	require.Equal(t, "export function execute() {\n  return 1 +\n}\n", sent["source"])
	require.NotContains(t, sent, "params")
	require.Equal(t, []any{map[string]any{"name": "ten", "expect": map[string]any{}}}, sent["tests"])

	// Only the tests.
	form.Set("do", "test")
	code, page = send(`{"tests":[{"name":"ten","passed":true}]}`)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, page, "1 test passes. Nothing is stored yet.")

	// Another editor was quicker: storing again is meant.
	form.Set("do", "store")
	g.tell(put, `412 {"type":"/problems/stale","title":"Stale","status":412}`)
	form.Set("etag", `"an-older-one"`)
	code, page = send(`{"tests":[]}`)
	require.Equal(t, http.StatusUnprocessableEntity, code)
	require.Contains(t, page, "Another version was stored in the meantime.")
	require.Contains(t, page, `name="etag" value="&#34;tag-of-bulk&#34;"`)
}

func TestANewCommandNeedsAName(t *testing.T) {
	d, g := staffed(t, chains())
	page := d.send(http.MethodGet, "/console/new-command", nil).Body.String()
	require.Contains(t, page, "export function execute(view, params)")
	form := url.Values{"source": {"x"}, "tests": {"{\n  \"a\": tru"}}
	w := d.send(http.MethodPost, "/console/new-command", form)
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	form.Set("id", "mine")
	w = d.send(http.MethodPost, "/console/new-command", form)
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	require.Contains(t, w.Body.String(), "Line 2, column ")
	form.Set("tests", "")
	g.tell("POST /v1/commands/try", `{"tests":[]}`)
	g.tell("POST /v1/commands", `409 {"type":"/problems/command-exists","title":"Exists","status":409}`)
	form.Set("do", "store")
	w = d.send(http.MethodPost, "/console/new-command", form)
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	_, beside, _ := strings.Cut(w.Body.String(), `id="id-wrong"`)
	require.Contains(t, beside, "There is another command with this name.")
}

func TestPlacesInATextAreFound(t *testing.T) {
	require.Equal(t, place{2, 7}, placeAt("{\n \"ä\": x}", int64(len("{\n \"ä\": "))), "columns are characters")
	require.Equal(t, place{12, 3}, placeOf("when: line 12, column 3: no"))
	require.Zero(t, placeOf("no"))
	require.Nil(t, excerpt("a\nb", 3, 1))
	require.Equal(t, []codeLine{{Number: 1, Before: "ab", At: "c", Here: true}, {Number: 2, Before: "d"}}, excerpt("abc\nd\n", 1, 3))
	require.Equal(t, " ", excerpt("ab", 1, 9)[0].At, "behind the end")
}

func TestParametersBeginWithWhatIsRequired(t *testing.T) {
	schema := json.RawMessage(`{"type":"object","required":["to","n"],"properties":{"to":{"type":"string"},"n":{"type":"integer","minimum":1,"maximum":5},"how":{"enum":["a","b"]}}}`)
	require.JSONEq(t, `{"n": 1, "to": ""}`, skeletonOf(schema))
	require.Equal(t, []parameter{{Name: "n", Type: "integer ≥ 1 ≤ 5", Required: true}, {Name: "to", Type: "string", Required: true}, {Name: "how", Type: `"a", "b"`}}, parametersOf(schema))
	require.Empty(t, skeletonOf(nil))
	require.Empty(t, parametersOf(json.RawMessage(`true`)))
}
