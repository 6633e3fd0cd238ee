package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MinSecretBytes is the shortest secret that HS256 may have (RFC 7518, 3.2).
const MinSecretBytes = 32

// Secret signs and verifies with one secret, HS256. Whoever can verify can also sign.
type Secret struct {
	secret []byte
	names  Names
	reader reader
	// keyID is the kid of signed tokens; empty writes none.
	keyID string
}

var _ Verifier = (*Secret)(nil)

// NewSecret refuses a secret that could be guessed from a token.
func NewSecret(secret string, names Names) (*Secret, error) {
	if len(secret) < MinSecretBytes {
		return nil, fmt.Errorf("a secret of %d bytes (HOLDFAST_JWT_SECRET) is too short: at least %d are needed", len(secret), MinSecretBytes)
	}
	read, err := names.reader(jwt.SigningMethodHS256.Alg())
	if err != nil {
		return nil, err
	}
	return &Secret{secret: []byte(secret), names: names.complete(), reader: read}, nil
}

// Verify implements Verifier.
func (s *Secret) Verify(_ context.Context, token string) (Caller, error) {
	return s.reader.caller(token, func(*jwt.Token) (any, error) { return s.secret, nil })
}

// Issue signs a token for the caller.
func (s *Secret) Issue(c Caller, lifetime time.Duration) (string, error) {
	if !validSubject(c.Subject, c.Roles) {
		return "", fmt.Errorf("%q can't be the subject of a token with the roles %v", c.Subject, c.Roles)
	}
	now := s.names.Now()
	token, err := s.token(claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: s.names.Issuer, Audience: jwt.ClaimStrings{s.names.Audience}, Subject: c.Subject,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
		},
		rolesClaim: s.names.RolesClaim, roles: c.Roles,
	}).SignedString(s.secret)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return token, nil
}

func (s *Secret) token(c claims) *jwt.Token {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	if s.keyID != "" {
		token.Header["kid"] = s.keyID
	}
	return token
}
