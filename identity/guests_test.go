package identity_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"holdfast/customer"
	"holdfast/identity"
)

func guests(t testing.TB, secret string, names identity.Names) *identity.Guests {
	t.Helper()
	g, err := identity.NewGuests(secret, names, time.Hour)
	require.NoError(t, err)
	return g
}

func TestAGuestsTokenTellsTheGuest(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	g := guests(t, secret, identity.Names{Issuer: "https://id.example", RolesClaim: "scope", Now: clock})
	first, err := g.New()
	require.NoError(t, err)
	second, err := g.New()
	require.NoError(t, err)
	require.NotEqual(t, first.ID, second.ID)
	require.True(t, customer.IsGuest(first.ID))
	require.Equal(t, now.Add(time.Hour), first.Expires)
	require.True(t, g.Claims(first.Token))

	caller, err := g.Verify(t.Context(), first.Token)
	require.NoError(t, err)
	require.Equal(t, identity.Caller{Subject: first.ID, Roles: []identity.Role{identity.RoleGuest}}, caller)
	require.True(t, caller.Guest())
	require.False(t, caller.Staff())

	now = now.Add(time.Hour + time.Minute)
	_, err = g.Verify(t.Context(), first.Token)
	require.ErrorIs(t, err, identity.ErrInvalid)
	require.ErrorContains(t, err, "expired")
}

// The keys are apart: whoever signs other tokens makes no guests, and a guest's token is no other
// one, even if both have one secret.
func TestGuestsTokensAndOthersAreKeptApart(t *testing.T) {
	g, all := guests(t, secret, identity.Names{}), ofSecret(t, identity.Names{})
	guest, err := g.New()
	require.NoError(t, err)
	_, err = all.Verify(t.Context(), guest.Token)
	require.ErrorIs(t, err, identity.ErrInvalid)

	ofGuest := func(c jwt.MapClaims) string {
		c["iss"] = "holdfast-guests"
		return signed(t, jwt.SigningMethodHS256, []byte(secret), "holdfast-guests", good(c))
	}
	for name, token := range map[string]string{
		"signed with the secret itself": ofGuest(jwt.MapClaims{"sub": guest.ID, "role": "guest"}),
		"another audience":              newGuest(t, guests(t, secret, identity.Names{Audience: "others"})),
		"another secret":                newGuest(t, guests(t, strings.Repeat("s", 32), identity.Names{})),
		"without a signature": signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "holdfast-guests", good(jwt.MapClaims{
			"iss": "holdfast-guests", "sub": guest.ID, "role": "guest",
		})),
	} {
		require.Equal(t, name != "without a signature", g.Claims(token), name)
		_, err := g.Verify(t.Context(), token)
		require.ErrorIs(t, err, identity.ErrInvalid, name)
	}
	key := hmac.New(sha256.New, []byte(secret)) // as the tokens of guests are signed
	key.Write([]byte("holdfast guests: tokens"))
	own := func(c jwt.MapClaims) string {
		c["iss"] = "holdfast-guests"
		return signed(t, jwt.SigningMethodHS256, key.Sum(nil), "holdfast-guests", good(c))
	}
	_, err = g.Verify(t.Context(), own(jwt.MapClaims{"sub": guest.ID, "role": "guest"}))
	require.NoError(t, err)
	for name, c := range map[string]jwt.MapClaims{
		"another role": {"sub": guest.ID, "role": "operator"}, "no role": {"sub": guest.ID, "role": nil}, "a customer": {"role": "guest"},
	} {
		_, err := g.Verify(t.Context(), own(c))
		require.ErrorIs(t, err, identity.ErrInvalid, name)
	}
	both, err := g.Verify(t.Context(), own(jwt.MapClaims{"sub": guest.ID, "role": []string{"guest", "operator"}}))
	require.NoError(t, err)
	require.Equal(t, []identity.Role{identity.RoleGuest}, both.Roles)

	for _, token := range []string{"", "a.b.c", hs256(t, good(nil)), strings.Repeat("a", 9000)} {
		require.False(t, g.Claims(token))
	}

	for name, c := range map[string]struct {
		claims jwt.MapClaims
		want   []identity.Role // nil is refused
	}{
		"the role guest of another issuer": {jwt.MapClaims{"role": []string{"guest", "customer"}}, []identity.Role{identity.RoleCustomer}},
		"a customer with a guest's id":     {jwt.MapClaims{"sub": guest.ID}, nil},
		"a customer with a similar id":     {jwt.MapClaims{"sub": "guest-7"}, []identity.Role{identity.RoleCustomer}},
	} {
		caller, err := all.Verify(t.Context(), hs256(t, good(c.claims)))
		if c.want == nil {
			require.ErrorIs(t, err, identity.ErrInvalid, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.want, caller.Roles, name)
	}
	caller, err := all.Verify(t.Context(), hs256(t, good(jwt.MapClaims{"role": "guest"})))
	require.NoError(t, err)
	require.Empty(t, caller.Roles, "it grants nothing")
}

func newGuest(t testing.TB, g *identity.Guests) string {
	t.Helper()
	guest, err := g.New()
	require.NoError(t, err)
	return guest.Token
}

func TestASecretOfGuestsThatCouldBeGuessedIsRefused(t *testing.T) {
	_, err := identity.NewGuests("short", identity.Names{}, time.Hour)
	require.ErrorContains(t, err, "HOLDFAST_GUEST_SECRET")
}

func TestAPseudonymRevealsNothingAndStaysTheSame(t *testing.T) {
	g := guests(t, secret, identity.Names{})
	name := g.Pseudonym("192.0.2.7")
	require.Equal(t, name, guests(t, secret, identity.Names{Issuer: "x"}).Pseudonym("192.0.2.7"), "at every gateway")
	require.NotEqual(t, name, g.Pseudonym("192.0.2.8"))
	require.NotEqual(t, name, guests(t, strings.Repeat("s", 32), identity.Names{}).Pseudonym("192.0.2.7"))
	require.Len(t, name, 32)
}
