package signin_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"holdfast/web/session"
	"holdfast/web/signin"
)

// openID is a provider that answers as the test wants.
type openID struct {
	t      *testing.T
	key    *rsa.PrivateKey
	server *httptest.Server
	// meta changes what it says about itself.
	meta map[string]any
	// claims of ID tokens; changed by the test.
	claims jwt.MapClaims
	// token answers the token endpoint.
	token func(form url.Values, basic string) (int, map[string]any)
	asked []url.Values
	// userinfo is what it says of who has an access token.
	userinfo string
	keysAway bool
}

func start(t *testing.T) *openID {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	p := &openID{t: t, key: key}
	mux := http.NewServeMux()
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	at := p.server.URL
	p.meta = map[string]any{
		"issuer": at, "authorization_endpoint": at + "/authorize?tenant=1", "token_endpoint": at + "/token", "jwks_uri": at + "/keys",
		"end_session_endpoint": at + "/end", "revocation_endpoint": at + "/revoke", "id_token_signing_alg_values_supported": []string{"RS256"},
	}
	p.claims = jwt.MapClaims{"iss": at, "aud": "pages", "sub": "ada", "name": "Ada Byron", "exp": time.Now().Add(time.Hour).Unix()}
	p.token = func(url.Values, string) (int, map[string]any) {
		return http.StatusOK, map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 300, "refresh_token": "refresh", "id_token": p.idToken()}
	}
	answer := func(w http.ResponseWriter, status int, body any) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // the test is gone
	}
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, p.meta) })
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		if p.keysAway {
			answer(w, http.StatusServiceUnavailable, nil)
			return
		}
		answer(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
			"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // then nothing is in it
		p.asked = append(p.asked, r.PostForm)
		name, secret, _ := r.BasicAuth()
		status, body := p.token(r.PostForm, name+":"+secret)
		answer(w, status, body)
	})
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(p.userinfo)) // the test is gone
	})
	mux.HandleFunc("POST /revoke", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // then nothing is in it
		p.asked = append(p.asked, r.PostForm)
		w.WriteHeader(http.StatusOK)
	})
	return p
}

func (p *openID) idToken() string {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, p.claims)
	token.Header["kid"] = "k"
	s, err := token.SignedString(p.key)
	require.NoError(p.t, err)
	return s
}

// ada judges every access token to be hers.
func ada(context.Context, string) (signin.Caller, error) {
	return signin.Caller{Subject: "ada", Buyer: true}, nil
}

func (p *openID) config(judge signin.Judge) signin.Config {
	return signin.Config{
		Issuer: p.server.URL, ClientID: "pages", ClientSecret: "secret", Scopes: []string{"profile"}, PagesURL: "https://shop.example/",
		Audience: "holdfast", Judges: func(string) (signin.Judge, error) { return judge, nil },
	}
}

func (p *openID) discover(judge signin.Judge, changes ...func(*signin.Config)) *signin.Provider {
	p.t.Helper()
	cfg := p.config(judge)
	for _, change := range changes {
		change(&cfg)
	}
	found, err := signin.Discover(p.t.Context(), cfg)
	require.NoError(p.t, err)
	return found
}

func TestTheVisitorIsSentWithAChallenge(t *testing.T) {
	p := start(t)
	found := p.discover(ada, func(c *signin.Config) { c.AudienceParameter = "resource" })
	a := signin.NewAttempt("/orders", time.Now().Add(time.Minute))
	u, err := url.Parse(found.AuthURL(a))
	require.NoError(t, err)
	q := u.Query()
	require.Equal(t, "1", q.Get("tenant"))
	require.Equal(t, "code", q.Get("response_type"))
	require.Equal(t, "openid profile", q.Get("scope"))
	require.Equal(t, "https://shop.example/sign-in/callback", q.Get("redirect_uri"))
	require.Equal(t, "S256", q.Get("code_challenge_method"))
	require.Equal(t, oauth2.S256ChallengeFromVerifier(a.Verifier), q.Get("code_challenge"))
	require.Equal(t, a.State, q.Get("state"))
	require.Equal(t, a.Nonce, q.Get("nonce"))
	require.Equal(t, "holdfast", q.Get("resource"))
	require.NotContains(t, u.String(), a.Verifier)
	require.NotEqual(t, a.State, signin.NewAttempt("/", time.Now()).State)
}

