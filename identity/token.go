package identity

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/product"
)

const (
	// DefaultName is the issuer and the audience of tokens where none are named.
	DefaultName = "holdfast"
	// leeway is how far two machines' clocks may be apart.
	leeway = 30 * time.Second
	// maxTokenBytes bounds what is worth reading: tokens have less than 2 KiB.
	maxTokenBytes = 8 << 10
	// maxSubjectBytes bounds an operator's name, which journals keep.
	maxSubjectBytes = 128
)

// Names are what a token has to be from and for.
type Names struct {
	// Issuer and Audience; DefaultName where they are empty.
	Issuer, Audience string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (n Names) complete() Names {
	if n.Issuer == "" {
		n.Issuer = DefaultName
	}
	if n.Audience == "" {
		n.Audience = DefaultName
	}
	if n.Now == nil {
		n.Now = time.Now
	}
	return n
}

// parser checks all but the key. algorithms are those that the setting means and
// no others: else a public key could be taken for the secret of an HMAC.
func (n Names) parser(algorithms ...string) *jwt.Parser {
	n = n.complete()
	return jwt.NewParser(
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(n.Issuer), jwt.WithAudience(n.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(n.Now),
		jwt.WithStrictDecoding(),
	)
}

// claims are what is read of a token.
type claims struct {
	jwt.RegisteredClaims
	Role Role `json:"role"`
}

// callerOf checks a token and says whose it is.
func callerOf(parser *jwt.Parser, token string, key jwt.Keyfunc) (Caller, error) {
	if len(token) > maxTokenBytes {
		return Caller{}, fmt.Errorf("%w: it is too long", ErrInvalid)
	}
	var c claims
	if _, err := parser.ParseWithClaims(token, &c, key); err != nil {
		if errors.Is(err, ErrUnjudged) {
			return Caller{}, err
		}
		return Caller{}, fmt.Errorf("%w: %s", ErrInvalid, reason(err))
	}
	if !validSubject(c.Subject, c.Role) {
		return Caller{}, fmt.Errorf("%w: sub can't be the id of such a caller", ErrInvalid)
	}
	return Caller{Subject: c.Subject, Role: c.Role}, nil
}

// validSubject: a customer's subject is in keys and paths, an operator's in
// journals and logs alone.
func validSubject(subject string, role Role) bool {
	if role == RoleCustomer {
		return product.ValidID(subject)
	}
	return subject != "" && len(subject) <= maxSubjectBytes && utf8.ValidString(subject) &&
		product.PlainText(subject)
}

// reason says what is wrong with a token, in words that repeat nothing of it. A
// forged one learns only that it is.
func reason(err error) string {
	for _, known := range []struct {
		err  error
		text string
	}{
		{jwt.ErrTokenMalformed, "it can't be read"},
		{jwt.ErrTokenSignatureInvalid, "its signature or its algorithm is not ours"},
		{jwt.ErrTokenUnverifiable, "its key is not known"},
		{jwt.ErrTokenExpired, "it has expired"},
		{jwt.ErrTokenRequiredClaimMissing, "exp, iss or aud is missing"},
		{jwt.ErrTokenNotValidYet, "its time has not come"},
		{jwt.ErrTokenUsedBeforeIssued, "it was issued in the future"},
		{jwt.ErrTokenInvalidIssuer, "it is from another issuer"},
		{jwt.ErrTokenInvalidAudience, "it is for another audience"},
	} {
		if errors.Is(err, known.err) {
			return known.text
		}
	}
	return "its claims can't be read"
}
