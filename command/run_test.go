package command_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/command"
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
