package script

import (
	"errors"
	"fmt"
)

// These errors, SyntaxError and ThrownError are outcomes: the same program with the same input always ends with the same.
var (
	// ErrNoExecute means that a program doesn't export the function execute.
	ErrNoExecute = errors.New("the script must contain: export function execute(view, params) { … }")
	// ErrSteps means that a program, or a run, took more steps than it may.
	ErrSteps = errors.New("the script took too many steps")
	// ErrMemory means that a program, or a run, needed more memory than it may use.
	ErrMemory = errors.New("the script needs too much memory")
	// ErrTooLarge means that the source, the input or the result has too many bytes.
	ErrTooLarge = errors.New("too large")
	// ErrBadInput means that the view or the params aren't JSON that a script can read without loss.
	ErrBadInput = errors.New("not JSON that a script can read")
	// ErrBadResult means that what execute returned can't be written as JSON without loss.
	ErrBadResult = errors.New("the script's result is not plain JSON")
)

// These errors say nothing about the program: another attempt may have another outcome.
var (
	// ErrDeadline means that a run was ended by the clock, or because its caller's context ended.
	ErrDeadline = errors.New("the script was not done in time")
	// ErrBusy means that too many runs are waiting for a worker, or that the caller's context ended while it waited.
	ErrBusy = errors.New("too many scripts are running")
	// ErrClosed means that the engine was closed.
	ErrClosed = errors.New("the engine of scripts is closed")

	// errEngine is a fault of the engine itself.
	errEngine = errors.New("the engine of scripts failed")
)

// SyntaxError says where a program is not JavaScript. Line and Column count from 1, and are 0 if they aren't known.
type SyntaxError struct {
	Message      string
	Line, Column int
}

func (e *SyntaxError) Error() string {
	return "syntax error" + place(e.Line, e.Column) + ": " + e.Message
}

// ThrownError is an exception that a program didn't catch. Line and Column say where it was thrown, as far as that is known.
type ThrownError struct {
	Message      string
	Stack        string
	Line, Column int
}

func (e *ThrownError) Error() string {
	return "the script threw" + place(e.Line, e.Column) + ": " + e.Message
}

func place(line, column int) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf(" at %d:%d", line, column)
}
