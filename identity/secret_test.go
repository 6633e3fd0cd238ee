package identity_test

import (
	"encoding/base64"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"holdfast/identity"
)

const secret = "a secret of the tests, thirty-two bytes or more"

// good are claims that pass; others replace some of them or, if nil, remove them.
func good(others jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss": "holdfast", "aud": "holdfast", "sub": "ada", "role": "customer",
		"exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(c, others)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func signed(t testing.TB, method jwt.SigningMethod, key any, kid string, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	if kid != "" {
		token.Header["kid"] = kid
	}
	s, err := token.SignedString(key)
	require.NoError(t, err)
	return s
}

func hs256(t testing.TB, c jwt.MapClaims) string {
	return signed(t, jwt.SigningMethodHS256, []byte(secret), "", c)
}

func ofSecret(t testing.TB, names identity.Names) *identity.Secret {
	t.Helper()
	v, err := identity.NewSecret(secret, names)
	require.NoError(t, err)
	return v
}

func TestATokenTellsItsCaller(t *testing.T) {
	v := ofSecret(t, identity.Names{})
	now := time.Now()
	for name, c := range map[string]struct {
		claims jwt.MapClaims
		want   identity.Caller
	}{
		"customer":           {nil, identity.Caller{Subject: "ada", Roles: []identity.Role{identity.RoleCustomer}}},
		"operator":           {jwt.MapClaims{"sub": "auth0|7", "role": "operator"}, identity.Caller{Subject: "auth0|7", Roles: []identity.Role{identity.RoleOperator}}},
		"several audiences":  {jwt.MapClaims{"aud": []string{"x", "holdfast"}}, identity.Caller{Subject: "ada", Roles: []identity.Role{identity.RoleCustomer}}},
		"a clock a bit late": {jwt.MapClaims{"exp": now.Add(-20 * time.Second).Unix(), "iat": now.Add(20 * time.Second).Unix(), "nbf": now.Add(20 * time.Second).Unix()}, identity.Caller{Subject: "ada", Roles: []identity.Role{identity.RoleCustomer}}},
		"a role of others":   {jwt.MapClaims{"role": "admin"}, identity.Caller{Subject: "ada"}},
		"no role":            {jwt.MapClaims{"role": nil}, identity.Caller{Subject: "ada"}},
	} {
		t.Run(name, func(t *testing.T) {
			caller, err := v.Verify(t.Context(), hs256(t, good(c.claims)))
			require.NoError(t, err)
			require.Equal(t, c.want, caller)
		})
	}
}

