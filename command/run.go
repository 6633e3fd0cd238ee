package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"holdfast/order"
	"holdfast/product"
)

// Program is a script that was compiled.
type Program interface {
	// Run returns what the script's execute returned, as JSON. ErrUnavailable is wrapped by
	// errors that say nothing about the script.
	Run(ctx context.Context, view, params json.RawMessage) (json.RawMessage, error)
}

// Box compiles scripts.
type Box interface {
	Compile(ctx context.Context, source string) (Program, error)
}

// ErrUnavailable means that it isn't known what a script would return: there was no room to run it,
// or no time. It never counts as a failure of the script.
var ErrUnavailable = errors.New("scripts can't be run at the moment")

// Rejection is why a chain refuses an order.
type Rejection struct { //nolint:errname // command.Rejection reads well, like price.Refusal
	By Ref
	// Step of the chain, from 0.
	Step int
	// Reason is what the command says to the buyer; empty if it failed.
	Reason string
	// Failure is why the command failed, for staff.
	Failure string
}

func (r *Rejection) Error() string {
	if r.Failure != "" {
		return fmt.Sprintf("command %s, version %d, failed: %s", r.By.ID, r.By.Version, r.Failure)
	}
	return fmt.Sprintf("command %s, version %d, refuses the order: %s", r.By.ID, r.By.Version, r.Reason)
}

// Outcome is what became of one run of a command.
type Outcome string

// The outcomes.
const (
	OutcomeDone     Outcome = "done"
	OutcomeRejected Outcome = "rejected"
	OutcomeFailed   Outcome = "failed"
)

// Prepared is a published chain whose conditions and scripts are compiled.
type Prepared struct {
	Chain Chain
	steps []preparedStep
}

type preparedStep struct {
	Step
	command *Command
	when    *condition
	params  json.RawMessage
	builtin builtin
	program Program
}

