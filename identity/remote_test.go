package identity_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"holdfast/identity"
)

// issuer publishes keys, and counts how often it was asked.
type issuer struct {
	mu    sync.Mutex
	keys  map[string]crypto.PublicKey
	extra []json.RawMessage
	away  bool
	asked int
}

func (i *issuer) set(change func(*issuer)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(i)
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	if i.away {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	set := struct {
		Keys []any `json:"keys"`
	}{}
	for kid, key := range i.keys {
		jwk, err := jwkset.NewJWKFromKey(key, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: kid, USE: jwkset.UseSig}})
		if err != nil {
			panic(err)
		}
		set.Keys = append(set.Keys, jwk.Marshal())
	}
	for _, raw := range i.extra {
		set.Keys = append(set.Keys, raw)
	}
	_ = json.NewEncoder(w).Encode(set)
}

// clock stands still between the test's steps.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func remote(t *testing.T, i *issuer) (*identity.Remote, *clock, string) {
	t.Helper()
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	c := &clock{now: time.Now()}
	v, err := identity.NewRemote(server.URL, identity.Names{Now: c.Now}, identity.DefaultKeysAge, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return v, c, server.URL
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return key
}

func TestPublishedKeysVerify(t *testing.T) {
	first, second := rsaKey(t), rsaKey(t)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	i := &issuer{
		keys:  map[string]crypto.PublicKey{"r": first.Public(), "e": curve.Public()},
		extra: []json.RawMessage{[]byte(`{"kty":"FUTURE","kid":"f"}`), []byte(`{"kty":"oct","kid":"o","k":"c2VjcmV0"}`), []byte(`{"kty":"RSA","kid":"b","n":"!"}`)},
	}
	v, _, _ := remote(t, i)
	for name, token := range map[string]string{
		"RS256":  signed(t, jwt.SigningMethodRS256, first, "r", good(nil)),
		"ES256":  signed(t, jwt.SigningMethodES256, curve, "e", good(nil)),
		"no kid": signed(t, jwt.SigningMethodRS256, first, "", good(nil)),
	} {
		caller, err := v.Verify(t.Context(), token)
		require.NoError(t, err, name)
		require.Equal(t, identity.Caller{Subject: "ada", Roles: []identity.Role{identity.RoleCustomer}}, caller)
	}
	require.Equal(t, 1, i.asked)

	public, err := x509.MarshalPKIXPublicKey(first.Public())
	require.NoError(t, err)
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	for name, token := range map[string]string{
		"another key":                   signed(t, jwt.SigningMethodRS256, second, "r", good(nil)),
		"another key, no kid":           signed(t, jwt.SigningMethodRS256, second, "", good(nil)),
		"the public key as a secret":    signed(t, jwt.SigningMethodHS256, text, "r", good(nil)),
		"the same in DER":               signed(t, jwt.SigningMethodHS256, public, "r", good(nil)),
		"a symmetric key of the set":    signed(t, jwt.SigningMethodHS256, []byte("secret"), "o", good(nil)),
		"alg none":                      signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "r", good(nil)),
		"RS512":                         signed(t, jwt.SigningMethodRS512, first, "r", good(nil)),
		"PS256":                         signed(t, jwt.SigningMethodPS256, first, "r", good(nil)),
		"a key of the other kind":       signed(t, jwt.SigningMethodRS256, first, "e", good(nil)),
		"expired":                       signed(t, jwt.SigningMethodRS256, first, "r", good(jwt.MapClaims{"exp": 1})),
		"of another audience":           signed(t, jwt.SigningMethodRS256, first, "r", good(jwt.MapClaims{"aud": "x"})),
		"a key that the issuer has not": signed(t, jwt.SigningMethodRS256, second, "s", good(nil)),
	} {
		_, err := v.Verify(t.Context(), token)
		require.ErrorIs(t, err, identity.ErrInvalid, name)
	}
	require.Equal(t, 1, i.asked, "made-up key names are no load on the issuer")
}

func TestANewKeyIsFetchedAndATakenOneForgotten(t *testing.T) {
	first, second := rsaKey(t), rsaKey(t)
	i := &issuer{keys: map[string]crypto.PublicKey{"1": first.Public()}}
	v, clock, _ := remote(t, i)
	of1, of2 := signed(t, jwt.SigningMethodRS256, first, "1", good(nil)), signed(t, jwt.SigningMethodRS256, second, "2", good(nil))
	_, err := v.Verify(t.Context(), of1)
	require.NoError(t, err)
	i.set(func(i *issuer) { i.keys = map[string]crypto.PublicKey{"2": second.Public()} })
	_, err = v.Verify(t.Context(), of2)
	require.ErrorIs(t, err, identity.ErrInvalid, "asked a moment ago")
	clock.add(6 * time.Second)
	_, err = v.Verify(t.Context(), of2)
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), of1)
	require.ErrorIs(t, err, identity.ErrInvalid)

	i.set(func(i *issuer) { i.away = true })
	clock.add(6 * time.Second)
	_, err = v.Verify(t.Context(), of1)
	require.ErrorIs(t, err, identity.ErrUnjudged, "it may be a new key")
	_, err = v.Verify(t.Context(), of2)
	require.NoError(t, err, "a key that is known needs no issuer")
}

