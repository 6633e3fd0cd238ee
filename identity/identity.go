// Package identity tells who sent a request, by the signed token that came with
// it. It knows tokens and keys, and neither HTTP nor what a role may do; it never
// keeps a token, nor tells or logs one.
package identity

import (
	"context"
	"errors"
)

// Role is what a caller is to the shop.
type Role string

const (
	// Operator may do everything.
	RoleOperator Role = "operator"
	// Customer sees and changes his own orders.
	RoleCustomer Role = "customer"
)

// Caller is who sent a request.
type Caller struct {
	// Subject names the caller in journals; of a customer it is the customer's id.
	Subject string
	// Role as the token says: one that nobody knows may do nothing.
	Role Role
}

var (
	// ErrInvalid is a token that proves nothing: forged, out of its time, or meant
	// for others. Its text may be shown to whoever sent the token.
	ErrInvalid = errors.New("the token is not valid")
	// ErrUnjudged is a token that can't be judged now, since its key can't be had.
	ErrUnjudged = errors.New("the keys of tokens can't be reached")
)

// Verifier tells whose token it is.
type Verifier interface {
	// Verify answers ErrInvalid or ErrUnjudged where it can't tell.
	Verify(ctx context.Context, token string) (Caller, error)
}
