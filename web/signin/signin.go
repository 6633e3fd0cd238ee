// Package signin signs visitors in at an OpenID provider: with an authorization code and PKCE. It speaks
// with the provider and checks what it says, and knows no page; those are in package site.
package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"golang.org/x/oauth2"

	"holdfast/web/session"
)

// CallbackPath is where the provider sends visitors back to.
const CallbackPath = "/sign-in/callback"

var (
	// ErrRefused means that the provider refused, or gave something that can't be used: asking again the same
	// way changes nothing.
	ErrRefused = errors.New("the sign-in was refused")
	// ErrAway means that the provider can't be reached, or can't answer at present.
	ErrAway = errors.New("the OpenID provider can't be reached")
)

// Config says how to sign in.
type Config struct {
	// Issuer of the provider, where it is discovered.
	Issuer string
	// ClientID and ClientSecret of the pages at the provider. A public client has no secret.
	ClientID, ClientSecret string
	// Scopes that are asked for. openid is always one of them.
	Scopes []string
	// Audience is whom access tokens are for. AudienceParameter names the parameter that asks for it; empty
	// where the provider knows by itself.
	Audience, AudienceParameter string
	// PagesURL is where visitors reach the pages.
	PagesURL string
	// Judges returns what verifies access tokens with the provider's keys.
	Judges func(keysURL string) (Judge, error)
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// Judge verifies an access token as the API does, and says whose it is. It returns ErrRefused for a token
// that proves nothing, and another error if it can't be verified now.
type Judge func(ctx context.Context, accessToken string) (Caller, error)

// Caller is whose an access token is.
type Caller struct {
	// Subject as the API names them.
	Subject string
	// Staff works for the shop; anyone else is a customer.
	Staff bool
	// Buyer may order. A client of the provider that is no person may not.
	Buyer bool
}

// Attempt is one try to sign in, which the browser keeps sealed until it comes back.
type Attempt struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // of PKCE
	Back     string    `json:"b"`
	Until    time.Time `json:"u"`
}

// NewAttempt returns an attempt that leads back to a page.
func NewAttempt(back string, until time.Time) Attempt {
	return Attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Back: back, Until: until}
}

// Grant is what a visitor gets by signing in, and again with each renewal.
type Grant struct {
	// Token is the access token.
	Token string
	Kind  session.Kind
	// Name is what the visitor is called. Empty if a renewal says nothing of it.
	Name    string
	Account session.Account
	// Judged is false if a renewed token couldn't be verified yet: then Kind is empty.
	Judged bool
}
