package identity

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
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

// DefaultRolesClaim is the claim that a caller's roles are read from where none is named.
const DefaultRolesClaim = "role"

// registered are claims that mean something else: whoever chooses their subject must not
// choose their roles by it.
var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// Names are what a token has to be from and for, and where its roles are.
type Names struct {
	// Issuer and Audience; DefaultName where they are empty.
	Issuer, Audience string
	// RolesClaim is the claim that holds the roles; DefaultRolesClaim where it is empty.
	RolesClaim string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

func (n Names) complete() Names {
	n.Issuer = cmp.Or(n.Issuer, DefaultName)
	n.Audience = cmp.Or(n.Audience, DefaultName)
	n.RolesClaim = cmp.Or(n.RolesClaim, DefaultRolesClaim)
	if n.Now == nil {
		n.Now = time.Now
	}
	return n
}

// reader reads tokens that are signed by one of some algorithms.
type reader struct {
	parser *jwt.Parser
	// roles is the claim that holds the roles.
	roles string
}

// reader checks all but the key. algorithms are those that the setting means and
// no others: else a public key could be taken for the secret of an HMAC.
func (n Names) reader(algorithms ...string) (reader, error) {
	n = n.complete()
	if slices.Contains(registered, n.RolesClaim) {
		return reader{}, fmt.Errorf("the claim %s (HOLDFAST_JWT_ROLES_CLAIM) can't hold roles, because it means something else; "+
			"use one such as role, roles or scope", n.RolesClaim)
	}
	return reader{roles: n.RolesClaim, parser: jwt.NewParser(
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(n.Issuer), jwt.WithAudience(n.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(n.Now),
		jwt.WithStrictDecoding(),
	)}, nil
}

// errCritical is a token that its issuer lets only those accept who understand an
// extension (RFC 7515, section 4.1.11). None is understood here.
var errCritical = errors.New("its header names critical extensions")

// caller checks a token and returns its caller.
func (r reader) caller(token string, key jwt.Keyfunc) (Caller, error) {
	if len(token) > maxTokenBytes {
		return Caller{}, fmt.Errorf("%w: it is too long", ErrInvalid)
	}
	c := claims{rolesClaim: r.roles}
	if _, err := r.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		if _, ok := t.Header["crit"]; ok {
			return nil, errCritical
		}
		return key(t)
	}); err != nil {
		if errors.Is(err, ErrUnjudged) {
			return Caller{}, err
		}
		return Caller{}, fmt.Errorf("%w: %s", ErrInvalid, reason(err))
	}
	if !validSubject(c.Subject, c.roles) {
		return Caller{}, fmt.Errorf("%w: sub can't be the id of such a caller", ErrInvalid)
	}
	return Caller{Subject: c.Subject, Roles: c.roles}, nil
}

// validSubject: a customer's subject is in keys and paths, that of staff in
// journals and logs alone.
func validSubject(subject string, roles []Role) bool {
	if slices.Contains(roles, RoleCustomer) {
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
		{errCritical, "its header has a crit list, and no extension is known here"},
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
