package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"holdfast/order"
)

// ScriptError is why a script doesn't compile, or what a run of it ended with. Line and Column
// count from 1; 0 is unknown.
type ScriptError struct {
	Line, Column int
	Message      string
}

func (e *ScriptError) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Failure is why a script can't be published.
type Failure struct {
	Command string `json:"command"`
	Version int64  `json:"version,omitempty"`
	// Test is the name of the test that failed; empty if the script doesn't compile.
	Test    string `json:"test,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

func (f *Failure) String() string {
	var b strings.Builder
	b.WriteString("command " + f.Command)
	if f.Version > 0 {
		fmt.Fprintf(&b, ", version %d", f.Version)
	}
	if f.Test != "" {
		fmt.Fprintf(&b, ", test %q", f.Test)
	}
	if f.Line > 0 {
		fmt.Fprintf(&b, ", line %d, column %d", f.Line, f.Column)
	}
	return b.String() + ": " + f.Message
}

// BrokenError lists what is wrong with scripts.
type BrokenError struct{ Failures []Failure }

func (e *BrokenError) Error() string {
	all := make([]string, len(e.Failures))
	for i := range e.Failures {
		all[i] = e.Failures[i].String()
	}
	return strings.Join(all, "; ")
}

// failure is an error of the command's script. test is empty if it doesn't compile.
func (c *Command) failure(test string, err error) Failure {
	f := Failure{Command: c.ID, Version: c.Version, Test: test, Message: clip(err.Error())}
	if at, ok := errors.AsType[*ScriptError](err); ok {
		f.Line, f.Column, f.Message = at.Line, at.Column, clip(at.Message)
	}
	return f
}

// Compile compiles the command's script. Its error is a *BrokenError, or wraps ErrUnavailable.
func (c *Command) Compile(ctx context.Context, box Box) (Program, error) {
	if box == nil {
		return nil, fmt.Errorf("%w: this process runs none", ErrUnavailable)
	}
	p, err := box.Compile(ctx, c.Source)
	if err != nil && !errors.Is(err, ErrUnavailable) {
		return nil, &BrokenError{[]Failure{c.failure("", err)}}
	}
	return p, err
}

// Tested is what a test of a command ended with.
type Tested struct {
	Name   string  `json:"name"`
	Passed bool    `json:"passed"`
	Got    *Result `json:"got,omitempty"`
	// Failure is why there is no result, or in what it differs.
	Failure *Failure `json:"failure,omitempty"`
}

// RunTests runs the command's tests. Its error wraps ErrUnavailable.
func (c *Command) RunTests(ctx context.Context, p Program) ([]Tested, error) {
	all := make([]Tested, len(c.Tests))
	for i := range c.Tests {
		var err error
		if all[i], err = c.runTest(ctx, p, &c.Tests[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (c *Command) runTest(ctx context.Context, p Program, t *Test) (Tested, error) {
	failed := func(err error) Tested {
		f := c.failure(t.Name, err)
		return Tested{Name: t.Name, Failure: &f}
	}
	view, err := ReadView(t.View)
	if err != nil {
		return failed(err), nil
	}
	params := t.Params
	if len(params) == 0 {
		params = json.RawMessage("{}")
	}
	got, err := runScript(ctx, p, c.Inputs, &view, params)
	if errors.Is(err, ErrUnavailable) {
		return Tested{}, err
	}
	if err != nil {
		return failed(err), nil
	}
	same, err := alike(got, t.Expect)
	if err != nil {
		return failed(err), nil
	}
	if !same {
		r := failed(errors.New(difference(got, t.Expect)))
		r.Got = &got
		return r, nil
	}
	return Tested{Name: t.Name, Passed: true, Got: &got}, nil
}

// alike reports whether two results are the same JSON.
func alike(a, b Result) (bool, error) {
	var docs [2]any
	for i, r := range []Result{a, b} {
		text, err := json.Marshal(r)
		if err == nil {
			err = json.Unmarshal(text, &docs[i])
		}
		if err != nil {
			return false, fmt.Errorf("compare the results: %w", err)
		}
	}
	return reflect.DeepEqual(docs[0], docs[1]), nil
}

func difference(got, want Result) string {
	g, gErr := json.Marshal(got)
	w, wErr := json.Marshal(want)
	if err := errors.Join(gErr, wErr); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("execute returned %s instead of %s", shortened(g), shortened(w))
}

// shortened is the beginning of a result, of which a message shows two.
func shortened(doc []byte) string { return order.CutText(string(doc), order.MaxChangeBytes) }

// Tester runs a command's tests, as RunTests does, or returns nothing if they are known to pass.
type Tester func(ctx context.Context, c *Command, p Program) ([]Tested, error)

// Check prepares a chain as Prepare does, and runs the tests of its scripts. Its error is a
// product.Invalid, a *BrokenError, or wraps ErrUnavailable.
func Check(ctx context.Context, c Chain, find func(Ref) (*Command, error), box Box, test Tester) (*Prepared, error) {
	p, err := prepare(c, find, false)
	if err != nil {
		return nil, err
	}
	var broken BrokenError
	checked := map[Ref]Program{}
	for i := range p.steps {
		s := &p.steps[i]
		if s.command.Behaviour != BehaviourJS {
			continue
		}
		var done bool
		if s.program, done = checked[s.ref()]; done {
			continue
		}
		var failures []Failure
		if s.program, failures, err = s.command.check(ctx, box, test); err != nil {
			return nil, err
		}
		checked[s.ref()] = s.program
		broken.Failures = append(broken.Failures, failures...)
	}
	if len(broken.Failures) > 0 {
		return nil, &broken
	}
	return p, nil
}

// check compiles the command's script and runs its tests.
func (c *Command) check(ctx context.Context, box Box, test Tester) (Program, []Failure, error) {
	p, err := c.Compile(ctx, box)
	if broken, ok := errors.AsType[*BrokenError](err); ok {
		return nil, broken.Failures, nil
	}
	if err != nil {
		return nil, nil, err
	}
	all, err := test(ctx, c, p)
	if err != nil {
		return nil, nil, err
	}
	var failures []Failure
	for _, t := range all {
		if t.Failure != nil {
			failures = append(failures, *t.Failure)
		}
	}
	return p, failures, nil
}
