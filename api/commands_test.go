package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/command"
	"holdfast/command/commandtest"
	"holdfast/product"
)

// tagging is a command that adds a tag, as a body.
func tagging(tag string) map[string]any {
	op := map[string]any{"op": "add", "path": "/tags/-", "value": tag}
	return map[string]any{
		"source": fmt.Sprintf(`{"patch":[{"op":"add","path":"/tags/-","value":%q}]}`, tag),
		"tests":  []any{map[string]any{"name": "it tags", "expect": map[string]any{"patch": []any{op}}}},
	}
}

func with(body map[string]any, changes map[string]any) map[string]any {
	maps.Copy(body, changes)
	return body
}

func (g *gateway) puts(path string, body any, match string) answer {
	g.t.Helper()
	k := call{method: http.MethodPut, path: path, body: body, header: http.Header{}}
	if match != "" {
		k.header.Set("If-Match", match)
	}
	return g.do(k)
}

func into[T any](t *testing.T, a answer, status int) (v T) {
	t.Helper()
	require.Equal(t, status, a.status, "%s", a.body)
	require.NoError(t, json.Unmarshal(a.body, &v))
	return v
}

func TestACommandIsCreatedReadAndReplaced(t *testing.T) {
	g := newGateway(t)
	requireProblem(t, g.get("/v1/commands/vip"), 404, "unknown-command")
	requireProblem(t, g.puts("/v1/commands/vip", tagging("a"), "*"), 412, "stale")
	created := g.post("/v1/commands", with(tagging("a"), map[string]any{"id": "vip"}))
	v1 := into[command.Command](t, created, 201)
	require.Equal(t, "/v1/commands/vip/versions/1", created.header.Get("Location"))
	tag := created.header.Get("ETag")
	require.Equal(t, `"1-`+v1.Hash[:16]+`"`, tag)
	require.Equal(t, command.TargetOrder, v1.Target)
	again := g.post("/v1/commands", with(tagging("a"), map[string]any{"id": "vip"}))
	require.Equal(t, string(created.body), string(again.body))
	require.Equal(t, 200, again.status)
	requireProblem(t, g.post("/v1/commands", with(tagging("b"), map[string]any{"id": "vip"})), 409, "command-exists")

	requireProblem(t, g.puts("/v1/commands/vip", tagging("b"), `"1-0000000000000000"`), 412, "stale")
	second := g.puts("/v1/commands/vip", tagging("b"), "W/"+tag)
	v2 := into[command.Command](t, second, 201)
	require.Equal(t, int64(2), v2.Version)
	require.Equal(t, 200, g.puts("/v1/commands/vip", tagging("b"), tag).status, "it is so already")
	require.Equal(t, v2, into[command.Command](t, g.get("/v1/commands/vip"), 200))
	first := g.get("/v1/commands/vip/versions/1")
	require.Equal(t, string(created.body), string(first.body))
	require.Equal(t, tag, first.header.Get("ETag"))
	requireProblem(t, g.get("/v1/commands/vip/versions/3"), 404, "unknown-command")
	requireProblem(t, g.get("/v1/commands/vip/versions/0"), 400, "malformed-request")

	type page struct {
		Items      []command.Summary
		NextCursor string
	}
	newest := into[page](t, g.get("/v1/commands/vip/versions?limit=1"), 200)
	require.Equal(t, []command.Summary{v2.Summary()}, newest.Items)
	oldest := into[page](t, g.get("/v1/commands/vip/versions?limit=1&cursor="+newest.NextCursor), 200)
	require.Equal(t, []command.Summary{v1.Summary()}, oldest.Items)
	require.Empty(t, oldest.NextCursor)
	requireProblem(t, g.get("/v1/commands/nix/versions"), 404, "unknown-command")

	var all []command.Summary
	for path := "/v1/commands?limit=3"; ; {
		p := into[page](t, g.get(path), 200)
		all = append(all, p.Items...)
		if p.NextCursor == "" {
			break
		}
		path = "/v1/commands?limit=3&cursor=" + p.NextCursor
	}
	require.Len(t, all, len(command.Builtins())+1)
	builtin := into[command.Command](t, g.get("/v1/commands/gift"), 200)
	require.Equal(t, command.BehaviourGo, builtin.Behaviour)
	require.Len(t, into[page](t, g.get("/v1/commands/gift/versions"), 200).Items, 1)
}

