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

// scripted is a chain of one script that is the JSON which it returns.
func scripted(t *testing.T, s order.Scenario, result string, change func(*command.Step, *command.Command)) *command.Prepared {
	t.Helper()
	c := command.Command{ID: "own", Version: 4, Target: command.TargetOrder, Behaviour: command.BehaviourJS, Source: result}
	own := command.Step{Command: "own", Version: 4}
	if change != nil {
		change(&own, &c)
	}
	p, err := command.Prepare(t.Context(), command.Chain{Scenario: s, Version: 2, Steps: []command.Step{own}}, func(command.Ref) (*command.Command, error) {
		return &c, nil
	}, &commandtest.Box{})
	require.NoError(t, err)
	return p
}

func TestADraftThatABuyerCouldNotHaveSentFails(t *testing.T) {
	address := command.Address{Recipient: "Ada", Line1: "1 High St", City: "London", Country: "GB"}
	for name, c := range map[string]struct {
		scenario order.Scenario
		patch    string
		problem  string
	}{
		"no units":            {order.ScenarioSubmit, `{"op":"set","path":"/lines/1/quantity","value":0}`, "quantity"},
		"an unknown line":     {order.ScenarioSubmit, `{"op":"set","path":"/lines/7/quantity","value":1}`, `no line "7"`},
		"an invalid product":  {order.ScenarioSubmit, `{"op":"add","path":"/lines/-","value":{"productId":"a b","quantity":1}}`, "productId"},
		"a price of its own":  {order.ScenarioSubmit, `{"op":"add","path":"/lines/-","value":{"productId":"a","quantity":1,"unitPrice":1}}`, "unitPrice"},
		"a cause of no gift":  {order.ScenarioSubmit, `{"op":"add","path":"/lines/-","value":{"productId":"a","quantity":1,"cause":"1"}}`, "only gifts"},
		"an unknown cause":    {order.ScenarioSubmit, `{"op":"add","path":"/lines/-","value":{"productId":"a","quantity":1,"gift":true,"cause":"9"}}`, "cause"},
		"no recipient":        {order.ScenarioSubmit, `{"op":"remove","path":"/address/recipient"}`, "recipient"},
		"a field of none":     {order.ScenarioSubmit, `{"op":"set","path":"/address/planet","value":"Earth"}`, "planet"},
		"long metadata":       {order.ScenarioSubmit, `{"op":"set","path":"/metadata/a","value":"` + strings.Repeat("x", 5000) + `"}`, "metadata"},
		"an invalid key":      {order.ScenarioSubmit, `{"op":"set","path":"/metadata/a b","value":"x"}`, "metadata"},
		"an invalid tag":      {order.ScenarioPaid, `{"op":"add","path":"/tags/-","value":"a b"}`, "tag"},
		"a surcharge":         {order.ScenarioPrice, `{"op":"add","path":"/adjustments/-","value":{"amount":5}}`, "negative"},
		"a review of nothing": {order.ScenarioPaid, `{"op":"set","path":"/review","value":" "}`, "reason"},
		"a null":              {order.ScenarioPaid, `{"op":"set","path":"/review","value":null}`, "required"},
		"another scenario's":  {order.ScenarioPaid, `{"op":"set","path":"/lines/1/quantity","value":1}`, "isn't allowed in paid"},
		"a status":            {order.ScenarioPaid, `{"op":"set","path":"/status","value":"delivered"}`, "isn't allowed in paid"},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, c.scenario, `{"patch":[{"op":"add","path":"/tags/-","value":"first"},`+c.patch+`]}`, func(s *command.Step, _ *command.Command) {
				s.OnError = command.OnErrorPark
			})
			d := &command.Draft{View: command.View{ID: "o1", Address: address, Lines: oneLine()}}
			require.NoError(t, p.Run(t.Context(), d, nil))
			require.Contains(t, d.Made.Review.Reason, c.problem)
			require.Empty(t, d.Made.Changes, "a command that fails has changed nothing")
			require.Empty(t, d.Made.Tags)
			require.Equal(t, oneLine(), d.View.Lines)
			require.Equal(t, address, d.View.Address)
		})
	}
}

