package command_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/command"
)

// taking is a merchant's command with a schema, and a test with these parameters.
func taking(schema, params string) *command.Command {
	return &command.Command{
		ID: "own", Behaviour: command.BehaviourJS, Target: command.TargetOrder, Source: "x", Params: json.RawMessage(schema),
		Tests: []command.Test{{Name: "a test", Params: json.RawMessage(params)}},
	}
}

// branching is a schema of few bytes in which each part refers twice to the next one.
func branching(deep int) string {
	parts := make([]string, deep)
	for i := range parts {
		parts[i] = fmt.Sprintf(`"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]}`, i, i+1, i+1)
	}
	return fmt.Sprintf(`{"$ref":"#/$defs/d0","$defs":{%s,"d%d":{}}}`, strings.Join(parts, ","), deep)
}

func TestASchemaThatCouldTakeLongIsRefused(t *testing.T) {
	begun := time.Now()
	for schema, problem := range map[string]string{
		`{"$ref":"#"}`: "refers to itself",
		`{"properties":{"a":{"allOf":[{"$ref":"#"},{"$ref":"#"}]}}}`: "refers to itself",
		`{"$dynamicRef":"#"}`: "$dynamicRef",
		`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveRef":"#"}`: "$recursiveRef",
		branching(100):                          "more than 3000 parts",
		`{"maximum":1e1000000}`:                 "exponent 1000000",
		`{"$ref":"https://example.com/x.json"}`: "a schema must be complete in itself",
		`{"$ref":"file:///etc/hostname"}`:       "a schema must be complete in itself",
		`{"$ref":"x.json"}`:                     `refers to command:///x.json`,
	} {
		require.ErrorContains(t, taking(schema, "{}").Validate(), problem, schema)
	}
	require.Less(t, time.Since(begun), 10*time.Second)
	require.NoError(t, taking(branching(5), "{}").Validate())
	address := `{"$defs":{"name":{"type":"string"}},"properties":{"first":{"$ref":"#/$defs/name"},"last":{"$ref":"#/$defs/name"}}}`
	require.NoError(t, taking(address, `{"first":"Ada"}`).Validate())
	require.ErrorContains(t, taking(address, `{"last":1}`).Validate(), "tests[0].params: at '/last': got number, want string")
}

func TestParametersThatCouldTakeLongAreRefused(t *testing.T) {
	many := "[" + strings.Repeat("0,", 7000) + "0]"
	require.NoError(t, taking(`{"items":{"type":"integer"}}`, many).Validate())
	all := `{"items":{"allOf":[` + strings.Repeat(`{"type":"string"},`, 500) + `{}]}}`
	require.ErrorContains(t, taking(all, many).Validate(), "have 7002 values, too many for a schema of 503 parts")
	require.ErrorContains(t, taking(`{}`, `{"n":[1E-1000000]}`).Validate(), "exponent -1000000")
	err := taking(`{"items":{"type":"string"}}`, many).Validate()
	require.ErrorContains(t, err, "got number, want string")
	require.Less(t, len(err.Error()), 5000)
}
