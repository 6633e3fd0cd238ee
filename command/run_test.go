package command_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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
		// Each of these repeats something so often that no machine could hold it.
		doubling("[a, a]", "[%s, %[1]s]", "%s == %[1]s"):                                        "too large",
		doubling("customerId", "%s + %[1]s", "len(%s) > 0"):                                     "too large",
		"len(" + strings.Repeat("map(", 12) + "lines" + strings.Repeat(", [#, #])", 12) + ")>0": "too large",
		`len(reduce(lines, #acc + #acc, "x")) > 0`:                                              "reduce isn't available",
		// These grow with the square of the lines.
		`all(lines, len(string(lines)) > 0)`:                     "lines can't be used as a whole",
		`all(lines, len(string(lines[0:9])) > 0)`:                "lines can't be used as a whole",
		`all(lines, len(string($env.lines)) > 0)`:                "$env can't be used as a whole",
		`let l = filter(lines, true); all(lines, string(l)!="")`: "l can't be used as a whole",
	} {
		s := step("tag", `{"tag":"x"}`)
		s.When = when
		_, err := command.Prepare(context.Background(), chain(order.ScenarioSubmit, s), builtin, nil)
		require.ErrorContains(t, err, problem, when)
	}
}

// doubling is a condition whose variables are twice as large as the one before.
func doubling(first, next, end string) string {
	text, last := "let a = "+strings.ReplaceAll(first, "a, a", "1")+"; ", "a"
	for i := range 30 {
		name := fmt.Sprintf("b%d", i)
		text, last = text+"let "+name+" = "+fmt.Sprintf(next, last)+"; ", name
	}
	return text + fmt.Sprintf(end, last)
}

func TestOrdinaryConditionsWithVariablesAreNoneThatCouldTakeLong(t *testing.T) {
	for _, when := range []string{
		`let most = max(map(lines, .total)); any(lines, .total == most and .quantity > 1)`,
		`let n = len(lines); all(lines, .quantity <= n)`,
		`let dear = filter(lines, .unitPrice > 1000); len(dear) > 2 and sum(dear, .total) > 5000`,
		`any(lines, .sku == lines[0].sku or .sku == first(lines).sku or len(lines) > 3)`,
		`let domain = lower(address.email); hasSuffix(domain, "@example.com") or hasSuffix(domain, "@example.org")`,
		`count(filter(lines, .category == "toys" and .quantity > 2), .total > 100) > 1`,
		`string($env.total) == "5"`,
	} {
		s := step("tag", `{"tag":"x"}`)
		s.When = when
		_, err := command.Prepare(t.Context(), chain(order.ScenarioSubmit, s), builtin, nil)
		require.NoError(t, err, when)
	}
}

// What a later version refuses was published by an earlier one: orders are not refused for it.
func TestAPublishedChainRunsAlthoughItsConditionWouldBeRefusedNow(t *testing.T) {
	s := step("tag", `{"tag":"x"}`)
	s.When = `reduce(lines, #acc + .quantity, 0) == 1`
	c := chain(order.ScenarioSubmit, s)
	require.Error(t, c.Validate(builtin))
	p, err := command.PreparePublished(t.Context(), c, builtin, nil)
	require.NoError(t, err)
	d := &command.Draft{View: command.View{CustomerID: "ada", Lines: oneLine()}}
	require.NoError(t, p.Run(t.Context(), d, nil))
	require.Equal(t, []string{"x"}, d.Made.Tags)
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
