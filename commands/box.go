package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"holdfast/command"
	"holdfast/script"
)

// Box runs scripts. Its engine is started by the first script: that takes a moment, which shops without
// scripts save. What says nothing about a script becomes command.ErrUnavailable.
type Box struct {
	engine func() (*script.Engine, error)
}

// NewBox returns a box for one process.
func NewBox(o script.Options) *Box {
	return &Box{engine: sync.OnceValues(func() (*script.Engine, error) {
		return script.NewEngine(context.Background(), o)
	})}
}

// Compile implements command.Box.
func (b *Box) Compile(ctx context.Context, source string) (command.Program, error) {
	engine, err := b.engine()
	if err != nil {
		return nil, fmt.Errorf("%w: start the engine: %w", command.ErrUnavailable, err)
	}
	p, err := engine.Compile(ctx, source)
	if err != nil {
		return nil, outcome(ctx, err)
	}
	return program{engine, p}, nil
}

type program struct {
	engine  *script.Engine
	program *script.Program
}

// patience bounds a run with its wait for a worker.
const patience = 2 * time.Second

// Run implements command.Program.
func (p program) Run(ctx context.Context, view, params json.RawMessage) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := p.engine.Run(ctx, p.program, view, params)
	if err != nil {
		return nil, outcome(ctx, err)
	}
	return r.JSON, nil
}

// outcomes are the errors that a script always ends with.
var outcomes = []error{
	script.ErrNoExecute, script.ErrSteps, script.ErrMemory, script.ErrTooLarge, script.ErrBadInput, script.ErrBadResult,
}

// outcome turns an engine's error into what became of the script. An error that isn't known counts as
// unavailable: nothing that depends on the machine may decide about an order.
func outcome(ctx context.Context, err error) error {
	if syntax, ok := errors.AsType[*script.SyntaxError](err); ok {
		return &command.ScriptError{Line: syntax.Line, Column: syntax.Column, Message: syntax.Message}
	}
	if thrown, ok := errors.AsType[*script.ThrownError](err); ok {
		return &command.ScriptError{Line: thrown.Line, Column: thrown.Column, Message: thrown.Message}
	}
	if ctx.Err() == nil {
		for _, known := range outcomes {
			if errors.Is(err, known) {
				return &command.ScriptError{Message: err.Error()}
			}
		}
	}
	return fmt.Errorf("%w: %w", command.ErrUnavailable, err)
}