func TestACodeIsExchangedForWhoSignedIn(t *testing.T) {
	p := start(t)
	found := p.discover(ada)
	a := signin.NewAttempt("/", time.Now().Add(time.Minute))
	p.claims["nonce"] = a.Nonce
	g, err := found.Exchange(t.Context(), a, "SplxlOBeZQQYbYS6WxSbIA", p.server.URL)
	require.NoError(t, err)
	require.Equal(t, "access", g.Token)
	require.Equal(t, session.KindCustomer, g.Kind)
	require.Equal(t, "Ada Byron", g.Name)
	require.Equal(t, "ada", g.Account.Subject)
	require.Equal(t, "refresh", g.Account.Refresh)
	require.WithinDuration(t, time.Now().Add(5*time.Minute), g.Account.Ends, 10*time.Second)
	require.WithinDuration(t, time.Now().Add(4*time.Minute), g.Account.RenewAt, 10*time.Second)
	form := p.asked[0]
	require.Equal(t, "SplxlOBeZQQYbYS6WxSbIA", form.Get("code"))
	require.Equal(t, a.Verifier, form.Get("code_verifier"))
	require.Empty(t, form.Get("client_secret"), "it is in the header")
}

func TestTheNameMayBeInTheUserinfoOnly(t *testing.T) {
	p := start(t)
	p.meta["userinfo_endpoint"] = p.server.URL + "/userinfo"
	delete(p.claims, "name")
	found := p.discover(ada)
	for body, want := range map[string]string{
		`{"sub": "ada", "name": " Ada\u202e Byron\n"}`: "Ada Byron",
		`{"sub": "bob", "name": "Bob Stone"}`:          "ada",
		`no JSON`:                                      "ada",
	} {
		a := signin.NewAttempt("/", time.Now().Add(time.Minute))
		p.claims["nonce"], p.userinfo = a.Nonce, body
		g, err := found.Exchange(t.Context(), a, "SplxlOBeZQQYbYS6WxSbIA", "")
		require.NoError(t, err)
		require.Equal(t, want, g.Name)
	}
	// Access tokens aren't sent where others could read them; 0.0.0.0 leads here, but is no loopback address.
	p.meta["userinfo_endpoint"] = strings.Replace(p.server.URL, "127.0.0.1", "0.0.0.0", 1) + "/userinfo"
	a := signin.NewAttempt("/", time.Now().Add(time.Minute))
	p.claims["nonce"], p.userinfo = a.Nonce, `{"sub": "ada", "name": "Ada Byron"}`
	g, err := p.discover(ada).Exchange(t.Context(), a, "SplxlOBeZQQYbYS6WxSbIA", "")
	require.NoError(t, err)
	require.Equal(t, "ada", g.Name)
}

func TestAPublicClientHasNoSecret(t *testing.T) {
	p := start(t)
	found := p.discover(ada, func(c *signin.Config) { c.ClientSecret = "" })
	a := signin.NewAttempt("/", time.Now().Add(time.Minute))
	p.claims["nonce"] = a.Nonce
	_, err := found.Exchange(t.Context(), a, "SplxlOBeZQQYbYS6WxSbIA", "")
	require.NoError(t, err)
	require.Equal(t, "pages", p.asked[0].Get("client_id"))
	require.False(t, p.asked[0].Has("client_secret"))
}

