package commands_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/command"
	"holdfast/commands"
	"holdfast/order"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

// box runs scripts that are the JSON which they return. "(" alone isn't JavaScript, "wait" isn't done
// in time.
type box struct{ compiled, run atomic.Int64 }

type program struct {
	of     *box
	source string
}

func (b *box) Compile(_ context.Context, source string) (command.Program, error) {
	b.compiled.Add(1)
	switch source {
	case "(":
		return nil, &command.ScriptError{Line: 1, Column: 2, Message: "unexpected end"}
	case "wait":
		return nil, command.ErrUnavailable
	}
	return &program{b, source}, nil
}

func (p *program) Run(context.Context, json.RawMessage, json.RawMessage) (json.RawMessage, error) {
	p.of.run.Add(1)
	if text, thrown := strings.CutPrefix(p.source, "throw "); thrown {
		return nil, &command.ScriptError{Line: 3, Column: 4, Message: text}
	}
	return json.RawMessage(p.source), nil
}

// tagging is a command that adds a tag, with a test of it.
func tagging(id, tag string) command.Command {
	op := command.Op{Op: command.OpAdd, Path: "/tags/-", Value: json.RawMessage(`"` + tag + `"`)}
	source, _ := json.Marshal(command.Result{Patch: []command.Op{op}})
	return command.Command{
		ID: id, Description: "Adds " + tag, Target: command.TargetOrder, Behaviour: command.BehaviourJS, Source: string(source),
		Tests: []command.Test{{Name: "it tags", Expect: command.Result{Patch: []command.Op{op}}}},
	}
}

func store(t *testing.T, rdb redis.UniversalClient) (*commands.Store, *box) {
	t.Helper()
	b := &box{}
	return commands.New(rdb, b), b
}

func mustPut(t *testing.T, s *commands.Store, c command.Command) command.Command {
	t.Helper()
	stored, isNew, err := s.Put(t.Context(), c, "", "ada of sales")
	require.NoError(t, err)
	require.True(t, isNew)
	return stored
}

func steps(ids ...string) []command.Step {
	var all []command.Step
	for _, id := range ids {
		all = append(all, command.Step{Command: id, Version: 1})
	}
	return all
}

// publish saves steps as the draft and publishes it.
func publish(t *testing.T, s *commands.Store, scenario order.Scenario, steps []command.Step) command.Chain {
	t.Helper()
	_, err := s.PutDraft(t.Context(), scenario, steps, "", "ada of sales")
	require.NoError(t, err)
	c, isNew, err := s.Publish(t.Context(), scenario, "", "ada of sales")
	require.NoError(t, err)
	require.True(t, isNew)
	return c
}
