// Package session keeps who a browser speaks for, on the server: browsers have only a name for it.
// A store in memory is for one process, one on Redis for several. It knows no page.
package session

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"strings"
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
	// Guest is the token of the guest who orders, if the session itself is not a buyer's, or of the guest
	// whom a customer was before they signed in.
	Guest string `json:"guest,omitempty"`
	// GuestOrders are other guests' tokens by the ids of their orders: those that a customer placed as a guest,
	// or that the visitor has a link to.
	GuestOrders map[string]string `json:"guestOrders,omitempty"`
	// Account is that of a visitor who signed in; nil for everyone else.
	Account *Account `json:"account,omitempty"`
	// Name is shown to the visitor.
	Name string `json:"name,omitempty"`
	// Orders are the ids of the newest orders, newest first: lists show them late.
	Orders []string `json:"orders,omitempty"`
	// Only is the one order that the session may see, if it came with a link.
	Only string `json:"only,omitempty"`
	// HostOnly means that browsers know the session by a cookie that only this host can set.
	HostOnly bool      `json:"hostOnly,omitempty"`
	Expires  time.Time `json:"expires"`
}

// Account is what an OpenID provider gave for a visitor who signed in. Like the session's token it never
// leaves the server, but for the ID token, which tells the provider who signs out.
type Account struct {
	// Subject is who signed in, as the API names them.
	Subject string `json:"subject"`
	// Refresh is the token that the session's token is renewed with; empty if there is none.
	Refresh string `json:"refresh,omitempty"`
	IDToken string `json:"idToken,omitempty"`
	// RenewAt is when the session's token should be renewed, some time before it Ends.
	RenewAt time.Time `json:"renewAt"`
	Ends    time.Time `json:"ends"`
}

func (s Session) clone() Session {
	s.Orders, s.GuestOrders = slices.Clone(s.Orders), maps.Clone(s.GuestOrders)
	if s.Account != nil {
		account := *s.Account
		s.Account = &account
	}
	return s
}

// Remember notes a new order.
func (s *Session) Remember(orderID string) {
	s.Orders = slices.DeleteFunc(s.Orders, func(id string) bool { return id == orderID })
	s.Orders = slices.Insert(s.Orders, 0, orderID)
	if len(s.Orders) > MostOrders {
		s.Orders = s.Orders[:MostOrders]
	}
}

// RememberGuests notes an order that a guest's token reads. Only as many are kept as there are newest orders.
func (s *Session) RememberGuests(orderID, token string) {
	s.Remember(orderID)
	if s.GuestOrders == nil {
		s.GuestOrders = map[string]string{}
	}
	s.GuestOrders[orderID] = token
	maps.DeleteFunc(s.GuestOrders, func(id, _ string) bool { return !slices.Contains(s.Orders, id) })
}

// Store keeps sessions until they expire.
type Store interface {
	// Get returns nil if there is no such session.
	Get(ctx context.Context, id string) (*Session, error)
	Put(ctx context.Context, id string, s Session) error
	// Update changes a session as it is now, so that no other change of it is lost, and returns it. change
	// may be called several times. A session that has ended stays so: then it returns nil.
	Update(ctx context.Context, id string, change func(*Session)) (*Session, error)
	Delete(ctx context.Context, id string) error
	// Claim takes a name for a while and reports whether it was free. release gives it back.
	Claim(ctx context.Context, name string, lasts time.Duration) (release func(), free bool, err error)
}

// NewID returns the name of a new session, which can't be guessed.
func NewID() string { return rand.Text() }

// accountPrefix is how the names of sessions begin that someone signed in for.
const accountPrefix = "account-"

// NewAccountID is NewID for a session that someone signed in for.
func NewAccountID() string { return accountPrefix + NewID() }

// IsAccountID reports whether the session was someone's who signed in, even if it has ended.
func IsAccountID(id string) bool { return strings.HasPrefix(id, accountPrefix) }
