package search

import (
	"errors"
	"fmt"

	"holdfast/product"
)

// Invalid lists what is wrong with a query or a document, each problem with the path of its
// field.
type Invalid = product.Invalid //nolint:errname // reads well

// The errors of an index that can't do what it was asked.
var (
	// ErrNotFound means that the index has no such document.
	ErrNotFound = errors.New("not in the index")
	// ErrClosed means that the index was closed.
	ErrClosed = errors.New("the index is closed")
	// ErrRebuildOver means that the rebuild was already swapped in or abandoned, or that
	// another one replaced it.
	ErrRebuildOver = errors.New("the rebuild is over")
	// ErrOutdated means that the view's shape differs from the one that this program
	// writes, so it can't write to it. It is an ErrUnavailable that may last as long as a
	// rebuild.
	ErrOutdated = errors.New("the view's shape differs from the one that this program writes")
	// ErrNoView means that the view itself is missing because it was deleted. It is an
	// ErrUnavailable that lasts until the view is rebuilt. An index that can't lose its
	// views never returns it.
	ErrNoView = errors.New("the view is missing")
	// ErrUnavailable means that the index can't answer now.
	ErrUnavailable = errors.New("the index can't answer")
)

// UnavailableError means that the index itself failed during a call. Its text doesn't
// reveal what the index is made of; Cause is for the log.
type UnavailableError struct {
	// Doing is what was tried, like "search products".
	Doing string
	Cause error
}

func (e *UnavailableError) Error() string { return e.Doing + ": " + ErrUnavailable.Error() }

// Unwrap lets errors.Is find both ErrUnavailable and the cause, for example that the
// caller's context was cancelled.
func (e *UnavailableError) Unwrap() []error { return []error{ErrUnavailable, e.Cause} }

// WithCause adds to an error's text the cause that an UnavailableError leaves out, for logs
// and operators.
func WithCause(err error) error {
	if down, ok := errors.AsType[*UnavailableError](err); ok && down.Cause != nil {
		return fmt.Errorf("%w: %w", err, down.Cause)
	}
	return err
}
