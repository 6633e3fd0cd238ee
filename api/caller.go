package api

import (
	"context"

	"holdfast/order"
)

// Role is what a caller may do.
type Role string

const (
	// Operator may do everything.
	Operator Role = "operator"
	// Customer sees and changes his own orders.
	Customer Role = "customer"
)

// Caller is who sent a request.
type Caller struct {
	// Subject names the caller in journals.
	Subject string
	Role    Role
}

type callerKey struct{}

// WithCaller puts the caller into a request's context.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf tells who sent the request.
func CallerOf(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}

// identify is the one place where a request gets its caller. Authentication is
// off: everybody is the operator, which is why New listens on loopback only.
func identify() Caller { return Caller{Subject: order.ActorOperator, Role: Operator} }