func TestWhatProvesNothingSignsNobodyIn(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *openID)
		judge  signin.Judge
		issuer string
		code   error
	}{
		"another attempt's ID token": {change: func(p *openID) { p.claims["nonce"] = "another" }},
		"no nonce":                   {change: func(p *openID) { delete(p.claims, "nonce") }},
		"another client's":           {change: func(p *openID) { p.claims["aud"] = "others" }},
		"for another party":          {change: func(p *openID) { p.claims["aud"], p.claims["azp"] = []string{"pages", "others"}, "others" }},
		"another issuer's":           {change: func(p *openID) { p.claims["iss"] = "https://evil.example" }},
		"expired":                    {change: func(p *openID) { p.claims["exp"] = time.Now().Add(-time.Hour).Unix() }},
		"of another access token":    {change: func(p *openID) { p.claims["at_hash"] = atHash("another") }},
		"another key's": {change: func(p *openID) {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			require.NoError(p.t, err)
			p.key = key
		}},
		"no ID token": {change: func(p *openID) {
			p.token = func(url.Values, string) (int, map[string]any) {
				return http.StatusOK, map[string]any{"access_token": "access", "token_type": "Bearer"}
			}
		}},
		"a code that was used": {change: func(p *openID) {
			p.token = func(url.Values, string) (int, map[string]any) {
				return http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "SplxlOBeZQQYbYS6WxSbIA was used"}
			}
		}},
		"an answer of another issuer": {issuer: "https://evil.example"},
		"an access token for others": {judge: func(context.Context, string) (signin.Caller, error) {
			return signin.Caller{}, signin.ErrRefused
		}},
		"a machine's access token": {judge: func(context.Context, string) (signin.Caller, error) {
			return signin.Caller{Subject: "erp"}, nil
		}},
		"keys that are away": {code: signin.ErrAway, judge: func(context.Context, string) (signin.Caller, error) {
			return signin.Caller{}, signin.ErrAway
		}},
		"keys of ID tokens that are away": {code: signin.ErrAway, change: func(p *openID) { p.keysAway = true }},
		"a provider that fails": {code: signin.ErrAway, change: func(p *openID) {
			p.token = func(url.Values, string) (int, map[string]any) { return http.StatusServiceUnavailable, map[string]any{} }
		}},
		"a client that it doesn't know": {code: signin.ErrAway, change: func(p *openID) {
			p.token = func(url.Values, string) (int, map[string]any) {
				return http.StatusUnauthorized, map[string]any{"error": "invalid_client"}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			judge := c.judge
			if judge == nil {
				judge = ada
			}
			found := p.discover(judge)
			a := signin.NewAttempt("/", time.Now().Add(time.Minute))
			p.claims["nonce"] = a.Nonce
			if c.change != nil {
				c.change(p)
			}
			_, err := found.Exchange(t.Context(), a, "SplxlOBeZQQYbYS6WxSbIA", c.issuer)
			want := c.code
			if want == nil {
				want = signin.ErrRefused
			}
			require.ErrorIs(t, err, want)
			require.NotContains(t, err.Error(), "SplxlOBeZQQYbYS6WxSbIA")
		})
	}
}

