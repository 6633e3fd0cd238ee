package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/customer"
)

// guestIssuer is the iss of guests' tokens, and the kid that says which key verifies them.
const guestIssuer = "holdfast-guests"

// How long a guest's token is valid.
const (
	// DefaultGuestLifetime lasts beyond the return window of most orders.
	DefaultGuestLifetime = 30 * 24 * time.Hour
	MaxGuestLifetime     = 365 * 24 * time.Hour
)

// errNoGuest means that a token with a guest's signature names anyone else.
var errNoGuest = fmt.Errorf("%w: it is no guest's", ErrInvalid)

// Guests signs and verifies the tokens of guests, HS256, with a key of their own: whatever an
// identity provider signs is no guest's, and a guest's token grants the role guest and no other.
type Guests struct {
	tokens *Secret
	// header is how each token begins: reading it costs nothing.
	header string
	// networks is the key of pseudonyms.
	networks []byte
	lifetime time.Duration
}

var _ Verifier = (*Guests)(nil)

// Guest is a new guest.
type Guest struct {
	ID      string
	Token   string
	Expires time.Time
}

// NewGuests derives the keys from a secret, which may also be the one of all other tokens. Of the
// names, the issuer doesn't matter.
func NewGuests(secret string, names Names, lifetime time.Duration) (*Guests, error) {
	if len(secret) < MinSecretBytes {
		return nil, fmt.Errorf("a secret of %d bytes (HOLDFAST_GUEST_SECRET) is too short: at least %d are needed", len(secret), MinSecretBytes)
	}
	names = names.complete()
	names.Issuer, names.RolesClaim = guestIssuer, DefaultRolesClaim
	read, err := names.granting(func(r Role) bool { return r == RoleGuest }, jwt.SigningMethodHS256.Alg())
	if err != nil {
		return nil, err
	}
	tokens := &Secret{secret: derived(secret, "tokens"), names: names, reader: read, keyID: guestIssuer}
	header, err := tokens.header()
	if err != nil {
		return nil, err
	}
	return &Guests{tokens: tokens, header: header, networks: derived(secret, "networks"), lifetime: lifetime}, nil
}

// derived returns a key for one purpose, which reveals neither the secret nor other keys.
func derived(secret, purpose string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("holdfast guests: " + purpose))
	return mac.Sum(nil)
}

// New returns a new guest with their token.
func (g *Guests) New() (Guest, error) {
	guest := Guest{ID: customer.GuestID(rand.Text()), Expires: g.tokens.names.Now().Add(g.lifetime).UTC().Truncate(time.Second)}
	var err error
	guest.Token, err = g.tokens.Issue(Caller{Subject: guest.ID, Roles: []Role{RoleGuest}}, g.lifetime)
	return guest, err
}

// Claims reports whether a token says that it is a guest's. Verify says whether that is true.
func (g *Guests) Claims(token string) bool { return strings.HasPrefix(token, g.header) }

// Verify implements Verifier.
func (g *Guests) Verify(ctx context.Context, token string) (Caller, error) {
	c, err := g.tokens.Verify(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	if !slices.Equal(c.Roles, []Role{RoleGuest}) {
		return Caller{}, errNoGuest
	}
	return c, nil
}

// Pseudonym names a text, such as the address of a network, without revealing it: only those who
// have the secret can tell which text it is.
func (g *Guests) Pseudonym(text string) string {
	mac := hmac.New(sha256.New, g.networks)
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}
