package identity

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// claims are the claims that are read from a token and written into one.
type claims struct {
	jwt.RegisteredClaims
	// rolesClaim names the claim that holds the roles.
	rolesClaim string
	roles      []Role
	// machine means that the token is a client's own: no person signed in for it.
	machine bool
	// ofID means that it is an ID token, which says who signed in, but opens nothing.
	ofID bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *claims) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &c.RegisteredClaims); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	given, err := rolesIn(c.rolesClaim, all[c.rolesClaim])
	if err != nil {
		return err
	}
	for _, r := range given {
		if r.Known() {
			c.roles = append(c.roles, r)
		}
	}
	slices.Sort(c.roles)
	c.roles = slices.Compact(c.roles)
	c.machine = c.ofMachine(all)
	c.ofID = all["at_hash"] != nil || all["c_hash"] != nil // OpenID Connect Core, sections 3.1.3.6 and 3.3.2.11
	return nil
}

// ofMachine reports whether a token names its client as its subject (RFC 9068, section 2.2), or says that
// it was granted to the client itself.
func (c *claims) ofMachine(all map[string]json.RawMessage) bool {
	text := func(name string) (s string) {
		_ = json.Unmarshal(all[name], &s) // anything else is no name
		return s
	}
	return c.Subject != "" && (c.Subject == text("client_id") || c.Subject == text("azp")) || text("gty") == "client-credentials"
}

// isScope reports whether a claim's text is a list of OAuth scopes. In any other claim a
// text is one role: "not an operator" must not be an operator.
func isScope(claim string) bool { return claim == "scope" || claim == "scp" }

// rolesIn reads the roles of a claim: a text, or a list of them.
func rolesIn(claim string, value json.RawMessage) ([]Role, error) {
	if len(value) == 0 {
		return nil, nil
	}
	var many []Role
	if json.Unmarshal(value, &many) == nil {
		return many, nil
	}
	var one string
	switch err := json.Unmarshal(value, &one); {
	case err != nil:
		return nil, errors.New("the claim of roles is neither a text nor a list of texts")
	case !isScope(claim):
		return []Role{Role(one)}, nil
	}
	for scope := range strings.FieldsSeq(one) { // RFC 6749, section 3.3
		many = append(many, Role(scope))
	}
	return many, nil
}

// MarshalJSON implements json.Marshaler.
func (c claims) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(c.RegisteredClaims)
	if err != nil {
		return nil, err
	}
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	switch {
	case isScope(c.rolesClaim):
		var scopes []string
		for _, r := range c.roles {
			scopes = append(scopes, string(r))
		}
		all[c.rolesClaim] = strings.Join(scopes, " ")
	case len(c.roles) == 1:
		all[c.rolesClaim] = c.roles[0]
	default:
		all[c.rolesClaim] = c.roles
	}
	return json.Marshal(all)
}
