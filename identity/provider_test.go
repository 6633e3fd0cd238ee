package identity_test

import (
	"crypto"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"holdfast/customer"
	"holdfast/identity"
	"holdfast/product"
)

func TestWhoeverAProviderSignsInIsACustomerUnlessTheyHaveARole(t *testing.T) {
	const customer, operator, support = identity.RoleCustomer, identity.RoleOperator, identity.RoleSupport
	key := rsaKey(t)
	v, _, _ := remote(t, &issuer{keys: map[string]crypto.PublicKey{"k": key.Public()}})
	for name, c := range map[string]struct {
		claims jwt.MapClaims
		want   []identity.Role
	}{
		"no claim of roles":           {jwt.MapClaims{"role": nil}, []identity.Role{customer}},
		"none in it":                  {jwt.MapClaims{"role": []string{}}, []identity.Role{customer}},
		"a provider's own roles":      {jwt.MapClaims{"role": []string{"offline_access", "default-roles-shop"}}, []identity.Role{customer}},
		"roles that look like ours":   {jwt.MapClaims{"role": []string{"Operator", "operator ", "operators", "admin"}}, []identity.Role{customer}},
		"one text that names several": {jwt.MapClaims{"role": "operator support"}, []identity.Role{customer}},
		"a guest's role":              {jwt.MapClaims{"role": "guest"}, []identity.Role{customer}},
		"ours beside others":          {jwt.MapClaims{"role": []string{"offline_access", "support"}}, []identity.Role{support}},
		"an operator who buys":        {jwt.MapClaims{"role": []string{"operator", "customer"}}, []identity.Role{customer, operator}},
		"of an application":           {jwt.MapClaims{"role": nil, "azp": "shop", "client_id": "shop"}, []identity.Role{customer}},
		"a client's own":              {jwt.MapClaims{"role": nil, "client_id": "ada"}, nil},
		"a client's own, by azp":      {jwt.MapClaims{"role": "admin", "azp": "ada"}, nil},
		"a client's own, by its kind": {jwt.MapClaims{"role": nil, "gty": "client-credentials"}, nil},
		"a client with a role":        {jwt.MapClaims{"role": "operator", "client_id": "ada"}, []identity.Role{operator}},
	} {
		t.Run(name, func(t *testing.T) {
			caller, err := v.Verify(t.Context(), signed(t, jwt.SigningMethodRS256, key, "k", good(c.claims)))
			require.NoError(t, err)
			require.Equal(t, identity.Caller{Subject: "ada", Roles: c.want}, caller)
		})
	}
}

func TestASubjectThatCantBeAnIDBecomesAHash(t *testing.T) {
	key := rsaKey(t)
	v, _, _ := remote(t, &issuer{keys: map[string]crypto.PublicKey{"k": key.Public()}})
	verify := func(subject string, claims jwt.MapClaims) (identity.Caller, error) {
		claims["sub"] = subject
		return v.Verify(t.Context(), signed(t, jwt.SigningMethodRS256, key, "k", good(claims)))
	}
	caller, err := verify("auth0|64f1", jwt.MapClaims{})
	require.NoError(t, err)
	require.Equal(t, "sub-vbmfdsc7avjw4dw4gjzxpowofb32vaz4llh2xlzogkahxa53o3xa", caller.Subject, "it never changes: orders belong to it")
	seen := map[string]string{}
	for _, subject := range []string{
		"auth0|64f1", "auth0|64f2", "a/b", "..", " ada", "ada@shop.example", "张三", strings.Repeat("x", 65), strings.Repeat("x", 300),
		caller.Subject, "sub-x", customer.GuestID("AAAAAAAAAAAAAAAAAAAAAAAAAA"), "a\nb", "me",
	} {
		caller, err := verify(subject, jwt.MapClaims{})
		require.NoError(t, err, subject)
		require.NotEqual(t, subject, caller.Subject)
		require.True(t, product.ValidID(caller.Subject), caller.Subject)
		require.False(t, customer.IsGuest(caller.Subject))
		require.Empty(t, seen[caller.Subject], subject)
		seen[caller.Subject] = subject
	}
	for _, subject := range []string{"ada", "64f1c0de-0000-4000-8000-000000000000", "guest-7", "Sub-x"} {
		caller, err := verify(subject, jwt.MapClaims{"role": nil})
		require.NoError(t, err, subject)
		require.Equal(t, subject, caller.Subject)
	}
	staff, err := verify("auth0|64f1", jwt.MapClaims{"role": "operator"})
	require.NoError(t, err)
	require.Equal(t, "auth0|64f1", staff.Subject, "journals name staff as their provider does")
	_, err = verify("", jwt.MapClaims{})
	require.ErrorIs(t, err, identity.ErrInvalid)
	_, err = verify("a\nb", jwt.MapClaims{"role": "operator"})
	require.ErrorIs(t, err, identity.ErrInvalid)
}

func TestOnlyAccessTokensOpenTheAPI(t *testing.T) {
	key := rsaKey(t)
	v, _, _ := remote(t, &issuer{keys: map[string]crypto.PublicKey{"k": key.Public()}})
	of := func(typ any, claims jwt.MapClaims) string {
		token := jwt.NewWithClaims(jwt.SigningMethodRS256, good(claims))
		token.Header["kid"] = "k"
		if token.Header["typ"] = typ; typ == nil {
			delete(token.Header, "typ")
		}
		s, err := token.SignedString(key)
		require.NoError(t, err)
		return s
	}
	for _, typ := range []any{nil, "", "JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"} {
		_, err := v.Verify(t.Context(), of(typ, nil))
		require.NoError(t, err, typ)
	}
	for _, typ := range []any{"logout+jwt", "secevent+jwt", "dpop+jwt", "at", 7} {
		_, err := v.Verify(t.Context(), of(typ, nil))
		require.ErrorIs(t, err, identity.ErrInvalid, typ)
		require.ErrorContains(t, err, "typ")
	}
	for _, claim := range []string{"at_hash", "c_hash"} {
		_, err := v.Verify(t.Context(), of("JWT", jwt.MapClaims{claim: "x"}))
		require.ErrorIs(t, err, identity.ErrInvalid)
		require.ErrorContains(t, err, "ID token")
	}
}