func TestWhatHappensIfACommandFails(t *testing.T) {
	boom := commandtest.Throw + "boom"
	for name, c := range map[string]struct {
		scenario order.Scenario
		onError  command.OnError
		rejected bool
		review   bool
		notes    int
	}{
		"before the payment":          {order.ScenarioSubmit, "", true, false, 0},
		"rejects":                     {order.ScenarioPrice, command.OnErrorReject, true, false, 0},
		"parks":                       {order.ScenarioSubmit, command.OnErrorPark, false, true, 1},
		"skips":                       {order.ScenarioSubmit, command.OnErrorSkip, false, false, 1},
		"after the payment":           {order.ScenarioPaid, "", false, true, 1},
		"skips, even after a payment": {order.ScenarioNode, command.OnErrorSkip, false, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := scripted(t, c.scenario, boom, func(s *command.Step, _ *command.Command) { s.OnError = c.onError })
			var outcomes []command.Outcome
			d := &command.Draft{View: command.View{ID: "o1", Lines: oneLine()}}
			err := p.Run(t.Context(), d, func(_ command.Ref, o command.Outcome) { outcomes = append(outcomes, o) })
			require.Equal(t, []command.Outcome{command.OutcomeFailed}, outcomes)
			if c.rejected {
				var why *command.Rejection
				require.ErrorAs(t, err, &why)
				require.Equal(t, "line 3, column 4: boom", why.Failure)
				require.Empty(t, why.Reason)
				require.Equal(t, command.Ref{ID: "own", Version: 4}, why.By)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.review, d.Made.Review != nil)
			require.Len(t, d.Made.Notes, c.notes)
			require.Contains(t, d.Made.Notes[0].Text, "boom")
		})
	}
}

func TestAScriptThatIsNotDoneInTimeIsNotAFailure(t *testing.T) {
	for _, onError := range []command.OnError{command.OnErrorSkip, command.OnErrorPark} {
		p := scripted(t, order.ScenarioPaid, commandtest.Slow, func(s *command.Step, _ *command.Command) { s.OnError = onError })
		d := &command.Draft{View: command.View{ID: "o1", Lines: oneLine()}}
		require.ErrorIs(t, p.Run(t.Context(), d, nil), command.ErrUnavailable)
		require.Nil(t, d.Made.Review)
		require.Empty(t, d.Made.Notes)
	}
	_, err := command.Prepare(t.Context(), command.Chain{Scenario: order.ScenarioPaid, Steps: []command.Step{{Command: "own", Version: 1}}},
		func(command.Ref) (*command.Command, error) {
			return &command.Command{ID: "own", Version: 1, Behaviour: command.BehaviourJS, Target: command.TargetOrder}, nil
		}, nil)
	require.ErrorIs(t, err, command.ErrUnavailable, "a process that runs no scripts")
}

func TestARefusalNamesItsStepAndIsNoneAfterThePayment(t *testing.T) {
	d := &command.Draft{View: command.View{ID: "o1", Lines: oneLine()}}
	err := scripted(t, order.ScenarioSubmit, `{"reject":"Sorry."}`, nil).Run(t.Context(), d, nil)
	requireRefused(t, err, "Sorry.")
	require.NoError(t, scripted(t, order.ScenarioPaid, `{"reject":"Sorry."}`, nil).Run(t.Context(), d, nil))
	require.Contains(t, d.Made.Review.Reason, "can't be refused in paid")
}

func TestACommandForLinesRunsForEachWithinItsLimit(t *testing.T) {
	p := scripted(t, order.ScenarioPaid, `{"note":"seen"}`, func(s *command.Step, c *command.Command) {
		c.Target, s.When = command.TargetLine, "line.quantity > 1"
	})
	run := func(lines int) *command.Draft {
		d := &command.Draft{View: command.View{ID: "o1"}}
		for i := range lines {
			d.View.Lines = append(d.View.Lines, command.Line{ID: command.LineID(i), ProductID: "mug", Quantity: int64(1 + i%2)})
		}
		require.NoError(t, p.Run(t.Context(), d, nil))
		require.Zero(t, d.View.Line)
		return d
	}
	require.Len(t, run(4).Made.Notes, 2)
	require.Nil(t, run(command.MaxTargetLines).Made.Review)
	require.Contains(t, run(command.MaxTargetLines+1).Made.Review.Reason, "more than 100 lines")
}

