package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/client/gatewaytest"
	"holdfast/identity"
)

const jwtSecret = "hush-hush-of-the-tests-thirty-two-bytes-or-more"

// A mistake in the settings is reported at once, without the secret that it is about.
func TestSettingsOfTheGatewayAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		says string
	}{
		"nobody could prove himself": {nil, "HOLDFAST_JWT_SECRET or HOLDFAST_JWKS_URL"},
		"two ways":                   {map[string]string{"HOLDFAST_JWT_SECRET": jwtSecret, "HOLDFAST_JWKS_URL": "https://id.example/keys"}, "either"},
		"short secret":               {map[string]string{"HOLDFAST_JWT_SECRET": "hush-too-short"}, "32"},
		"keys over plain HTTP":       {map[string]string{"HOLDFAST_JWKS_URL": "http://u:hush@id.example/keys"}, "HOLDFAST_JWKS_URL"},
		"another way":                {map[string]string{"HOLDFAST_AUTH": "basic"}, "--auth"},
		"negative limit":             {map[string]string{"HOLDFAST_RATE_LIMIT": "-1"}, "HOLDFAST_RATE_LIMIT"},
		"negative limit of payments": {map[string]string{"HOLDFAST_RATE_LIMIT_PAYMENTS": "-1"}, "HOLDFAST_RATE_LIMIT_PAYMENTS"},
		"negative limit of guests":   {map[string]string{"HOLDFAST_RATE_LIMIT_GUESTS": "-1"}, "HOLDFAST_RATE_LIMIT_GUESTS"},
		"short secret of guests":     {map[string]string{"HOLDFAST_GUEST_SECRET": "hush-too-short"}, "HOLDFAST_GUEST_SECRET"},
		"guests who can't pay":       {map[string]string{"HOLDFAST_GUEST_LIFETIME": "10m"}, "HOLDFAST_PAYMENT_WINDOW"},
		"guests for ever":            {map[string]string{"HOLDFAST_GUEST_LIFETIME": "8761h"}, "HOLDFAST_GUEST_LIFETIME"},
		"no orders of a network":     {map[string]string{"HOLDFAST_MAX_NETWORK_ORDERS": "0"}, "HOLDFAST_MAX_NETWORK_ORDERS"},
		"negative limit of coupons":  {map[string]string{"HOLDFAST_RATE_LIMIT_COUPONS": "-1"}, "HOLDFAST_RATE_LIMIT_COUPONS"},
		"keys that never age":        {map[string]string{"HOLDFAST_JWKS_URL": "https://id.example/keys", "HOLDFAST_JWKS_MAX_AGE": "0s"}, "HOLDFAST_JWKS_MAX_AGE"},
		"roles by the subject":       {map[string]string{"HOLDFAST_JWT_ROLES_CLAIM": "sub"}, "the claim sub (HOLDFAST_JWT_ROLES_CLAIM)"},
		"roles by the audience":      {map[string]string{"HOLDFAST_JWKS_URL": "https://id.example/keys", "HOLDFAST_JWT_ROLES_CLAIM": "aud"}, "HOLDFAST_JWT_ROLES_CLAIM"},
		"room for no body":           {map[string]string{"HOLDFAST_BODY_BYTES": "8388607"}, "8388608"},
		"no number":                  {map[string]string{"HOLDFAST_RATE_LIMIT_ADDRESS": "many"}, "--rate-limit-address"},
		"negative open orders":       {map[string]string{"HOLDFAST_MAX_OPEN_ORDERS": "-1"}, "HOLDFAST_MAX_OPEN_ORDERS"},
		"no lines":                   {map[string]string{"HOLDFAST_MAX_LINES": "0"}, "HOLDFAST_MAX_LINES"},
		"more lines than an order":   {map[string]string{"HOLDFAST_MAX_LINES": "2001"}, "HOLDFAST_MAX_LINES"},
		"no searches":                {map[string]string{"HOLDFAST_MAX_SEARCHES": "0"}, "HOLDFAST_MAX_SEARCHES"},
		"negative units":             {map[string]string{"HOLDFAST_MAX_UNITS": "-1"}, "HOLDFAST_MAX_UNITS"},
		"proxy by name":              {map[string]string{"HOLDFAST_TRUSTED_PROXIES": "10.0.0.1,proxy.example"}, "proxy.example"},
		"every origin":               {map[string]string{"HOLDFAST_CORS_ORIGINS": "*"}, "HOLDFAST_CORS_ORIGINS"},
		"certificate without key":    {map[string]string{"HOLDFAST_TLS_CERT": "cert.pem"}, "HOLDFAST_TLS_KEY"},
		"no certificate there":       {map[string]string{"HOLDFAST_TLS_CERT": "no.pem", "HOLDFAST_TLS_KEY": "no.key"}, "no.pem"},
		"metrics nowhere":            {map[string]string{"HOLDFAST_METRICS_ADDR": "9090"}, "HOLDFAST_METRICS_ADDR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
			t.Setenv("HOLDFAST_WEBHOOK_SECRET", gatewaytest.Secret)
			t.Setenv("HOLDFAST_SANDBOX", "true")
			if name != "nobody could prove himself" && c.env["HOLDFAST_JWKS_URL"] == "" {
				t.Setenv("HOLDFAST_JWT_SECRET", jwtSecret)
			}
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			code, _, stderr := holdfast(t, "api", "--wait", "1h")
			assert.Equal(t, exitUsage, code)
			assert.Contains(t, stderr, c.says)
			assert.NotContains(t, stderr, "hush")
			assert.NotContains(t, stderr, "TEMPORAL_ADDRESS")
		})
	}
}