func atHash(access string) string {
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func TestARenewalKeepsWhatTheProviderGives(t *testing.T) {
	p := start(t)
	judged := error(nil)
	subject := "ada"
	found := p.discover(func(context.Context, string) (signin.Caller, error) {
		return signin.Caller{Subject: subject, Staff: true}, judged
	})
	old := session.Account{Subject: "ada", Refresh: "first", IDToken: "old"}
	p.token = func(form url.Values, basic string) (int, map[string]any) {
		require.Equal(t, "pages:secret", basic)
		require.Equal(t, "refresh_token", form.Get("grant_type"))
		require.Equal(t, "first", form.Get("refresh_token"))
		return http.StatusOK, map[string]any{"access_token": "second access", "token_type": "Bearer", "expires_in": 20, "refresh_token": "second"}
	}
	g, err := found.Renew(t.Context(), old)
	require.NoError(t, err)
	require.Equal(t, "second access", g.Token)
	require.Equal(t, session.KindStaff, g.Kind, "roles may change")
	require.Equal(t, "second", g.Account.Refresh)
	require.Equal(t, "old", g.Account.IDToken)
	require.WithinDuration(t, time.Now().Add(15*time.Second), g.Account.RenewAt, 4*time.Second)

	judged = signin.ErrAway
	g, err = found.Renew(t.Context(), old)
	require.NoError(t, err, "the first refresh token may be used up")
	require.Equal(t, "second", g.Account.Refresh)
	require.False(t, g.Judged)

	judged, subject = nil, "bob"
	_, err = found.Renew(t.Context(), old)
	require.ErrorIs(t, err, signin.ErrRefused)

	subject = "ada"
	for code, want := range map[string]error{"invalid_grant": signin.ErrRefused, "interaction_required": signin.ErrRefused, "invalid_client": signin.ErrAway, "": signin.ErrAway} {
		p.token = func(url.Values, string) (int, map[string]any) {
			return http.StatusBadRequest, map[string]any{"error": code}
		}
		_, err = found.Renew(t.Context(), old)
		require.ErrorIs(t, err, want, code)
	}
	p.server.Close()
	_, err = found.Renew(t.Context(), old)
	require.ErrorIs(t, err, signin.ErrAway)
	require.NotContains(t, err.Error(), "first")
}

func TestSigningOutIsTold(t *testing.T) {
	p := start(t)
	found := p.discover(ada)
	u, err := url.Parse(found.LeaveURL("the-id-token"))
	require.NoError(t, err)
	require.Equal(t, "/end", u.Path)
	require.Equal(t, url.Values{
		"id_token_hint": {"the-id-token"}, "client_id": {"pages"}, "post_logout_redirect_uri": {"https://shop.example/"},
	}, u.Query())
	require.NoError(t, found.Revoke(t.Context(), "refresh"))
	require.Equal(t, "refresh", p.asked[0].Get("token"))

	delete(p.meta, "end_session_endpoint")
	delete(p.meta, "revocation_endpoint")
	found = p.discover(ada)
	require.Empty(t, found.LeaveURL("x"))
	require.NoError(t, found.Revoke(t.Context(), "refresh"))
	require.Len(t, p.asked, 1)
}

func TestAProviderWhoseSecretsOthersCouldReadIsRefused(t *testing.T) {
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri"} {
		p := start(t)
		p.meta[name] = "http://id.example/x"
		_, err := signin.Discover(t.Context(), p.config(ada))
		require.ErrorContains(t, err, name)
	}
	p := start(t)
	p.meta["issuer"] = "https://evil.example"
	_, err := signin.Discover(t.Context(), p.config(ada))
	require.ErrorContains(t, err, "issuer")
	cfg := p.config(ada)
	cfg.Judges = func(string) (signin.Judge, error) { return nil, errors.New("no keys") }
	p.meta["issuer"] = p.server.URL
	_, err = signin.Discover(t.Context(), cfg)
	require.ErrorContains(t, err, "no keys")
}

func TestAnAwayProviderIsNoticed(t *testing.T) {
	p := start(t)
	now := time.Now()
	found := p.discover(ada, func(c *signin.Config) { c.Now = func() time.Time { return now } })
	p.server.Close()
	require.NoError(t, found.Reachable(t.Context()), "it answered a moment ago")
	now = now.Add(time.Minute)
	require.ErrorIs(t, found.Reachable(t.Context()), signin.ErrAway)
}

func TestCodesOfErrorsAreLoggedAndNothingElse(t *testing.T) {
	require.Equal(t, "access_denied", signin.Code("access_denied"))
	for _, odd := range []string{"", "<b>", "a b", "Error", "forged=line\n"} {
		require.Equal(t, "unknown", signin.Code(odd))
	}
}