func TestWhatIsWrongWithACommandIsNamed(t *testing.T) {
	g := newGateway(t)
	fields := func(a answer) (paths []string) {
		for _, e := range requireProblem(t, a, 422, "invalid-values").Errors {
			paths = append(paths, e.Path)
		}
		return paths
	}
	require.Equal(t, []string{"id"}, fields(g.puts("/v1/commands/gift", tagging("a"), "")))
	require.Equal(t, []string{"id"}, fields(g.puts("/v1/commands/vip", with(tagging("a"), map[string]any{"id": "other"}), "")))
	require.Equal(t, []string{"inputs[1]", "params", "tests[0].view", "tests[1].expect.patch[0].path"}, fields(g.puts("/v1/commands/vip",
		with(tagging("a"), map[string]any{
			"inputs": []string{"lines", "adress.phone"}, "params": map[string]any{"type": "objekt"},
			"tests": []any{
				map[string]any{"name": "a", "view": map[string]any{"totl": 1}, "expect": map[string]any{}},
				map[string]any{"name": "b", "view": map[string]any{"scenario": "paid"}, "expect": map[string]any{
					"patch": []any{map[string]any{"op": "set", "path": "/address/phone", "value": "1"}},
				}},
			},
		}), "")))
	p := requireProblem(t, g.puts("/v1/commands/vip", with(tagging("a"), map[string]any{"sourse": "x"}), ""), 400, "malformed-request")
	require.Equal(t, []product.FieldProblem{{Path: "sourse", Reason: "is not a field of this call"}}, p.Errors)

	broken := requireProblem(t, g.puts("/v1/commands/vip", with(tagging("a"), map[string]any{"source": commandtest.NotJavaScript}), ""), 422, "script-failed")
	require.Equal(t, []command.Failure{{Command: "vip", Line: 1, Column: 2, Message: "unexpected end"}}, broken.Failures)
	requireProblem(t, g.puts("/v1/commands/vip", with(tagging("a"), map[string]any{"source": commandtest.Away}), ""), 503, "commands-unavailable")
	requireProblem(t, g.get("/v1/commands/vip"), 404, "unknown-command")
}

func TestACommandIsTriedWithoutBeingStored(t *testing.T) {
	g := newGateway(t)
	type trial struct{ Tests []command.Tested }
	require.True(t, into[trial](t, g.post("/v1/commands/try", tagging("a")), 200).Tests[0].Passed)
	wrong := with(tagging("a"), map[string]any{"source": "{}", "id": "vip"})
	failed := into[trial](t, g.post("/v1/commands/try", wrong), 200).Tests[0]
	require.False(t, failed.Passed)
	require.Equal(t, "it tags", failed.Failure.Test)
	require.Contains(t, failed.Failure.Message, "execute returned {} instead of")
	requireProblem(t, g.get("/v1/commands/vip"), 404, "unknown-command")
	require.Empty(t, into[trial](t, g.post("/v1/commands/try", map[string]any{"source": "{}"}), 200).Tests)
	require.Equal(t, 422, g.post("/v1/commands/try", map[string]any{"id": "", "source": "{}"}).status)
}

func chainOf(steps ...map[string]any) map[string]any {
	if steps == nil {
		steps = []map[string]any{}
	}
	return map[string]any{"steps": steps}
}

