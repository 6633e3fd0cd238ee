// Package webhook holds what a merchant's endpoint is and what it is told: pure
// types and rules. How messages get to endpoints is the affair of the packages below
// it: registry keeps endpoints and the log of deliveries, dispatch finds what an
// endpoint wants among the changes, deliver sends it.
package webhook

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Group is the consumer group that has every change for the endpoints. It is
// registered as long as there is an endpoint.
const Group = "webhooks"

// Bounds of what is registered.
const (
	MaxEndpoints        = 20
	MaxURLBytes         = 2048
	MaxDescriptionBytes = 200
)

// OldSecretFor is how long a secret still signs after it was replaced.
const OldSecretFor = 24 * time.Hour

var (
	// ErrNotFound says that there is no such endpoint, or no such delivery.
	ErrNotFound = errors.New("no such webhook")
	// ErrNeverTaken says that a delivery can't be started, however often it is tried.
	ErrNeverTaken = errors.New("the delivery can't be started")
	// ErrTooMany says that there are as many endpoints as there may be.
	ErrTooMany = fmt.Errorf("there are %d webhooks already, and no more can be registered", MaxEndpoints)
)

// Status of an endpoint.
type Status string

const (
	Active Status = "active"
	// Disabled endpoints get nothing any more: they answered 410.
	Disabled Status = "disabled"
)

// Endpoint is where a merchant wants to be told. Its secrets are not in it, so that it
// can be shown.
type Endpoint struct {
	ID  string `json:"id"`
	URL string `json:"url"`
	// Events that it wants; empty is all.
	Events      []string  `json:"events"`
	Description string    `json:"description,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
	Status      Status    `json:"status"`
	// DisabledAt is set once the status is Disabled.
	DisabledAt *time.Time `json:"disabledAt,omitempty"`
}

// Wants tells whether the endpoint is to be told of an event of this type.
func (e Endpoint) Wants(eventType string) bool {
	return e.Status == Active && Matches(e.Events, eventType)
}

// Secret is a key that signs.
type Secret struct {
	Value string `json:"value"`
	// Until is when it ends; zero is never.
	Until time.Time `json:"until,omitzero"`
}

// Stored is an endpoint with its secrets, the newest first.
type Stored struct {
	Endpoint
	Secrets []Secret `json:"secrets"`
}

// String leaves the secrets out, wherever somebody prints an endpoint.
func (s Stored) String() string { return "webhook " + s.ID }

// GoString leaves the secrets out of %#v.
func (s Stored) GoString() string { return s.String() }

// Signing are the secrets that sign at a time, the newest first.
func (s Stored) Signing(now time.Time) []string {
	var values []string
	for _, k := range s.Secrets {
		if k.Until.IsZero() || now.Before(k.Until) {
			values = append(values, k.Value)
		}
	}
	return values
}

// Rotate puts a new secret before those that still sign: the last one for a while
// yet, so that the receiver can change over. One before it ends now.
func (s *Stored) Rotate(value string, now time.Time) {
	secrets := []Secret{{Value: value}}
	if len(s.Secrets) > 0 {
		secrets = append(secrets, Secret{Value: s.Secrets[0].Value, Until: now.Add(OldSecretFor)})
	}
	s.Secrets = secrets
}

// NewSecret makes a key as Standard Webhooks wants it: "whsec_" and 32 random bytes.
func NewSecret() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // it never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key[:])
}

// NewID names an endpoint.
func NewID() string {
	var id [10]byte
	_, _ = rand.Read(id[:]) // it never fails
	return "wh_" + hex.EncodeToString(id[:])
}

// Event is one message. Every endpoint gets the same, under the same id, however often.
type Event struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	At   time.Time `json:"at"`
	// Body goes out as it stands: it is what is signed.
	Body json.RawMessage `json:"body"`
}

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	EndpointID string `json:"endpointId"`
	// Host of the endpoint, for people who look at the delivery. The URL may hold a
	// secret of the merchant's.
	Host  string `json:"host"`
	Event Event  `json:"event"`
}
