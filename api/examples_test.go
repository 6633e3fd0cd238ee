package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/api/openapi"
	"holdfast/webhook"
)

func readContract(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := loadContract()
	require.NoError(t, err)
	return doc
}

// That they are what the gateway answers is tested in dev/test/e2e.
func TestEveryCallAndEverySchemaHasAnExampleThatFits(t *testing.T) {
	doc := readContract(t)
	for name, schema := range doc.Components.Schemas {
		require.NotNil(t, schema.Value.Example, "schema %s has no example", name)
		require.NoError(t, schema.Value.VisitJSON(schema.Value.Example, openapi3.EnableJSONSchema2020()), name)
	}
	fitting := map[*openapi3.Example]bool{} // those that responses share
	for path, item := range allPaths(doc) {
		for method, o := range item.Operations() {
			require.NotEmpty(t, o.Description, "%s %s", method, path)
			if o.RequestBody != nil {
				requireExamples(t, o.OperationID+"'s body", o.RequestBody.Value.Content, fitting)
			}
			for status, r := range o.Responses.Map() {
				requireExamples(t, o.OperationID+" "+status, r.Value.Content, fitting)
			}
		}
	}
}

// allPaths are the operations that the gateway serves, and the messages that it sends.
func allPaths(doc *openapi3.T) map[string]*openapi3.PathItem {
	all := maps.Clone(doc.Webhooks)
	maps.Copy(all, doc.Paths.Map())
	return all
}

// requireExamples requires them of each media type, or of its schema.
func requireExamples(t *testing.T, what string, content openapi3.Content, fitting map[*openapi3.Example]bool) {
	t.Helper()
	for kind, media := range content {
		has := media.Example != nil || len(media.Examples) > 0 || media.Schema.Value.Example != nil
		require.True(t, has, "%s has no example as %s", what, kind)
		if media.Example != nil {
			require.NoError(t, media.Schema.Value.VisitJSON(media.Example, openapi3.EnableJSONSchema2020()), "%s as %s", what, kind)
		}
		for name, e := range media.Examples {
			if !fitting[e.Value] {
				require.NoError(t, media.Schema.Value.VisitJSON(e.Value.Value, openapi3.EnableJSONSchema2020()), "%s as %s: %s", what, kind, name)
			}
			fitting[e.Value] = true
		}
	}
}

func TestEveryTypeOfProblemHasAnExampleWithItsStatusAndTitle(t *testing.T) {
	g := newGateway(t)
	examples := map[string]api.Problem{}
	for name, e := range readContract(t).Components.Examples {
		document, _ := e.Value.Value.(map[string]any)
		if document["type"] == nil {
			continue // an order
		}
		raw, err := json.Marshal(document)
		require.NoError(t, err)
		var p api.Problem
		require.NoError(t, json.Unmarshal(raw, &p), name)
		examples[p.Type] = p
	}
	for _, name := range api.ProblemNames() {
		p, ok := examples["/problems/"+name]
		require.True(t, ok, "openapi.yaml has no example of /problems/%s: add one to components/examples, and to the response", name)
		var says openapi.ProblemType
		require.NoError(t, json.Unmarshal(g.get(p.Type).body, &says))
		require.True(t, slices.ContainsFunc(says.Meanings, func(m openapi.ProblemMeaning) bool {
			return m.Status == p.Status && m.Title == p.Title
		}), "the example of %s is %d %q, and there are %v", p.Type, p.Status, p.Title, says.Meanings)
		delete(examples, p.Type)
	}
	require.Empty(t, slices.Collect(maps.Keys(examples)), "examples of problems that don't exist")
	require.Equal(t, http.StatusOK, g.get("/problems/internal").status)
}

func TestThePageOnWebhooksShowsEveryEventAsTheContractDoes(t *testing.T) {
	text, err := os.ReadFile("../docs/webhooks.md")
	require.NoError(t, err)
	_, block, _ := strings.Cut(string(text), "```jsonl\n")
	block, _, found := strings.Cut(block, "\n```")
	require.True(t, found, "a block of payloads")
	shown := map[string]string{}
	for payload := range strings.SplitSeq(block, "\n") {
		var event struct{ Type string }
		require.NoError(t, json.Unmarshal([]byte(payload), &event))
		shown[event.Type] = payload
	}
	doc := readContract(t)
	require.ElementsMatch(t, append(webhook.Types(), webhook.Test), slices.Collect(maps.Keys(doc.Webhooks)))
	for name, item := range doc.Webhooks {
		example, err := json.Marshal(item.Post.RequestBody.Value.Content["application/json"].Example)
		require.NoError(t, err)
		require.JSONEq(t, string(example), shown[name], "docs/webhooks.md shows another %s than openapi.yaml", name)
		require.Contains(t, string(text), "`"+name+"`")
		delete(shown, name)
	}
	require.Empty(t, shown)
}