func TestATokenIsTakenByWhoHasItsSecret(t *testing.T) {
	t.Setenv("HOLDFAST_JWT_SECRET", jwtSecret)
	code, stdout, stderr := holdfast(t, "token", "--role", "customer", "--subject", "ada", "--ttl", "5m")
	require.Equal(t, exitOK, code, stderr)
	v, err := identity.NewSecret(jwtSecret, identity.Names{})
	require.NoError(t, err)
	caller, err := v.Verify(t.Context(), strings.TrimSpace(stdout))
	require.NoError(t, err)
	require.Equal(t, identity.Caller{Subject: "ada", Roles: []identity.Role{identity.RoleCustomer}}, caller)

	t.Setenv("HOLDFAST_JWT_ROLES_CLAIM", "scope")
	code, stdout, stderr = holdfast(t, "token", "--role", "support,catalog", "--subject", "eve")
	require.Equal(t, exitOK, code, stderr)
	scopes, err := identity.NewSecret(jwtSecret, identity.Names{RolesClaim: "scope"})
	require.NoError(t, err)
	caller, err = scopes.Verify(t.Context(), strings.TrimSpace(stdout))
	require.NoError(t, err)
	require.Equal(t, []identity.Role{identity.RoleCatalog, identity.RoleSupport}, caller.Roles)

	t.Setenv("HOLDFAST_JWT_ISSUER", "https://id.example")
	_, stdout, _ = holdfast(t, "token", "--role", "operator", "--subject", "op")
	_, err = v.Verify(t.Context(), strings.TrimSpace(stdout))
	require.ErrorIs(t, err, identity.ErrInvalid)
	for _, args := range []string{"--role admin --subject a", "--role support,admin --subject a", "--role customer", "--subject a", "--role customer --subject a/b", "--role customer --subject a --ttl 0s"} {
		code, stdout, _ := holdfast(t, append([]string{"token"}, strings.Fields(args)...)...)
		require.Equal(t, exitUsage, code, args)
		require.Empty(t, stdout)
	}
	t.Setenv("HOLDFAST_JWT_SECRET", "")
	code, _, stderr = holdfast(t, "token", "--role", "operator", "--subject", "op")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "HOLDFAST_JWT_SECRET")
}

func TestToolsSendTheirToken(t *testing.T) {
	g, _ := gateway(t)
	sent := ""
	g.Fail = func(r *http.Request) (int, bool) {
		sent = r.Header.Get("Authorization")
		return 0, false
	}
	t.Setenv("HOLDFAST_TOKEN", "a.b.c")
	code, _, stderr := holdfast(t, "order", "show", "o1")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, "Bearer a.b.c", sent)

	t.Setenv("HOLDFAST_TOKEN", "hush.hush.hush")
	g.Fail = func(*http.Request) (int, bool) { return http.StatusUnauthorized, true }
	for _, url := range []string{g.URL, "http://" + freeAddress(t), "http://user:hush@" + freeAddress(t), "ftp://user:hush@shop.example"} {
		t.Setenv("HOLDFAST_URL", url)
		for _, args := range []string{"order show o1", "order cancel o1", "pay o1", "import ../../examples/none.jsonl"} {
			code, stdout, stderr := holdfast(t, strings.Fields(args)...)
			require.NotEqual(t, exitOK, code)
			tellsNothing(t, stdout+stderr)
		}
	}
}
