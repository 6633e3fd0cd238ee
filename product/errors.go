package product

import (
	"errors"
	"fmt"
)

// The errors of an entity that can't carry out a command. Nothing has changed then.
var (
	ErrNotFound   = errors.New("no such product")
	ErrUnknownSKU = errors.New("no such variant")
	// ErrStale means that the product's docVersion is not the one that the caller read.
	ErrStale = errors.New("the product has changed since it was read")
	// ErrExists means that the product was only to be created.
	ErrExists = errors.New("there is such a product already")
	// ErrRelisted means that the product was listed again after the listing that was to
	// end.
	ErrRelisted = errors.New("the product has been listed again")
	// ErrNotSold means that the order bought nothing of the product that could come back.
	ErrNotSold = errors.New("nothing of the product was sold to the order")
	// ErrActionReused means that this action id was used for another adjustment.
	ErrActionReused = errors.New("this action id was used for another adjustment")
	// ErrKeyReused: this idempotency key came with another batch.
	ErrKeyReused = errors.New("this idempotency key was used with another body")
	// ErrNotTried: of many, the time was over before this one was sent.
	ErrNotTried = errors.New("the time was over before this was tried: nothing was changed")
)

// HeldSKUError refuses to remove a variant that still has stock or holds.
type HeldSKUError struct {
	SKU string
	Stock
}

func (e *HeldSKUError) Error() string {
	return fmt.Sprintf("variant %s still has %d units, %d of them held", e.SKU, e.OnHand, e.Held)
}

// MovedError refuses a Spec that gives a status, a currency or a stock other than the
// current one: these are changed by calls of their own.
type MovedError struct {
	// Field like "status" or "variants[1].stock".
	Field string
	Now   string
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("%s is %s now and moves by its own call", e.Field, e.Now)
}

// StrandsError refuses an adjustment that would cut into holds or below zero.
type StrandsError struct {
	OnHand, Held int64
	Wanted       int64 // onHand as it would have become
}

func (e *StrandsError) Error() string {
	return fmt.Sprintf("%d units would be left on hand, but %d are held", e.Wanted, e.Held)
}