func TestAChainIsDraftedPublishedAndRolledBack(t *testing.T) {
	g := newGateway(t)
	const path = "/v1/scenarios/submit"
	into[command.Command](t, g.post("/v1/commands", with(tagging("a"), map[string]any{"id": "vip"})), 201)
	requireProblem(t, g.get(path+"/draft"), 404, "unknown-draft")
	requireProblem(t, g.post(path+"/publish", nil), 404, "unknown-draft")
	for _, call := range []answer{
		g.get("/v1/scenarios/nix/draft"), g.puts("/v1/scenarios/nix/draft", chainOf(), ""), g.post("/v1/scenarios/nix/publish", nil),
		g.post("/v1/scenarios/nix/rollback", map[string]any{"version": 1}), g.get("/v1/scenarios/nix/versions"), g.get(path + "/versions/1"),
		g.post("/v1/scenarios/nix/try", map[string]any{"view": map[string]any{}}), g.post(path+"/rollback", map[string]any{"version": 1}),
		g.post(path+"/try", map[string]any{"view": map[string]any{}, "version": 1}),
	} {
		requireProblem(t, call, 404, "unknown-scenario")
	}
	vip := map[string]any{"command": "vip", "version": 1}
	requireProblem(t, g.puts(path+"/draft", map[string]any{}, ""), 422, "invalid-values")
	saved := g.puts(path+"/draft", chainOf(vip), "")
	d := into[command.ChainDraft](t, saved, 200)
	tag := saved.header.Get("ETag")
	require.Equal(t, `"1-`+d.Hash[:16]+`"`, tag)
	require.Equal(t, string(saved.body), string(g.get(path+"/draft").body))
	requireProblem(t, g.puts(path+"/draft", chainOf(), `"9-0000000000000000"`), 412, "stale")
	first := func(body any, header http.Header) answer {
		header.Set("If-None-Match", "*")
		return g.do(call{method: http.MethodPut, path: path + "/draft", body: body, header: header})
	}
	requireProblem(t, first(chainOf(), http.Header{}), 412, "stale")
	require.Equal(t, string(saved.body), string(first(chainOf(vip), http.Header{}).body))
	requireProblem(t, first(chainOf(vip), http.Header{"If-Match": {tag}}), 400, "malformed-request")

	p := requireProblem(t, g.puts("/v1/scenarios/paid/draft", chainOf(
		map[string]any{"command": "vip", "version": 2}, map[string]any{"command": "tag", "version": 1, "params": map[string]any{"tags": "x"}},
		map[string]any{"command": "vip", "version": 1, "when": "totl > 1", "onError": "reject"},
	), ""), 422, "invalid-values")
	var paths []string
	for _, e := range p.Errors {
		paths = append(paths, e.Path)
	}
	require.ElementsMatch(t, []string{"steps[0].command", "steps[1].params", "steps[2].when", "steps[2].onError"}, paths)

	publish := func(match string) answer {
		return g.do(call{method: http.MethodPost, path: path + "/publish", header: http.Header{"If-Match": {match}}})
	}
	requireProblem(t, publish(`"9-0000000000000000"`), 412, "stale")
	published := publish(tag)
	v1 := into[command.Chain](t, published, 201)
	require.Equal(t, path+"/versions/1", published.header.Get("Location"))
	require.Equal(t, 200, publish("*").status, "it is the current one already")
	require.Equal(t, string(published.body), string(g.get(path+"/versions/1").body))
	into[command.ChainDraft](t, g.puts(path+"/draft", chainOf(), tag), 200)
	into[command.Chain](t, publish("*"), 201)
	back := into[command.Chain](t, g.post(path+"/rollback", map[string]any{"version": 1}), 201)
	require.Equal(t, v1.Steps, back.Steps)
	require.Equal(t, int64(1), back.Restores)
	require.Equal(t, 200, g.post(path+"/rollback", map[string]any{"version": 1}).status)

	type page struct {
		Items      []command.ChainSummary
		NextCursor string
	}
	newest := into[page](t, g.get(path+"/versions?limit=2"), 200)
	require.Equal(t, []int64{3, 2}, []int64{newest.Items[0].Version, newest.Items[1].Version})
	require.Equal(t, v1.Hash, into[page](t, g.get(path+"/versions?cursor="+newest.NextCursor), 200).Items[0].Hash)
	type list struct {
		Items []struct {
			Scenario string
			Version  int64
			Paths    []string
		}
	}
	scenarios := into[list](t, g.get("/v1/scenarios"), 200).Items
	require.Len(t, scenarios, len(command.Scenarios()))
	require.Equal(t, int64(3), scenarios[0].Version)
	require.Contains(t, scenarios[0].Paths, "add /lines/-")
	require.NotContains(t, scenarios[2].Paths, "add /lines/-")
}