func TestATokenThatProvesNothingIsInvalid(t *testing.T) {
	v := ofSecret(t, identity.Names{})
	now := time.Now()
	valid := hs256(t, good(nil))
	parts := strings.Split(valid, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	for name, token := range map[string]string{
		"empty": "", "words": "let me in", "two dots": "..", "too long": strings.Repeat("x", 9000),
		"alg none":             signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "", good(nil)),
		"alg none, signed":     none + "." + parts[1] + "." + parts[2],
		"no signature":         parts[0] + "." + parts[1] + ".",
		"other claims":         parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"role":"operator"}`)) + "." + parts[2],
		"another secret":       signed(t, jwt.SigningMethodHS256, []byte(strings.Repeat("y", 40)), "", good(nil)),
		"HS512":                signed(t, jwt.SigningMethodHS512, []byte(secret), "", good(nil)),
		"expired":              hs256(t, good(jwt.MapClaims{"exp": now.Add(-40 * time.Second).Unix()})),
		"no expiry":            hs256(t, good(jwt.MapClaims{"exp": nil})),
		"expiry as a text":     hs256(t, good(jwt.MapClaims{"exp": "tomorrow"})),
		"expiry out of sense":  hs256(t, good(jwt.MapClaims{"exp": -1e300})),
		"not yet":              hs256(t, good(jwt.MapClaims{"nbf": now.Add(time.Minute).Unix()})),
		"issued in the future": hs256(t, good(jwt.MapClaims{"iat": now.Add(time.Minute).Unix()})),
		"wrong issuer":         hs256(t, good(jwt.MapClaims{"iss": "evil"})),
		"no issuer":            hs256(t, good(jwt.MapClaims{"iss": nil})),
		"wrong audience":       hs256(t, good(jwt.MapClaims{"aud": "other"})),
		"no audience":          hs256(t, good(jwt.MapClaims{"aud": nil})),
		"no subject":           hs256(t, good(jwt.MapClaims{"sub": nil})),
		"a subject of no id":   hs256(t, good(jwt.MapClaims{"sub": "a/b"})),
		"a subject of dots":    hs256(t, good(jwt.MapClaims{"sub": ".."})),
		"an operator's lines":  hs256(t, good(jwt.MapClaims{"role": "operator", "sub": "a\nb"})),
		"an operator unnamed":  hs256(t, good(jwt.MapClaims{"role": "operator", "sub": ""})),
		"a role that is none":  hs256(t, good(jwt.MapClaims{"role": 7})),
	} {
		t.Run(name, func(t *testing.T) {
			caller, err := v.Verify(t.Context(), token)
			require.ErrorIs(t, err, identity.ErrInvalid)
			require.Zero(t, caller)
			if len(token) > 20 {
				require.NotContains(t, err.Error(), token[:20])
			}
		})
	}
}

func TestTheRolesOfATokenAreThoseThatAreKnown(t *testing.T) {
	const catalog, customer, operator, readonly, support = identity.RoleCatalog, identity.RoleCustomer, identity.RoleOperator,
		identity.RoleReadonly, identity.RoleSupport
	for name, c := range map[string]struct {
		claim string
		value any
		want  []identity.Role
	}{
		"one":                               {"", "catalog", []identity.Role{catalog}},
		"several, one of them twice":        {"", []string{"support", "catalog", "support"}, []identity.Role{catalog, support}},
		"an unknown one beside a known one": {"", []string{"admin", "readonly", ""}, []identity.Role{readonly}},
		"unknown ones alone":                {"", []string{"admin", "Operator", "operator ", "root operator"}, nil},
		"a text of several words":           {"", "not an operator", nil},
		"none":                              {"", []string{}, nil},
		"null":                              {"", []any{nil}, nil},
		"scopes of OAuth":                   {"scope", "openid catalog  customer", []identity.Role{catalog, customer}},
		"scopes as a list":                  {"scp", []string{"openid", "support"}, []identity.Role{support}},
		"a scope that has a role's name":    {"scp", "shop:operator operators", nil},
		"a claim of the shop's own":         {"https://shop.example/roles", []string{"operator"}, []identity.Role{operator}},
	} {
		t.Run(name, func(t *testing.T) {
			v := ofSecret(t, identity.Names{RolesClaim: c.claim})
			given := jwt.MapClaims{"role": nil, "Role": "operator", "roles": []string{"operator"}, "ROLE": "operator"}
			if c.claim == "" {
				c.claim = "role"
			}
			given[c.claim] = c.value
			caller, err := v.Verify(t.Context(), hs256(t, good(given)))
			require.NoError(t, err)
			require.Equal(t, identity.Caller{Subject: "ada", Roles: c.want}, caller)
		})
	}
	for name, value := range map[string]any{"numbers": []int{1}, "an object": map[string]any{"operator": true}, "lists": [][]string{{"operator"}}} {
		_, err := ofSecret(t, identity.Names{}).Verify(t.Context(), hs256(t, good(jwt.MapClaims{"role": value})))
		require.ErrorIs(t, err, identity.ErrInvalid, name)
	}
	_, err := ofSecret(t, identity.Names{}).Verify(t.Context(), hs256(t, good(jwt.MapClaims{"sub": "a/b", "role": []string{"catalog", "customer"}})))
	require.ErrorIs(t, err, identity.ErrInvalid, "a customer's subject is an id, whatever else they are")
}

func TestAClaimThatMeansSomethingElseHoldsNoRoles(t *testing.T) {
	for _, claim := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"} {
		_, err := identity.NewSecret(secret, identity.Names{RolesClaim: claim})
		require.ErrorContains(t, err, "HOLDFAST_JWT_ROLES_CLAIM")
		_, err = identity.NewRemote("https://id.example/keys", identity.Names{RolesClaim: claim}, identity.DefaultKeysAge, slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, claim)
	}
}

// RFC 7515, 4.1.11: an extension that a token calls critical has to be understood, and none is
// here.
func TestATokenWithACriticalExtensionIsRefused(t *testing.T) {
	v := ofSecret(t, identity.Names{})
	for name, crit := range map[string]any{
		"an unknown extension": []string{"exp-of-others"}, "one that is registered": []string{"b64"}, "an empty list": []string{},
		"a text": "b64", "null": nil,
	} {
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, good(nil))
		token.Header["crit"], token.Header["b64"], token.Header["exp-of-others"] = crit, true, 1
		text, err := token.SignedString([]byte(secret))
		require.NoError(t, err)
		_, err = v.Verify(t.Context(), text)
		require.ErrorIs(t, err, identity.ErrInvalid, name)
		require.ErrorContains(t, err, "crit", name)
	}
}

func TestNamesAreThoseOfTheSettings(t *testing.T) {
	v := ofSecret(t, identity.Names{Issuer: "https://id.example", Audience: "shop"})
	_, err := v.Verify(t.Context(), hs256(t, good(nil)))
	require.ErrorIs(t, err, identity.ErrInvalid)
	_, err = v.Verify(t.Context(), hs256(t, good(jwt.MapClaims{"iss": "https://id.example", "aud": "shop"})))
	require.NoError(t, err)
}

func TestAnIssuedTokenIsGoodForItsTime(t *testing.T) {
	now := time.Now()
	v := ofSecret(t, identity.Names{Now: func() time.Time { return now }})
	bob := identity.Caller{Subject: "bob", Roles: []identity.Role{identity.RoleCatalog, identity.RoleCustomer}}
	for _, claim := range []string{"role", "scope"} {
		other := ofSecret(t, identity.Names{RolesClaim: claim})
		token, err := other.Issue(bob, time.Hour)
		require.NoError(t, err)
		caller, err := other.Verify(t.Context(), token)
		require.NoError(t, err)
		require.Equal(t, bob, caller, claim)
	}
	token, err := v.Issue(bob, time.Hour)
	require.NoError(t, err)
	caller, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	require.Equal(t, bob, caller)
	now = now.Add(time.Hour + time.Minute)
	_, err = v.Verify(t.Context(), token)
	require.ErrorIs(t, err, identity.ErrInvalid)
	_, err = v.Issue(identity.Caller{Subject: "a b", Roles: []identity.Role{identity.RoleCustomer}}, time.Hour)
	require.Error(t, err)
}

func TestAShortSecretIsRefused(t *testing.T) {
	_, err := identity.NewSecret(secret[:31], identity.Names{})
	require.ErrorContains(t, err, "32")
	require.NotContains(t, err.Error(), secret[:31])
}

func BenchmarkVerify(b *testing.B) {
	v := ofSecret(b, identity.Names{})
	token := hs256(b, good(nil))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}
