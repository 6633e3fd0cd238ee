package identity

import (
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"holdfast/customer"
)

// An identity provider knows our roles only for people who were given one, and names people as it likes.
// The rules below make callers of its tokens; see decision 51.

// tokenTypes are the typ headers of access tokens (RFC 9068, section 2.1). Many providers write JWT, or none.
var tokenTypes = []string{"", "jwt", "at+jwt", "application/at+jwt"}

// errType means that a token is of another kind, such as a logout token.
var errType = errors.New("its header has a typ of other tokens")

// checkType refuses tokens of another kind than access tokens.
func checkType(t *jwt.Token) error {
	given, there := t.Header["typ"]
	if !there {
		return nil
	}
	if name, ok := given.(string); ok && slices.Contains(tokenTypes, strings.ToLower(name)) {
		return nil
	}
	return errType
}

// signedIn applies what holds for tokens of a provider: whoever has none of our roles is a customer, and
// a subject that can't be a customer's id becomes one.
func (c *claims) signedIn() {
	if len(c.roles) == 0 && !c.machine {
		c.roles = []Role{RoleCustomer}
	}
	if slices.Contains(c.roles, RoleCustomer) && c.Subject != "" {
		c.Subject = customerID(c.Issuer, c.Subject)
	}
}

// hashPrefix is how the ids of customers begin whose subject can't be an id.
const hashPrefix = "sub-"

// customerID returns the id of a customer: their subject, if it can be one, or else a hash of issuer and subject.
// Subjects that look like a hash or a guest's id are hashed, too, so that they can't be chosen to be someone else's.
func customerID(issuer, subject string) string {
	if customer.ValidID(subject) && !strings.HasPrefix(subject, hashPrefix) && !customer.IsGuest(subject) {
		return subject
	}
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return hashPrefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))
}
