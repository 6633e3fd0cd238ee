// Package webhook defines a merchant's endpoint and the messages to it: pure types and
// rules. The packages below it deliver the messages: registry stores endpoints and the log
// of deliveries, dispatch finds the changes that an endpoint wants, deliver sends them.
package webhook

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// Group is the consumer group that reads every change for the endpoints. It is registered
// as long as there is an endpoint.
const Group = "webhooks"

// Bounds of a registration.
const (
	MaxEndpoints        = 20
	MaxURLBytes         = 2048
	MaxDescriptionBytes = 200
)

const (
	// OldSecretFor is how long a secret still signs after it was replaced.
	OldSecretFor = 24 * time.Hour
	// MaxSecrets bounds how many secrets sign at a time: each adds a signature to every
	// message.
	MaxSecrets = 5
	// KeepKeys is how long an Idempotency-Key is remembered.
	KeepKeys = 30 * 24 * time.Hour
)

var (
	// ErrNotFound means that there is no such endpoint, or no such delivery.
	ErrNotFound = errors.New("no such webhook")
	// ErrNeverTaken means that a delivery can't be started, however often it is tried.
	ErrNeverTaken = errors.New("the delivery can't be started")
	// ErrTooManySecrets means that no further secret can be created before the oldest has
	// expired: none ends early because another one is created.
	ErrTooManySecrets = fmt.Errorf("%d secrets sign for this webhook already; another one can be made once the oldest has signed for its %s",
		MaxSecrets, OldSecretFor)
	// ErrSecretGone means that a call was made before under its key, but its secret no
	// longer signs.
	ErrSecretGone = errors.New("the secret that was made under this Idempotency-Key no longer signs; make another one under another key")
	// ErrKeyReused means that another webhook was registered under the key.
	ErrKeyReused = errors.New("another webhook was registered under this Idempotency-Key")
	// ErrTooMany means that the maximum number of endpoints is registered.
	ErrTooMany = fmt.Errorf("there are %d webhooks already, and no more can be registered", MaxEndpoints)
)

// Status of an endpoint.
type Status string

const (
	StatusActive Status = "active"
	// StatusDisabled endpoints get nothing: they answered 410, or an operator disabled them.
	StatusDisabled Status = "disabled"
)

