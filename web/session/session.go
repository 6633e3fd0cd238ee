// Package session keeps who a browser speaks for, on the server: browsers have only a name for it.
// A store in memory is for one process, one on Redis for several. It knows no page.
package session

import (
	"context"
	"crypto/rand"
	"slices"
	"time"
)

// Kind is who a session speaks for.
type Kind string

// The kinds of sessions.
const (
	KindGuest    Kind = "guest"
	KindCustomer Kind = "customer"
	KindStaff    Kind = "staff"
)

// MostOrders is how many of its newest orders a session remembers.
const MostOrders = 20

// Session is what the server knows about a browser. It begins with signing in, or with ordering as a
// guest: whoever only looks around has none.
type Session struct {
	Kind Kind `json:"kind"`
	// Token is the caller's own, which all calls forward. Empty for a Persona.
	Token string `json:"token,omitempty"`
	// Persona names one of the callers that exist for development.
	Persona string `json:"persona,omitempty"`
	// Guest is the token of the guest who orders, if the session itself is not a buyer's.
	Guest string `json:"guest,omitempty"`
	// Name is shown to the visitor.
	Name string `json:"name,omitempty"`
	// Orders are the ids of the newest orders, newest first: lists show them late.
	Orders []string `json:"orders,omitempty"`
	// Only is the one order that the session may see, if it came with a link.
	Only    string    `json:"only,omitempty"`
	Expires time.Time `json:"expires"`
}

// Remember notes a new order.
func (s *Session) Remember(orderID string) {
	s.Orders = slices.DeleteFunc(s.Orders, func(id string) bool { return id == orderID })
	s.Orders = slices.Insert(s.Orders, 0, orderID)
	if len(s.Orders) > MostOrders {
		s.Orders = s.Orders[:MostOrders]
	}
}

// Store keeps sessions until they expire.
type Store interface {
	// Get returns nil if there is no such session.
	Get(ctx context.Context, id string) (*Session, error)
	Put(ctx context.Context, id string, s Session) error
	Delete(ctx context.Context, id string) error
}

// NewID returns the name of a new session, which can't be guessed.
func NewID() string { return rand.Text() }
