// Package commandtest is for tests of code that runs commands.
package commandtest

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"

	"holdfast/command"
)

// Box runs scripts that are the JSON which they return, without a sandbox. Some scripts mean
// something else: NotJavaScript, Away, and Throw.
type Box struct {
	Compiled, Run atomic.Int64
	// Held is what each run waits for to be closed; nil means that none waits.
	Held chan struct{}
}

// What is special about a script.
const (
	// NotJavaScript can't be compiled.
	NotJavaScript = "("
	// Away isn't compiled in time.
	Away = "away"
	// Slow isn't done in time.
	Slow = "slow"
	// Throw is what scripts begin with that throw the rest of their text.
	Throw = "throw "
)

type program struct {
	of     *Box
	source string
}

// Compile implements command.Box.
func (b *Box) Compile(_ context.Context, source string) (command.Program, error) {
	b.Compiled.Add(1)
	switch source {
	case NotJavaScript:
		return nil, &command.ScriptError{Line: 1, Column: 2, Message: "unexpected end"}
	case Away:
		return nil, command.ErrUnavailable
	}
	return &program{b, source}, nil
}

// Run implements command.Program.
func (p *program) Run(context.Context, json.RawMessage, json.RawMessage) (json.RawMessage, error) {
	p.of.Run.Add(1)
	if p.of.Held != nil {
		<-p.of.Held
	}
	if p.source == Slow {
		return nil, command.ErrUnavailable
	}
	if text, thrown := strings.CutPrefix(p.source, Throw); thrown {
		return nil, &command.ScriptError{Line: 3, Column: 4, Message: text}
	}
	return json.RawMessage(p.source), nil
}

// Tagging is a command that adds a tag, with a test of it.
func Tagging(id, tag string) command.Command {
	op := command.Op{Op: command.OpAdd, Path: "/tags/-", Value: json.RawMessage(`"` + tag + `"`)}
	return command.Command{
		ID: id, Description: "Adds " + tag, Target: command.TargetOrder, Behaviour: command.BehaviourJS,
		Source: `{"patch":[{"op":"add","path":"/tags/-","value":"` + tag + `"}]}`,
		Tests:  []command.Test{{Name: "it tags", Expect: command.Result{Patch: []command.Op{op}}}},
	}
}