func TestACommandThatFailsForOneLineHasDoneNothingForTheOthers(t *testing.T) {
	for onError, review := range map[command.OnError]bool{command.OnErrorSkip: false, command.OnErrorPark: true} {
		p := scripted(t, order.ScenarioPaid, `{"note":"seen","patch":[{"op":"add","path":"/tags/-","value":"seen"}]}`, func(s *command.Step, c *command.Command) {
			c.Target, s.OnError = command.TargetLine, onError
			s.When = "lines[int(line.id)].quantity > 0" // there is no line behind the last
		})
		d := &command.Draft{View: command.View{ID: "o1", Tags: []string{"vip"}, Lines: []command.Line{{ID: "1", Quantity: 1}, {ID: "2", Quantity: 1}}}}
		var outcomes []command.Outcome
		require.NoError(t, p.Run(t.Context(), d, func(_ command.Ref, o command.Outcome) { outcomes = append(outcomes, o) }))
		require.Equal(t, []command.Outcome{command.OutcomeDone, command.OutcomeFailed}, outcomes)
		require.Equal(t, []string{"vip"}, d.Made.Tags)
		require.Empty(t, d.Made.Changed)
		require.Equal(t, review, d.Made.Review != nil)
		require.Len(t, d.Made.Notes, 1)
		require.Contains(t, d.Made.Notes[0].Text, "failed")
	}
}

func TestConditionsSeeTheViewAndFailLikeTheirCommands(t *testing.T) {
	view := command.View{
		ID: "o1", Total: 5000, Guest: true, Level: 2, Currency: "EUR", Address: command.Address{Country: "GB"}, Tags: []string{"vip"},
		Metadata: map[string]string{"channel": "kiosk"}, Event: command.Event{Node: "delivered", PackageID: "p"},
		Lines: []command.Line{{ID: "1", ProductID: "mug", Category: "kitchen", Quantity: 3, UnitPrice: 100}, {ID: "2", ProductID: "cup", Quantity: 1}},
	}
	for when, met := range map[string]bool{
		"":                                          true,
		`total >= 5000 and guest`:                   true,
		`total > 5000`:                              false,
		`address.country in ["GB", "IE"]`:           true,
		`any(lines, .category == "kitchen")`:        true,
		`sum(lines, .quantity * .unitPrice)>300`:    false,
		`"vip" in tags`:                             true,
		`metadata.channel == "kiosk"`:               true,
		`metadata["none"] == ""`:                    true,
		`event.node == "delivered"`:                 true,
		`scenario == "paid"`:                        true,
		`len(filter(lines, .quantity > 1)) == 1`:    true,
		`hasPrefix(lower(lines[0].productId), "m")`: true,
	} {
		p := scripted(t, order.ScenarioPaid, `{"note":"met"}`, func(s *command.Step, _ *command.Command) { s.When = when })
		d := &command.Draft{View: view}
		require.NoError(t, p.Run(t.Context(), d, nil), when)
		require.Equal(t, met, len(d.Made.Notes) == 1, when)
		require.Nil(t, d.Made.Review, when)
	}
	p := scripted(t, order.ScenarioPaid, `{"note":"met"}`, func(s *command.Step, _ *command.Command) { s.When = `lines[7].gift` })
	d := &command.Draft{View: view}
	require.NoError(t, p.Run(t.Context(), d, nil))
	require.Contains(t, d.Made.Review.Reason, "the command failed: when: ")
}

// asked records what a script is given.
type asked struct{ view, params string }

func (a *asked) Compile(context.Context, string) (command.Program, error) { return a, nil }

func (a *asked) Run(_ context.Context, view, params json.RawMessage) (json.RawMessage, error) {
	a.view, a.params = string(view), string(params)
	return json.RawMessage("null"), nil
}