func TestAChainWhoseTestsFailIsNotPublished(t *testing.T) {
	g := newGateway(t)
	into[command.Command](t, g.post("/v1/commands", with(tagging("a"), map[string]any{"id": "vip", "source": commandtest.Throw + "no"})), 201)
	into[command.ChainDraft](t, g.puts("/v1/scenarios/paid/draft", chainOf(map[string]any{"command": "vip", "version": 1}), ""), 200)
	p := requireProblem(t, g.post("/v1/scenarios/paid/publish", nil), 422, "script-failed")
	require.Equal(t, []command.Failure{{Command: "vip", Version: 1, Test: "it tags", Line: 3, Column: 4, Message: "no"}}, p.Failures)
	requireProblem(t, g.get("/v1/scenarios/paid/versions/1"), 404, "unknown-scenario")
}

func TestAChainIsTriedOnAViewAndOnAnOrder(t *testing.T) {
	g := asking(t)
	stock := int64(5)
	mug := product.Spec{
		Description: product.Description{Title: "A mug"}, Currency: "EUR", Variants: []product.VariantSpec{{SKU: "one", Price: 1000, Stock: &stock}},
	}
	put := call{method: http.MethodPut, path: "/v1/products/mug", body: mug}
	require.Equal(t, http.StatusCreated, g.do(put.as(t, "op", api.RoleOperator)).status)
	placed := g.do(call{method: http.MethodPost, path: "/v1/orders", body: map[string]any{
		"customerId": "ada", "lines": []line{{"productId": "mug", "sku": "one", "quantity": 2}},
		"address": map[string]string{"recipient": "Ada  Example", "line1": "1 High St", "city": "London", "country": "GB"},
	}}.as(t, "sam", api.RoleOperator))
	require.Equal(t, 201, placed.status, "%s", placed.body)
	id := placed.order(t).ID
	try := func(role api.Role, body map[string]any) answer {
		return g.do(call{method: http.MethodPost, path: "/v1/scenarios/submit/try", body: body}.as(t, "sam", role))
	}
	tidy := map[string]any{"command": "normalize-address", "version": 1}
	tagged := map[string]any{"command": "tag", "version": 1, "params": map[string]any{"tag": "large"}, "when": "total > 1500"}
	onOrder := with(chainOf(tidy, tagged), map[string]any{"orderId": id})
	for _, role := range []api.Role{api.RoleOperator, api.RoleSupport} {
		trial := into[command.Trial](t, try(role, onOrder), 200)
		require.Equal(t, 2, trial.Changed)
		require.Equal(t, `"Ada  Example"`, trial.Changes[0].Before)
		require.Equal(t, "/tags/-", trial.Changes[1].Path)
		require.Equal(t, []command.Ran{{Command: "normalize-address", Version: 1, Outcome: "done"}, {Command: "tag", Version: 1, Outcome: "done"}}, trial.Runs)
	}
	requireProblem(t, try(api.RoleCatalog, onOrder), 403, "forbidden")
	requireProblem(t, try(api.RoleOperator, with(chainOf(tidy), map[string]any{"orderId": "nix"})), 404, "unknown-order")

	refuse := map[string]any{"command": "reject", "version": 1, "params": map[string]any{"message": "No."}, "when": "guest"}
	trial := into[command.Trial](t, try(api.RoleCatalog, with(chainOf(refuse), map[string]any{"view": map[string]any{"guest": true}})), 200)
	require.Equal(t, &command.TrialRejection{Command: "reject", Version: 1, Reason: "No."}, trial.Rejection)
	none := into[command.Trial](t, try(api.RoleCatalog, with(chainOf(refuse), map[string]any{"view": map[string]any{}})), 200)
	require.Empty(t, none.Runs)
	p := requireProblem(t, try(api.RoleCatalog, with(chainOf(), map[string]any{"view": map[string]any{"lines": []any{map[string]any{"qty": 1}}}})), 400, "malformed-request")
	require.Equal(t, "view.lines[0].qty", p.Errors[0].Path)
	for _, wrong := range []map[string]any{chainOf(), with(chainOf(), map[string]any{"view": map[string]any{}, "version": 1}), with(chainOf(), map[string]any{"view": map[string]any{}, "orderId": id})} {
		requireProblem(t, try(api.RoleCatalog, wrong), 400, "malformed-request")
	}
	requireProblem(t, try(api.RoleCatalog, map[string]any{"view": map[string]any{}}), 404, "unknown-draft")
}
