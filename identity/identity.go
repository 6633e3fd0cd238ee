// Package identity tells who sent a request, by the signed token that came with
// it. It knows tokens and keys, and neither HTTP nor what a role may do; it never
// keeps a token, nor tells or logs one.
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
	// RoleOperator may do everything. It and the roles below are staff.
	RoleOperator Role = "operator"
	// RoleCatalog looks after products, their stock and their listings.
	RoleCatalog Role = "catalog"
	// RoleFulfilment reads orders and reports deliveries.
	RoleFulfilment Role = "fulfilment"
	// RoleSupport looks after orders, refunds and disputes.
	RoleSupport Role = "support"
	// RoleReadonly reads all that operators read and changes nothing.
	RoleReadonly Role = "readonly"
)

// Known reports whether the role is one of ours. An unknown one allows nothing.
func (r Role) Known() bool { return r == RoleCustomer || r.Staff() }

// Staff reports whether the role is one of those who work for the shop.
func (r Role) Staff() bool {
	switch r {
	case RoleOperator, RoleCatalog, RoleFulfilment, RoleSupport, RoleReadonly:
		return true
	case RoleCustomer:
	}
	return false
}

// Caller is who sent a request.
type Caller struct {
	// Subject names the caller in journals; for a customer it is the customer's id.
	Subject string
	// Roles that the token gives, sorted. Unknown ones are left out.
	Roles []Role
}

// Staff reports whether the caller works for the shop.
func (c Caller) Staff() bool { return slices.ContainsFunc(c.Roles, Role.Staff) }

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