func TestAScriptSeesTheFieldsThatItDeclares(t *testing.T) {
	a := &asked{}
	c := command.Command{
		ID: "own", Version: 1, Target: command.TargetOrder, Behaviour: command.BehaviourJS, Source: "x",
		Inputs: []string{"address.country", "lines", "tags"}, Params: json.RawMessage(`{"type":"object"}`),
	}
	p, err := command.Prepare(t.Context(), command.Chain{Scenario: order.ScenarioPaid, Version: 1, Steps: []command.Step{{
		Command: "own", Version: 1, Params: json.RawMessage(`{"n":1}`),
	}}}, func(command.Ref) (*command.Command, error) { return &c, nil }, a)
	require.NoError(t, err)
	require.NoError(t, p.Run(t.Context(), &command.Draft{View: command.View{
		ID: "o1", Time: "2026-03-01T12:00:00Z", CustomerID: "ada", Address: command.Address{Country: "GB", Phone: "1"}, Lines: oneLine(),
	}}, nil))
	require.JSONEq(t, `{"n":1}`, a.params)
	var seen map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.view), &seen))
	require.NotZero(t, seen["seed"])
	delete(seen, "seed")
	text, err := json.Marshal(seen)
	require.NoError(t, err)
	require.JSONEq(t, `{"scenario":"paid","time":"2026-03-01T12:00:00Z","address":{"country":"GB"},"tags":[],"lines":[
		{"id":"1","productId":"mug","sku":"","title":"","category":"","tags":[],"quantity":1,"unitPrice":0,"total":0,"gift":false}]}`, string(text))
}

func TestACommandThatIsWrongNamesItsFields(t *testing.T) {
	c := command.Command{
		ID: "a b", Behaviour: "go", Target: "shop", Description: strings.Repeat("x", 501), Source: " ", Inputs: []string{"lines", "address.planet"},
		Params: json.RawMessage(`{"$ref":"https://example.com/x.json"}`),
		Tests: []command.Test{
			{Expect: command.Result{Patch: []command.Op{{Op: command.OpSet, Path: "/total"}}}},
			{Name: "b", View: json.RawMessage(`{"scenario":"sold"}`)},
		},
	}
	err := c.Validate()
	for _, path := range []string{
		"id", "description", "target", "behaviour", "source", "inputs[1]", "params", "tests[0].name", "tests[0].expect.patch[0].path", "tests[1].view.scenario",
	} {
		require.ErrorContains(t, err, path+": ")
	}
	c = command.Command{ID: "own", Behaviour: command.BehaviourJS, Target: command.TargetOrder, Source: strings.Repeat("x", command.MaxSourceBytes+1)}
	require.ErrorContains(t, c.Validate(), "source: has 65537 bytes")
	c.Source = "x"
	for i := range command.MaxTests + 1 {
		c.Tests = append(c.Tests, command.Test{Name: fmt.Sprint(i)})
	}
	require.ErrorContains(t, c.Validate(), "tests: must have at most 50")
	c.Tests = c.Tests[:command.MaxTests]
	require.NoError(t, c.Validate())
	for i := range c.Tests {
		c.Tests[i].Params = json.RawMessage(`{}`)
		c.Tests[i].Expect.Note = strings.Repeat("x", 6000)
	}
	require.ErrorContains(t, c.Validate(), "the command has")
}

func TestFailuresOfScriptsNameTestLineAndColumn(t *testing.T) {
	own := commandtest.Tagging("own", "a")
	own.Version, own.Source = 3, commandtest.Throw+"no"
	p, err := own.Compile(t.Context(), &commandtest.Box{})
	require.NoError(t, err)
	tested, err := own.RunTests(t.Context(), p)
	require.NoError(t, err)
	require.Equal(t, `command own, version 3, test "it tags", line 3, column 4: no`, tested[0].Failure.String())
	own.Source = commandtest.Slow
	p, err = own.Compile(t.Context(), &commandtest.Box{})
	require.NoError(t, err)
	_, err = own.RunTests(t.Context(), p)
	require.ErrorIs(t, err, command.ErrUnavailable)
	own.Source = commandtest.NotJavaScript
	_, err = own.Compile(t.Context(), &commandtest.Box{})
	broken, ok := errors.AsType[*command.BrokenError](err)
	require.True(t, ok)
	require.Equal(t, "command own, version 3, line 1, column 2: unexpected end", broken.Failures[0].String())
}