// Endpoint is where a merchant receives events. It doesn't contain its secrets, so it can
// be shown.
type Endpoint struct {
	ID  string `json:"id"`
	URL string `json:"url"`
	// Events that it wants; empty means all.
	Events      []string  `json:"events"`
	Description string    `json:"description,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
	Status      Status    `json:"status"`
	// DisabledAt is set while the status is StatusDisabled.
	DisabledAt *time.Time `json:"disabledAt,omitempty"`
}

// Patch changes an endpoint. Nil fields stay as they are.
type Patch struct {
	URL         *string   `json:"url"`
	Events      *[]string `json:"events"`
	Description *string   `json:"description"`
	Status      *Status   `json:"status"`
}

// Secret is a key that signs.
type Secret struct {
	Value string `json:"value"`
	// Until is when it expires; zero means never.
	Until time.Time `json:"until,omitzero"`
	// Key is the fingerprint of the Idempotency-Key under which it was created, empty for
	// none.
	Key string `json:"key,omitempty"`
}

func (s Secret) signs(now time.Time) bool { return s.Until.IsZero() || now.Before(s.Until) }

// KeyOf is the fingerprint under which the Idempotency-Key of a call is stored, empty for
// none. One key may serve several calls.
func KeyOf(call, idempotencyKey string) string {
	if idempotencyKey == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(call + "\x00" + idempotencyKey))
	return hex.EncodeToString(sum[:16])
}

// Registration is a request to register an endpoint.
type Registration struct {
	URL         string
	Events      []string
	Description string
	// Key is the Idempotency-Key of the call, empty for none.
	Key string
}

// Fingerprint distinguishes two registrations under one key.
func (r Registration) Fingerprint() (string, error) {
	text, err := json.Marshal([]any{r.URL, append([]string{}, r.Events...), r.Description})
	if err != nil {
		return "", fmt.Errorf("take the fingerprint of a webhook: %w", err)
	}
	return KeyOf("registration", string(text)), nil
}

// Stored is an endpoint with its secrets, the newest first.
type Stored struct {
	Endpoint
	Secrets []Secret `json:"secrets"`
	// Fingerprint of the registration under a key; empty if there was none.
	Fingerprint string `json:"fingerprint,omitempty"`
	// EnabledAt is when the endpoint was last enabled again; zero if it never was.
	EnabledAt time.Time `json:"enabledAt,omitzero"`
}

// Wants reports whether the endpoint receives an event of this type that was published at a
// time. Events that were published while it was disabled are not delivered later.
func (s Stored) Wants(eventType string, published time.Time) bool {
	return s.Status == StatusActive && !published.Before(s.CreatedAt) && !published.Before(s.EnabledAt) &&
		Matches(s.Events, eventType)
}

// Delivery is the delivery of an event to the endpoint.
func (s Stored) Delivery(e Event) Delivery {
	return Delivery{EndpointID: s.ID, Host: s.Host(), Event: e}
}

// Host is that of the endpoint's URL, for people: the URL may contain a secret of the merchant.
func (e Endpoint) Host() string {
	u, err := url.Parse(e.URL)
	if err != nil { // it was checked when it was registered
		return ""
	}
	return u.Host
}

// Apply makes a change at a time of Redis' clock, and reports whether it changed anything.
// The secrets stay as they are.
func (s *Stored) Apply(p Patch, now time.Time) (changed bool) {
	if p.URL != nil && *p.URL != s.URL {
		s.URL, changed = *p.URL, true
	}
	if p.Events != nil && !slices.Equal(*p.Events, s.Events) {
		s.Events, changed = append([]string{}, *p.Events...), true
	}
	if p.Description != nil && *p.Description != s.Description {
		s.Description, changed = *p.Description, true
	}
	if p.Status == nil || *p.Status == s.Status {
		return changed
	}
	if s.Status = *p.Status; s.Status == StatusDisabled {
		s.DisabledAt = &now
	} else {
		s.DisabledAt, s.EnabledAt = nil, now
	}
	return true
}

// Gone disables an endpoint that answered a message with 410, and reports whether it
// changed anything. sentTo is the endpoint as it was when the message was sent: if its URL
// has changed, or it was enabled again since, the answer is out of date.
func (s *Stored) Gone(sentTo Stored, now time.Time) (changed bool) {
	if s.URL != sentTo.URL || !s.EnabledAt.Equal(sentTo.EnabledAt) {
		return false
	}
	disabled := StatusDisabled
	return s.Apply(Patch{Status: &disabled}, now.UTC())
}

// String leaves out the secrets whenever an endpoint is printed.
func (s Stored) String() string { return "webhook " + s.ID }

// GoString leaves the secrets out of %#v.
func (s Stored) GoString() string { return s.String() }

// Signing returns the secrets that sign at a time, the newest first.
func (s Stored) Signing(now time.Time) []string {
	var values []string
	for _, k := range s.Secrets {
		if k.signs(now) {
			values = append(values, k.Value)
		}
	}
	return values
}

// MadeUnder finds the secret that was created under a key, in the form of KeyOf.
func (s Stored) MadeUnder(key string) (Secret, bool) {
	i := slices.IndexFunc(s.Secrets, func(k Secret) bool { return key != "" && k.Key == key })
	if i < 0 {
		return Secret{}, false
	}
	return s.Secrets[i], true
}

// Has reports whether a secret is stored.
func (s Stored) Has(secret string) bool {
	return slices.ContainsFunc(s.Secrets, func(k Secret) bool { return k.Value == secret })
}

// Rotate puts a new secret before those that still sign. The last one keeps signing for a
// while, so that the receiver can switch over, and so do those before it, each for its own
// time.
func (s *Stored) Rotate(made Secret, now time.Time) error {
	live := slices.DeleteFunc(slices.Clone(s.Secrets), func(k Secret) bool { return !k.signs(now) })
	if len(live) >= MaxSecrets {
		return ErrTooManySecrets
	}
	for i := range live {
		if live[i].Until.IsZero() {
			live[i].Until = now.Add(OldSecretFor)
		}
	}
	s.Secrets = append([]Secret{made}, live...)
	return nil
}

// NewSecret generates a key according to Standard Webhooks: "whsec_" and 32 random bytes.
func NewSecret() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // it never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key[:])
}

// NewID generates an endpoint's id.
func NewID() string {
	var id [10]byte
	_, _ = rand.Read(id[:]) // it never fails
	return "wh_" + hex.EncodeToString(id[:])
}

// Delivery is the delivery of one event to one endpoint.
type Delivery struct {
	EndpointID string `json:"endpointId"`
	// Host of the endpoint, for people who look at the delivery. The URL may contain a
	// secret of the merchant.
	Host  string `json:"host"`
	Event Event  `json:"event"`
}
