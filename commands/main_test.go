package commands_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"holdfast/command"
	"holdfast/command/commandtest"
	"holdfast/commands"
	"holdfast/order"
	"holdfast/redisdb/redistest"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func tagging(id, tag string) command.Command { return commandtest.Tagging(id, tag) }

func store(t *testing.T, rdb redis.UniversalClient) (*commands.Store, *commandtest.Box) {
	t.Helper()
	b := &commandtest.Box{}
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
