package settings

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/identity"
	"holdfast/web/signin"
)

func webSettings(change func(*Web)) Web {
	w := Web{
		WebSecret: "of the test of the settings, 32 bytes or more", WebURL: "https://shop.example", WebZone: "UTC",
		SignIn: SignIn{
			OIDCIssuer: "https://id.example", OIDCClient: "pages", OIDCScopes: []string{"openid"}, SessionsLimit: time.Hour,
			TokenClaims: TokenClaims{Audience: "holdfast", Roles: "role"},
		},
	}
	change(&w)
	return w
}

func TestHalfASignInIsRefused(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Web)
		says   []string
	}{
		"a client without an issuer":   {func(w *Web) { w.OIDCIssuer = "" }, []string{"HOLDFAST_OIDC_CLIENT_ID", "HOLDFAST_OIDC_ISSUER"}},
		"a secret without an issuer":   {func(w *Web) { w.OIDCIssuer, w.OIDCClient, w.OIDCSecret = "", "", "x" }, []string{"HOLDFAST_OIDC_CLIENT_SECRET", "HOLDFAST_OIDC_ISSUER"}},
		"an issuer without a client":   {func(w *Web) { w.OIDCClient = "" }, []string{"HOLDFAST_OIDC_CLIENT_ID"}},
		"an issuer that anyone can be": {func(w *Web) { w.OIDCIssuer = "http://id.example" }, []string{"HOLDFAST_OIDC_ISSUER", "https"}},
		"no URL":                       {func(w *Web) { w.OIDCIssuer = "id.example" }, []string{"HOLDFAST_OIDC_ISSUER"}},
		"pages that are nowhere":       {func(w *Web) { w.WebURL = "" }, []string{"HOLDFAST_WEB_URL"}},
		"pages that anyone can read":   {func(w *Web) { w.WebURL = "http://shop.example" }, []string{"HOLDFAST_WEB_URL", "https"}},
		"one audience for both tokens": {func(w *Web) { w.Audience = "pages" }, []string{"HOLDFAST_JWT_AUDIENCE", "HOLDFAST_OIDC_CLIENT_ID"}},
		"another parameter":            {func(w *Web) { w.OIDCAudience = "aud" }, []string{"HOLDFAST_OIDC_AUDIENCE_PARAMETER", "resource"}},
		"a session of a moment":        {func(w *Web) { w.SessionsLimit = time.Second }, []string{"HOLDFAST_SESSION_LIFETIME", "5m"}},
		"a session without an end":     {func(w *Web) { w.SessionsLimit = 0 }, []string{"HOLDFAST_SESSION_LIFETIME"}},
		"scopes with spaces":           {func(w *Web) { w.OIDCScopes = []string{"openid profile"} }, []string{"HOLDFAST_OIDC_SCOPES", "commas"}},
		"roles in the subject":         {func(w *Web) { w.Roles = "sub" }, []string{"HOLDFAST_JWT_ROLES_CLAIM"}},
	} {
		err := webSettings(row.change).Check()
		for _, says := range row.says {
			require.ErrorContains(t, err, says, name)
		}
	}
	for name, change := range map[string]func(*Web){
		"all of it":       func(w *Web) { w.OIDCSecret, w.OIDCAudience = "x", "resource" },
		"a public client": func(*Web) {},
		"on loopback":     func(w *Web) { w.OIDCIssuer, w.WebURL = "http://127.0.0.1:9000", "http://localhost:8090" },
		"none":            func(w *Web) { w.SignIn = SignIn{} },
	} {
		require.NoError(t, webSettings(change).Check(), name)
	}
}

type verifier func() (identity.Caller, error)

func (v verifier) Verify(context.Context, string) (identity.Caller, error) { return v() }

func TestPagesKnowOfACallerWhatTheyNeed(t *testing.T) {
	for name, row := range map[string]struct {
		caller identity.Caller
		err    error
		want   signin.Caller
		is     error
	}{
		"a customer":         {identity.Caller{Subject: "ada", Roles: []identity.Role{identity.RoleCustomer}}, nil, signin.Caller{Subject: "ada", Buyer: true}, nil},
		"staff":              {identity.Caller{Subject: "olga", Roles: []identity.Role{identity.RoleReadonly}}, nil, signin.Caller{Subject: "olga", Staff: true}, nil},
		"both":               {identity.Caller{Subject: "olga", Roles: []identity.Role{identity.RoleCustomer, identity.RoleSupport}}, nil, signin.Caller{Subject: "olga", Staff: true, Buyer: true}, nil},
		"a machine":          {identity.Caller{Subject: "erp"}, nil, signin.Caller{Subject: "erp"}, nil},
		"a forged token":     {identity.Caller{}, identity.ErrInvalid, signin.Caller{}, signin.ErrRefused},
		"keys that are away": {identity.Caller{}, identity.ErrUnjudged, signin.Caller{}, signin.ErrAway},
	} {
		got, err := judgeOf(verifier(func() (identity.Caller, error) { return row.caller, row.err }))(t.Context(), "a token")
		require.Equal(t, row.want, got, name)
		if row.is == nil {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, row.is, name)
		}
	}
}
