package commands_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/command"
	"holdfast/commands"
	"holdfast/script"
)

func TestAScriptsOwnFailuresAreToldFromTheMachines(t *testing.T) {
	b := commands.NewBox(script.Options{Limits: script.Limits{Deadline: time.Minute}})
	compile := func(source string) error {
		_, err := b.Compile(t.Context(), source)
		return err
	}
	var of *command.ScriptError
	require.ErrorAs(t, compile("export function execute(view, params) {\n  return {\n}\n"), &of)
	require.Positive(t, of.Line)
	require.Positive(t, of.Column)
	require.ErrorAs(t, compile("const execute = 1"), &of)
	require.ErrorAs(t, compile("throw new Error('at once')"), &of)

	run := func(ctx context.Context, body string) (json.RawMessage, error) {
		p, err := b.Compile(ctx, "export function execute(view, params) {\n"+body+"\n}")
		require.NoError(t, err)
		return p.Run(ctx, json.RawMessage(`{"total":7}`), json.RawMessage(`{"n":2}`))
	}
	out, err := run(t.Context(), "return {note: String(view.total * params.n)}")
	require.NoError(t, err)
	require.JSONEq(t, `{"note":"14"}`, string(out))
	_, err = run(t.Context(), "\n  throw new Error('no')")
	require.ErrorAs(t, err, &of)
	require.Equal(t, 3, of.Line)
	require.Contains(t, of.Message, "no")
	for _, body := range []string{"for (;;);", "const a = []; for (;;) a.push('x'.repeat(100000))", "return {n: 1n}"} {
		_, err = run(t.Context(), body)
		require.ErrorAs(t, err, &of, body)
		require.NotErrorIs(t, err, command.ErrUnavailable, body)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = run(ended, "for (;;);")
	require.ErrorIs(t, err, command.ErrUnavailable)
}

func TestAMissedDeadlineIsNotTheScriptsFailure(t *testing.T) {
	b := commands.NewBox(script.Options{Limits: script.Limits{Steps: 1 << 40, Deadline: 50 * time.Millisecond}})
	p, err := b.Compile(t.Context(), "export function execute() { for (;;); }")
	require.NoError(t, err)
	_, err = p.Run(t.Context(), json.RawMessage("{}"), json.RawMessage("{}"))
	require.ErrorIs(t, err, command.ErrUnavailable)
	require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's own time isn't over")
}
