// Package identity determines who sent a request, by its signed token. It knows tokens and
// keys, but neither HTTP nor what a role may do; it never stores, reveals or logs a token.
package identity

import (
	"context"
	"errors"
	"slices"
)

// Role is what a caller may do in the shop. A caller has any number of them, and may do
// what any of them allows.
type Role string

const (
	// RoleCustomer reads and changes the caller's own orders.
	RoleCustomer Role = "customer"
	// RoleGuest does the same without an account. Only Guests grants it.
	RoleGuest Role = "guest"
	// RoleOperator may do everything. It and the roles below are staff.
	RoleOperator Role = "operator"
	// RoleCatalog manages products, their stock and their listings.
	RoleCatalog Role = "catalog"
	// RoleFulfilment reads orders and reports deliveries.
	RoleFulfilment Role = "fulfilment"
	// RoleSupport handles orders, refunds and disputes.
	RoleSupport Role = "support"
	// RoleReadonly reads everything that operators read and changes nothing.
	RoleReadonly Role = "readonly"
)

// Known reports whether the role is one of ours. An unknown one allows nothing.
func (r Role) Known() bool { return r == RoleCustomer || r == RoleGuest || r.Staff() }

// Staff reports whether the role is one of those who work for the shop.
func (r Role) Staff() bool {
	switch r {
	case RoleOperator, RoleCatalog, RoleFulfilment, RoleSupport, RoleReadonly:
		return true
	case RoleCustomer, RoleGuest:
	}
	return false
}

// Caller is the sender of a request.
type Caller struct {
	// Subject names the caller in journals; for a customer or a guest it is their customer id.
	Subject string
	// Roles from the token, sorted. Unknown ones are left out.
	Roles []Role
}

// Staff reports whether the caller works for the shop.
func (c Caller) Staff() bool { return slices.ContainsFunc(c.Roles, Role.Staff) }

// Guest reports whether the caller orders without an account.
func (c Caller) Guest() bool { return slices.Contains(c.Roles, RoleGuest) }

var (
	// ErrInvalid means that a token proves nothing: it is forged, expired, not valid yet,
	// or meant for others. Its text may be shown to the sender.
	ErrInvalid = errors.New("the token is not valid")
	// ErrUnjudged means that a token can't be verified now, because its key isn't
	// available.
	ErrUnjudged = errors.New("the keys of tokens can't be reached")
)

// Verifier identifies callers by their tokens.
type Verifier interface {
	// Verify returns ErrInvalid or ErrUnjudged if it can't identify the caller.
	Verify(ctx context.Context, token string) (Caller, error)
}
