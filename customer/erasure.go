package customer

import (
	"errors"
	"time"
)

// ErrNotErased means that a customer's erasure was never asked for.
var ErrNotErased = errors.New("the customer's erasure was never asked for")

// Erasure is how far the erasure of a customer has come. What customers said about themselves is gone
// from the beginning; each of their orders follows once it is closed.
type Erasure struct {
	CustomerID string `json:"-"`
	// RequestedAt is the time up to which everything is erased.
	RequestedAt time.Time `json:"-"`
	// Since is when it was first asked for, if it was asked for again before it was completed.
	Since time.Time `json:"-"`
	// Erased and Open count the orders that were placed up to then, as of the last look.
	Erased int `json:"erased"`
	Open   int `json:"open"`
	// CompletedAt is zero as long as something is left.
	CompletedAt time.Time `json:"completedAt,omitzero"`
}
