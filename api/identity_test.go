package api_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/identity"
)

const jwtSecret = "a secret of the tests, thirty-two bytes or more"

func verifier(t testing.TB) *identity.Secret {
	t.Helper()
	v, err := identity.NewSecret(jwtSecret, identity.Names{})
	require.NoError(t, err)
	return v
}

// token is one of the caller's, good for an hour.
func token(t testing.TB, subject string, roles ...api.Role) string {
	t.Helper()
	text, err := verifier(t).Issue(api.Caller{Subject: subject, Roles: roles}, time.Hour)
	require.NoError(t, err)
	return text
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// as adds the caller's token to a call.
func (k call) as(t testing.TB, subject string, roles ...api.Role) call {
	t.Helper()
	h := bearer(token(t, subject, roles...))
	maps.Copy(h, k.header)
	k.header = h
	return k
}

// asking is a gateway that asks for tokens.
func asking(t testing.TB, changes ...func(*api.Config)) *gateway {
	t.Helper()
	return newGateway(t, append([]func(*api.Config){func(c *api.Config) { c.Identity, c.Guests = verifier(t), guests(t) }}, changes...)...)
}

func guests(t testing.TB) *identity.Guests {
	t.Helper()
	g, err := identity.NewGuests(jwtSecret, identity.Names{}, time.Hour)
	require.NoError(t, err)
	return g
}

// asGuest adds a new guest's token to a call.
func (k call) asGuest(t testing.TB) call {
	t.Helper()
	guest, err := guests(t).New()
	require.NoError(t, err)
	return k.with(guest.Token)
}

// with adds a token to a call.
func (k call) with(token string) call {
	h := bearer(token)
	maps.Copy(h, k.header)
	k.header = h
	return k
}

// operation asks the listener of those who run the gateway.
func (g *gateway) operation(t testing.TB, path string) answer {
	t.Helper()
	w := httptest.NewRecorder()
	g.server.Operation().ServeHTTP(w, call{method: http.MethodGet, path: path}.request(t.Context(), t))
	return answer{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
}
