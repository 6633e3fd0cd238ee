package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/command"
	"holdfast/command/commandtest"
	"holdfast/order"
)

func builtin(r command.Ref) (*command.Command, error) {
	if c, ok := command.Builtin(r); ok {
		return c, nil
	}
	return nil, command.ErrNotFound
}

func chain(s order.Scenario, steps ...command.Step) command.Chain {
	for i := range steps {
		if steps[i].Version == 0 {
			steps[i].Version = 1
		}
	}
	return command.Chain{Scenario: s, Version: 3, Steps: steps}
}

func step(id, params string) command.Step {
	return command.Step{Command: id, Params: json.RawMessage(params)}
}

func TestBuiltInCommandsChangeADraftAndRecordEachField(t *testing.T) {
	tagged := step("tag", `{"tag":"bulk"}`)
	tagged.When = `sum(lines, .quantity) > 5 and address.country == "GB"`
	p, err := command.Prepare(context.Background(), chain(order.ScenarioSubmit,
		step("complete-phone", ""), step("normalize-address", ""), tagged,
		step("gift", `{"productId":"sticker","forProduct":"mug"}`), step("limit-quantity", `{"max":8,"reduce":true}`),
	), builtin, nil)
	require.NoError(t, err)
	d := &command.Draft{View: command.View{
		ID: "o1", Address: command.Address{Recipient: "A  B", Phone: "020 7946 0000", Line1: "1 High St", City: "London", Country: "GB"},
		Lines: []command.Line{{ID: "1", ProductID: "mug", Quantity: 9}},
	}}
	require.NoError(t, p.Run(context.Background(), d, nil))
	require.Equal(t, "+442079460000", d.View.Address.Phone)
	require.Equal(t, "A B", d.View.Address.Recipient)
	require.Equal(t, []string{"bulk"}, d.Made.Tags)
	require.Len(t, d.View.Lines, 2)
	require.EqualValues(t, 8, d.View.Lines[0].Quantity)
	require.Equal(t, []order.Gift{{Line: 1, Cause: "1", Command: "gift", Version: 1}}, d.Made.Gifts)
	require.Equal(t, 5, d.Made.Changed)
	require.Equal(t, order.FieldChange{
		Scenario: order.ScenarioSubmit, Command: "complete-phone", Version: 1, Path: "/address/phone",
		Before: `"020 7946 0000"`, After: `"+442079460000"`,
	}, d.Made.Changes[0])
	require.Equal(t, map[order.Scenario]int64{order.ScenarioSubmit: 3}, d.Made.Chains)
}

func TestConditionsThatCouldTakeLongAreRefused(t *testing.T) {
	for when, problem := range map[string]string{
		`total >`:                      "line 1, column",
		`total`:                        "bool",
		`totl > 1`:                     "unknown name totl",
		`now().Year() > 1`:             "unknown name now",
		`len(1..100000) > 1`:           "ranges",
		`all(lines, all(lines, true))`: "predicate",
	} {
		s := step("tag", `{"tag":"x"}`)
		s.When = when
		_, err := command.Prepare(context.Background(), chain(order.ScenarioSubmit, s), builtin, nil)
		require.ErrorContains(t, err, problem, when)
	}
}

// A chain was published by a program that could compile its script; this one can't.
func TestAPublishedScriptThatNoLongerCompilesFailsAsItsStepSays(t *testing.T) {
	own := commandtest.Tagging("own", "a")
	own.Version, own.Source = 1, commandtest.NotJavaScript
	find := func(r command.Ref) (*command.Command, error) {
		if r.ID == "own" {
			return &own, nil
		}
		return builtin(r)
	}
	for onError, want := range map[command.OnError]string{
		command.OnErrorSkip: "failed and was skipped: ", command.OnErrorPark: "failed: ", command.OnErrorReject: "",
	} {
		s := step("own", "")
		s.OnError = onError
		c := chain(order.ScenarioSubmit, s, step("tag", `{"tag":"after"}`))
		_, err := command.Prepare(t.Context(), c, find, &commandtest.Box{})
		require.ErrorContains(t, err, "unexpected end")
		p, err := command.PreparePublished(t.Context(), c, find, &commandtest.Box{})
		require.NoError(t, err)
		d := &command.Draft{View: command.View{ID: "o1"}}
		err = p.Run(t.Context(), d, nil)
		if onError == command.OnErrorReject {
			rejected, ok := errors.AsType[*command.Rejection](err)
			require.True(t, ok)
			require.Contains(t, rejected.Failure, "unexpected end")
			continue
		}
		require.NoError(t, err)
		require.Contains(t, d.Made.Tags, "after", "the rest of the chain ran")
		require.Contains(t, d.Made.Notes[0].Text, want)
		require.Contains(t, d.Made.Notes[0].Text, "unexpected end")
	}
	own.Source = commandtest.Away
	_, err := command.PreparePublished(t.Context(), chain(order.ScenarioSubmit, step("own", "")), find, &commandtest.Box{})
	require.ErrorIs(t, err, command.ErrUnavailable)
}
