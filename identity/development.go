package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// developmentIssuer is the iss of tokens for development, and the kid that says which key verifies them.
const developmentIssuer = "holdfast-development"

// developmentLifetime is short: a page asks for another token whenever it needs one.
const developmentLifetime = 15 * time.Minute

// Development signs and verifies tokens for trying out roles where nothing else authenticates callers.
// Its secret is made when it starts and never leaves the process.
type Development struct {
	tokens *Secret
	// header is how each token begins: reading it costs nothing.
	header string
}

var _ Verifier = (*Development)(nil)

// NewDevelopment returns a Development with a secret of its own.
func NewDevelopment() (*Development, error) {
	names := Names{Issuer: developmentIssuer}.complete()
	read, err := names.reader(jwt.SigningMethodHS256.Alg())
	if err != nil {
		return nil, err
	}
	tokens := &Secret{secret: []byte(rand.Text() + rand.Text()), names: names, reader: read, keyID: developmentIssuer}
	header, err := tokens.header()
	return &Development{tokens: tokens, header: header}, err
}

// Token signs a token for a caller.
func (d *Development) Token(c Caller) (string, error) {
	return d.tokens.Issue(c, developmentLifetime)
}

// Claims reports whether a token says that it is for development. Verify says whether that is true.
func (d *Development) Claims(token string) bool { return strings.HasPrefix(token, d.header) }

// Verify implements Verifier.
func (d *Development) Verify(ctx context.Context, token string) (Caller, error) {
	return d.tokens.Verify(ctx, token)
}

// header returns how each token of this key begins.
func (s *Secret) header() (string, error) {
	text, err := s.token(claims{}).SigningString()
	if err != nil {
		return "", fmt.Errorf("write the header of tokens: %w", err)
	}
	header, _, _ := strings.Cut(text, ".")
	return header + ".", nil
}
