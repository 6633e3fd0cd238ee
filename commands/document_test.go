package commands_test

import (
	"context"
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"holdfast/command"
	"holdfast/commands"
	"holdfast/order"
	"holdfast/script"
)

var blocks = regexp.MustCompile("(?ms)^```(?:json|yaml) (\\S+) ?(\\S*)\n(.*?)^```$")

// guide has what the blocks of docs/commands.md have said so far.
type guide struct {
	*testing.T
	box    command.Box
	stored map[command.Ref]*command.Command
	chain  *command.Prepared
	view   command.View
}

func (g *guide) find(r command.Ref) (*command.Command, error) {
	if c, ok := command.Builtin(r); ok {
		return c, nil
	}
	if c, ok := g.stored[r]; ok {
		return c, nil
	}
	return nil, command.ErrNotFound
}

// steps prepares a chain, and runs the tests of its scripts.
func (g *guide) steps(scenario string, text []byte) {
	g.Helper()
	c := command.Chain{Scenario: order.Scenario(scenario)}
	require.NoError(g, json.Unmarshal(text, &c), "%s", text)
	var err error
	g.chain, err = command.Check(g.Context(), c, g.find, g.box, func(ctx context.Context, c *command.Command, p command.Program) ([]command.Tested, error) {
		require.NotEmpty(g, c.Tests)
		return c.RunTests(ctx, p)
	})
	require.NoError(g, err)
}

// Each trial goes with the last steps and the last view above it.
func TestTheExamplesOfTheGuide(t *testing.T) {
	document, err := os.ReadFile("../docs/commands.md")
	require.NoError(t, err)
	g := &guide{T: t, box: commands.NewBox(script.Options{Limits: script.Limits{Deadline: time.Minute}}), stored: map[command.Ref]*command.Command{}}
	seen := map[string]int{}
	for _, block := range blocks.FindAllSubmatch(document, -1) {
		kind, text := string(block[1]), block[3]
		seen[kind]++
		switch kind {
		case "command":
			doc, err := yaml.YAMLToJSON(text)
			require.NoError(t, err)
			var spec command.Spec
			require.NoError(t, json.Unmarshal(doc, &spec))
			c := spec.Command()
			require.NoError(t, c.Validate())
			c.Version = 1
			g.stored[command.Ref{ID: c.ID, Version: 1}] = &c
		case "steps":
			g.steps(string(block[2]), text)
		case "view":
			g.view, err = command.ReadView(text)
			require.NoError(t, err)
		case "trial":
			trial, err := g.chain.Try(t.Context(), g.view, time.Now())
			require.NoError(t, err)
			requireHas(t, trial, text)
		default:
			t.Errorf("a block of an unknown kind %q", kind)
		}
	}
	require.Equal(t, map[string]int{"command": 1, "steps": 5, "view": 6, "trial": 6}, seen)
}

// requireHas requires that a value has all that the document says about it; lists are complete.
func requireHas(t *testing.T, value any, document []byte) {
	t.Helper()
	b, err := json.Marshal(value)
	require.NoError(t, err)
	var got, want any
	require.NoError(t, json.Unmarshal(b, &got))
	require.NoError(t, json.Unmarshal(document, &want), "%s", document)
	require.True(t, has(got, want), "got\n%s\nwant\n%s", b, document)
}

func has(got, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		for name, v := range w {
			ok = ok && has(g[name], v)
		}
		return ok
	case []any:
		g, ok := got.([]any)
		ok = ok && len(g) == len(w)
		for i := range w {
			ok = ok && has(g[i], w[i])
		}
		return ok
	}
	return reflect.DeepEqual(got, want)
}