func TestAnIssuerThatIsAwayAtFirst(t *testing.T) {
	key := rsaKey(t)
	i := &issuer{away: true, keys: map[string]crypto.PublicKey{"1": key.Public()}}
	v, clock, _ := remote(t, i)
	token := signed(t, jwt.SigningMethodRS256, key, "1", good(nil))
	for range 3 {
		_, err := v.Verify(t.Context(), token)
		require.ErrorIs(t, err, identity.ErrUnjudged)
	}
	require.Equal(t, 1, i.asked)
	_, err := v.Verify(t.Context(), "nonsense")
	require.ErrorIs(t, err, identity.ErrInvalid, "for that no key is needed")

	i.set(func(i *issuer) { i.away = false })
	clock.add(6 * time.Second)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); v.Run(ctx) }()
	require.Eventually(t, func() bool {
		_, err := v.Verify(t.Context(), token)
		return err == nil
	}, 5*time.Second, 5*time.Millisecond)
	stop()
	<-ended
}

func TestManyAskTheIssuerOnce(t *testing.T) {
	key := rsaKey(t)
	i := &issuer{keys: map[string]crypto.PublicKey{"1": key.Public()}}
	v, _, _ := remote(t, i)
	token := signed(t, jwt.SigningMethodRS256, key, "1", good(nil))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := v.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 1, i.asked)
}

func TestOnlyTheIssuerItselfIsAsked(t *testing.T) {
	for _, bad := range []string{"", "jwks.json", "http://id.example/keys", "ftp://id.example/keys", "https://", "http://u:pw-of-it@id.example"} {
		_, err := identity.NewRemote(bad, identity.Names{}, identity.DefaultKeysAge, slog.New(slog.DiscardHandler))
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "pw-of-it")
	}
	key := rsaKey(t)
	_, _, elsewhere := remote(t, &issuer{keys: map[string]crypto.PublicKey{"1": key.Public()}})
	server := httptest.NewServer(http.RedirectHandler(elsewhere, http.StatusFound))
	defer server.Close()
	var log bytes.Buffer
	v, err := identity.NewRemote(server.URL+"/?key=of-the-url", identity.Names{}, identity.DefaultKeysAge, slog.New(slog.NewJSONHandler(&log, nil)))
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), signed(t, jwt.SigningMethodRS256, key, "1", good(nil)))
	require.ErrorIs(t, err, identity.ErrUnjudged)
	require.NotContains(t, err.Error(), "of-the-url")
}

func TestKeysAreRefusedOnceTheIssuerIsAwayTooLong(t *testing.T) {
	key := rsaKey(t)
	i := &issuer{keys: map[string]crypto.PublicKey{"1": key.Public()}}
	v, clock, _ := remote(t, i)
	// Valid for a week: what is refused are the keys.
	token := signed(t, jwt.SigningMethodRS256, key, "1", good(jwt.MapClaims{"exp": clock.Now().Add(7 * 24 * time.Hour).Unix()}))
	_, err := v.Verify(t.Context(), token)
	require.NoError(t, err)
	i.set(func(i *issuer) { i.away = true }) // and withdraws the key meanwhile
	clock.add(identity.DefaultKeysAge - time.Second)
	_, err = v.Verify(t.Context(), token)
	require.NoError(t, err)
	clock.add(time.Second)
	for range 2 {
		_, err = v.Verify(t.Context(), token)
		require.ErrorIs(t, err, identity.ErrUnjudged)
	}
	asked := i.asked
	clock.add(time.Second)
	_, err = v.Verify(t.Context(), token)
	require.ErrorIs(t, err, identity.ErrUnjudged)
	require.Equal(t, asked, i.asked, "it is not asked for each token")

	i.set(func(i *issuer) { i.away = false })
	clock.add(5 * time.Second)
	_, err = v.Verify(t.Context(), token)
	require.NoError(t, err, "it is back, and the key still there")
	clock.add(identity.DefaultKeysAge - time.Second)
	_, err = v.Verify(t.Context(), token)
	require.NoError(t, err, "as long again")
}

func TestTheAgeOfKeysHasBounds(t *testing.T) {
	for age, ok := range map[time.Duration]bool{
		-1: false, time.Second: false, identity.MinKeysAge - 1: false, identity.MinKeysAge: true,
		0: false, identity.MaxKeysAge: true, identity.MaxKeysAge + 1: false,
	} {
		_, err := identity.NewRemote("https://id.example/keys", identity.Names{}, age, slog.New(slog.DiscardHandler))
		require.Equal(t, ok, err == nil, "%s", age)
		if err != nil {
			require.ErrorContains(t, err, "HOLDFAST_JWKS_MAX_AGE")
		}
	}
}
