package identity

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/customer"
	"holdfast/product"
)

const (
	// DefaultName is the default issuer and audience of tokens.
	DefaultName = "holdfast"
	// leeway is how far two machines' clocks may differ.
	leeway = 30 * time.Second
	// maxTokenBytes bounds what is worth reading: tokens have less than 2 KiB.
	maxTokenBytes = 8 << 10
	// maxSubjectBytes bounds an operator's name, which journals store.
	maxSubjectBytes = 128
)

// DefaultRolesClaim is the default claim for a caller's roles.
const DefaultRolesClaim = "role"

// registered are claims with another meaning: a caller who can choose their subject must
// not choose their roles with it.
var registered = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// Names are the issuer and audience that a token must have, and the claim of its roles.
type Names struct {
	// Issuer and Audience. Default to DefaultName.
	Issuer, Audience string
	// RolesClaim is the claim that contains the roles. Defaults to DefaultRolesClaim.
	RolesClaim string
	// Now is the clock. Defaults to time.Now.
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

// reader reads tokens that are signed with one of some algorithms.
type reader struct {
	parser *jwt.Parser
	// roles is the claim that contains the roles.
	roles string
	// grants reports whether these tokens can grant a role.
	grants func(Role) bool
	// provider means that an identity provider signs them.
	provider bool
}

// reader returns a reader that checks everything but the key. It accepts only the
// algorithms of the setting: otherwise a public key could be used as the secret of an HMAC.
func (n Names) reader(algorithms ...string) (reader, error) {
	n = n.complete()
	return n.granting(func(r Role) bool { return r != RoleGuest }, algorithms...)
}

// granting is reader for tokens that can grant only some roles.
func (n Names) granting(grants func(Role) bool, algorithms ...string) (reader, error) {
	if slices.Contains(registered, n.RolesClaim) {
		return reader{}, fmt.Errorf("the claim %s (HOLDFAST_JWT_ROLES_CLAIM) can't hold roles, because it means something else; "+
			"use one such as role, roles or scope", n.RolesClaim)
	}
	return reader{roles: n.RolesClaim, grants: grants, parser: jwt.NewParser(
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(n.Issuer), jwt.WithAudience(n.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(n.Now),
		jwt.WithStrictDecoding(),
	)}, nil
}

// errCritical means that the issuer lets a token be accepted only by those who understand
// an extension (RFC 7515, section 4.1.11). None is understood here.
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
		if r.provider {
			if err := checkType(t); err != nil {
				return nil, err
			}
		}
		return key(t)
	}); err != nil {
		if errors.Is(err, ErrUnjudged) {
			return Caller{}, err
		}
		return Caller{}, fmt.Errorf("%w: %s", ErrInvalid, reason(err))
	}
	c.roles = slices.DeleteFunc(c.roles, func(role Role) bool { return !r.grants(role) })
	if r.provider {
		if c.ofID {
			return Caller{}, fmt.Errorf("%w: it is an ID token, not an access token", ErrInvalid)
		}
		c.signedIn()
	}
	if !validSubject(c.Subject, c.roles) {
		return Caller{}, fmt.Errorf("%w: sub can't be the id of such a caller", ErrInvalid)
	}
	return Caller{Subject: c.Subject, Roles: c.roles}, nil
}

// validSubject reports whether a subject is valid: a customer's is part of keys and paths, and
// never a guest's; that of staff is part of journals and logs only.
func validSubject(subject string, roles []Role) bool {
	switch {
	case slices.Contains(roles, RoleGuest):
		return customer.IsGuest(subject)
	case slices.Contains(roles, RoleCustomer):
		return customer.ValidID(subject) && !customer.IsGuest(subject)
	}
	return subject != "" && len(subject) <= maxSubjectBytes && utf8.ValidString(subject) &&
		product.PlainText(subject)
}

// reason returns what is wrong with a token, without repeating any of it. For a forged
// token it reveals nothing more.
func reason(err error) string {
	for _, known := range []struct {
		err  error
		text string
	}{
		{errCritical, "its header has a crit list, and no extension is known here"},
		{errType, "its typ is that of other tokens"},
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