// Prepare compiles a chain. Its error is a product.Invalid or a *BrokenError, or wraps
// ErrUnavailable.
func Prepare(ctx context.Context, c Chain, find func(Ref) (*Command, error), box Box) (*Prepared, error) {
	p, err := prepare(c, find, false)
	if err != nil {
		return nil, err
	}
	for i := range p.steps {
		if err := p.steps[i].compile(ctx, box); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// PreparePublished compiles a chain that was published, perhaps by another version of this program. A step
// whose script this one can't compile fails whenever it runs, so that its OnError says what happens to
// orders. Its error is a product.Invalid, or wraps ErrUnavailable.
func PreparePublished(ctx context.Context, c Chain, find func(Ref) (*Command, error), box Box) (*Prepared, error) {
	p, err := prepare(c, find, true)
	if err != nil {
		return nil, err
	}
	for i := range p.steps {
		s := &p.steps[i]
		err := s.compile(ctx, box)
		if broken, ok := errors.AsType[*BrokenError](err); ok {
			s.program = brokenProgram{broken}
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (s *preparedStep) compile(ctx context.Context, box Box) (err error) {
	if s.command.Behaviour == BehaviourJS {
		s.program, err = s.command.Compile(ctx, box)
	}
	return err
}

// brokenProgram is a script that doesn't compile.
type brokenProgram struct{ why *BrokenError }

// Run implements Program.
func (b brokenProgram) Run(context.Context, json.RawMessage, json.RawMessage) (json.RawMessage, error) {
	return nil, b.why
}

// prepare compiles a chain, but not its scripts. Of a published one, whose parameters and conditions were
// checked then, it doesn't ask what later versions of this program refuse: orders would be refused for it.
func prepare(c Chain, find func(Ref) (*Command, error), published bool) (*Prepared, error) {
	var bad product.Invalid
	if !KnownScenario(c.Scenario) {
		bad.Add("scenario", fmt.Sprintf("must be one of %v", Scenarios()))
	}
	if len(c.Steps) > MaxSteps {
		bad.Add("steps", fmt.Sprintf("must have at most %d", MaxSteps))
		return nil, bad
	}
	p := &Prepared{Chain: c, steps: make([]preparedStep, len(c.Steps))}
	for i, s := range c.Steps {
		s.check(&bad, i, c.Scenario)
		at := "steps[" + strconv.Itoa(i) + "]."
		command, err := find(Ref{s.Command, s.Version})
		if errors.Is(err, ErrNotFound) {
			bad.Add(at+"command", fmt.Sprintf("there is no command %q with version %d", s.Command, s.Version))
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read command %s: %w", s.Command, err)
		}
		if !published {
			if err := command.checkParams(s.Params); err != nil {
				bad.Add(at+"params", err.Error())
			}
		}
		when, err := parseWhen(s.When, published)
		if err != nil {
			bad.Add(at+"when", err.Error())
		}
		params := s.Params
		if len(params) == 0 {
			params = json.RawMessage("{}")
		}
		p.steps[i] = preparedStep{Step: s, command: command, when: when, params: params}
		if command.Behaviour == BehaviourGo {
			p.steps[i].builtin = builtins[command.ID]
			if !p.steps[i].builtin.in(c.Scenario) {
				bad.Add(at+"command", fmt.Sprintf("%s can't run in %s", s.Command, c.Scenario))
			}
		}
	}
	return p, bad.OrNil()
}

// Empty reports whether nothing would run. p may be nil.
func (p *Prepared) Empty() bool { return p == nil || len(p.steps) == 0 }

// Without returns the chain without one of its steps, from 0.
func (p *Prepared) Without(step int) *Prepared {
	return &Prepared{Chain: p.Chain, steps: slices.Concat(p.steps[:step], p.steps[step+1:])}
}

// Run runs the chain on a draft and changes it. An error is a *Rejection, or wraps ErrUnavailable;
// then the draft is as it was before the command. ran is told of each run; it may be nil.
func (p *Prepared) Run(ctx context.Context, d *Draft, ran func(Ref, Outcome)) error {
	d.View.Scenario = string(p.Chain.Scenario)
	d.View.Seed = seed(d.View, p.Chain)
	if d.Made.Chains == nil {
		d.Made.Chains = map[order.Scenario]int64{}
	}
	d.Made.Chains[p.Chain.Scenario] = p.Chain.Version
	for i := range p.steps {
		if err := p.runStep(ctx, d, i, ran); err != nil {
			return err
		}
	}
	d.View.Line = Line{}
	d.Made.Tags = d.View.Tags
	return nil
}

func (p *Prepared) runStep(ctx context.Context, d *Draft, i int, ran func(Ref, Outcome)) error {
	s := &p.steps[i]
	lines := []string{""}
	if s.command.Target == TargetLine {
		lines = lines[:0]
		for _, l := range d.View.Lines {
			lines = append(lines, l.ID)
		}
		if len(lines) > MaxTargetLines {
			return p.failed(d, i, fmt.Errorf("the order has more than %d lines, for each of which it would run", MaxTargetLines), ran)
		}
	}
	// A command fails as a whole: what it did for earlier lines doesn't stay. No step changes what begun
	// shares with the draft, because each works on a clone.
	begun := *d
	for _, id := range lines {
		d.View.Line = Line{}
		if l := d.View.line(id); l != nil {
			d.View.Line = *l
		}
		done, err := s.run(ctx, d)
		if err != nil {
			*d = begun
		}
		if errors.Is(err, ErrUnavailable) {
			return err
		}
		if rejected, ok := errors.AsType[*Rejection](err); ok {
			note(ran, s, OutcomeRejected)
			rejected.Step = i
			return rejected
		}
		if err != nil {
			return p.failed(d, i, err, ran)
		}
		if done != nil {
			note(ran, s, OutcomeDone)
			*d = *done
		}
	}
	return nil
}

func note(ran func(Ref, Outcome), s *preparedStep, o Outcome) {
	if ran != nil {
		ran(s.ref(), o)
	}
}

func (s *preparedStep) ref() Ref { return Ref{s.Command, s.Version} }

// failed does what the step's OnError says about a failure.
func (p *Prepared) failed(d *Draft, i int, err error, ran func(Ref, Outcome)) error {
	s := &p.steps[i]
	note(ran, s, OutcomeFailed)
	failure := clip(err.Error())
	switch s.onError(p.Chain.Scenario) {
	case OnErrorReject:
		return &Rejection{By: s.ref(), Step: i, Failure: failure}
	case OnErrorPark:
		if _, _, err := d.review(s.ref(), order.ReviewFailed+failure); err != nil {
			return err
		}
		d.Made.Remark(order.Note{Command: s.Command, Version: s.Version, Text: "failed: " + failure})
	case OnErrorSkip:
		d.Made.Remark(order.Note{Command: s.Command, Version: s.Version, Text: "failed and was skipped: " + failure})
	}
	return nil
}

// run runs the command on a copy of the draft. It returns nil if its condition isn't met.
func (s *preparedStep) run(ctx context.Context, d *Draft) (*Draft, error) {
	met, err := s.when.met(&d.View)
	if err != nil {
		return nil, fmt.Errorf("when: %w", err)
	}
	if !met {
		return nil, nil //nolint:nilnil // nothing to do
	}
	res, err := s.result(ctx, &d.View)
	if err != nil {
		return nil, err
	}
	if res.Reject != "" {
		if !BeforePayment(d.View.scenario()) {
			return nil, fmt.Errorf("an order can't be refused in %s", d.View.Scenario)
		}
		return nil, &Rejection{By: s.ref(), Reason: clip(res.Reject)}
	}
	next := d.clone()
	if err := next.apply(res.Patch, s.ref()); err != nil {
		return nil, err
	}
	if err := next.check(); err != nil {
		return nil, err
	}
	if res.Note != "" {
		next.Made.Remark(order.Note{Command: s.Command, Version: s.Version, Text: res.Note})
	}
	return next, nil
}

func (s *preparedStep) result(ctx context.Context, v *View) (Result, error) {
	if s.command.Behaviour == BehaviourGo {
		return s.builtin.run(v, s.params)
	}
	return runScript(ctx, s.program, s.command.Inputs, v, s.params)
}

func runScript(ctx context.Context, p Program, inputs []string, v *View, params json.RawMessage) (Result, error) {
	doc, err := v.selected(inputs)
	if err != nil {
		return Result{}, err
	}
	out, err := p.Run(ctx, doc, params)
	if err != nil {
		return Result{}, err
	}
	return readResult(out)
}

// readResult reads what a script returned; undefined and null are an empty result.
func readResult(doc json.RawMessage) (r Result, err error) {
	if doc = bytes.TrimSpace(doc); len(doc) == 0 || string(doc) == "null" {
		return r, nil
	}
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return r, fmt.Errorf("execute must return {patch, reject, note}: %w", err)
	}
	return r, nil
}

// seed is the same for the same version of a chain and, before the payment, the same customer: buyers
// choose their orders' keys, and could try until the price suits them. For events it is the order's.
func seed(v View, c Chain) int64 {
	of := v.ID
	if BeforePayment(c.Scenario) {
		of = v.CustomerID
	}
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s/%s/%d", of, c.Scenario, c.Version)
	return int64(h.Sum32())
}
