package search

import (
	"errors"
	"fmt"

	"holdfast/product"
)

// Invalid lists what is wrong with a query or a document, each problem with the
// path of its field.
type Invalid = product.Invalid //nolint:errname // reads as what it is

// What an index answers where it can't do what it was asked.
var (
	// ErrNotFound: the index has no such document.
	ErrNotFound = errors.New("not in the index")
	// ErrClosed: the index was closed.
	ErrClosed = errors.New("the index is closed")
	// ErrRebuildOver: the rebuild was swapped in or abandoned before, or another one
	// took its place.
	ErrRebuildOver = errors.New("the rebuild is over")
	// ErrOutdated: the view has another shape than this program writes, and takes
	// nothing from it. It is an ErrUnavailable that may last as long as a rebuild.
	ErrOutdated = errors.New("the view has another shape than this program writes")
	// ErrNoView: the view itself isn't there, somebody deleted it. It is an
	// ErrUnavailable that lasts until the view is built anew. An index that can't lose
	// its views never answers it.
	ErrNoView = errors.New("the view is not there")
	// ErrUnavailable: the index can't answer now.
	ErrUnavailable = errors.New("the index can't answer")
)

// UnavailableError says that the index itself failed at a call. Its text says
// nothing about what the index is made of; Cause is for the log.
type UnavailableError struct {
	// Doing is what was tried, like "search products".
	Doing string
	Cause error
}

func (e *UnavailableError) Error() string { return e.Doing + ": " + ErrUnavailable.Error() }

// Unwrap lets errors.Is find both ErrUnavailable and the cause, for example that
// the caller's context was cancelled.
func (e *UnavailableError) Unwrap() []error { return []error{ErrUnavailable, e.Cause} }

// WithCause adds to the text of an error what an index that can't answer leaves out
// of it: for logs and for operators.
func WithCause(err error) error {
	if down, ok := errors.AsType[*UnavailableError](err); ok && down.Cause != nil {
		return fmt.Errorf("%w: %w", err, down.Cause)
	}
	return err
}
