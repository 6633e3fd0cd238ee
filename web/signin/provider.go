package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	// askTimeout bounds each call of the provider.
	askTimeout = 5 * time.Second
	// reachableFor is how long an answer proves that the provider can be reached.
	reachableFor = 15 * time.Second
)

// Provider is an OpenID provider that was discovered.
type Provider struct {
	cfg   Config
	oauth oauth2.Config
	// userinfo asks who an access token is of; nil if that can't be asked, or others could read the token.
	userinfo func(context.Context, oauth2.TokenSource) (*oidc.UserInfo, error)
	ids      *oidc.IDTokenVerifier
	judge    Judge
	http     *http.Client
	meta     metadata

	mu      sync.Mutex
	reached time.Time // when it was last reached
}

// metadata is what a provider says about itself.
type metadata struct {
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Keys          string   `json:"jwks_uri"`
	EndSession    string   `json:"end_session_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
}

// Discover asks the provider how it is used.
func Discover(ctx context.Context, cfg Config) (*Provider, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	p := &Provider{cfg: cfg, http: &http.Client{
		Timeout: askTimeout,
		// Secrets and codes go where the provider's own description says, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	found, err := oidc.NewProvider(p.with(ctx), cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("ask %s/.well-known/openid-configuration: %w", strings.TrimSuffix(cfg.Issuer, "/"), brief(err))
	}
	if err := found.Claims(&p.meta); err != nil {
		return nil, fmt.Errorf("read what the provider says about itself: %w", err)
	}
	for name, at := range map[string]string{
		"authorization_endpoint": p.meta.Authorization, "token_endpoint": p.meta.Token, "jwks_uri": p.meta.Keys,
	} {
		if !Private(at) {
			return nil, fmt.Errorf("the provider's %s must be https, or http on loopback, not %q", name, at)
		}
	}
	for _, at := range []*string{&p.meta.EndSession, &p.meta.Revocation} {
		if !Private(*at) {
			*at = "" // it can do without
		}
	}
	p.oauth = oauth2.Config{
		ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret, Endpoint: found.Endpoint(),
		RedirectURL: strings.TrimSuffix(cfg.PagesURL, "/") + CallbackPath, Scopes: scopes(cfg.Scopes),
	}
	p.oauth.Endpoint.AuthStyle = p.authStyle()
	if Private(found.UserInfoEndpoint()) {
		p.userinfo = found.UserInfo
	}
	p.ids = found.Verifier(&oidc.Config{ClientID: cfg.ClientID, Now: cfg.Now})
	if p.judge, err = cfg.Judges(p.meta.Keys); err != nil {
		return nil, err
	}
	p.reached = cfg.Now()
	return p, nil
}

// mostError is how much of an error is worth logging: some have the whole page that was answered.
const mostError = 300

func brief(err error) error {
	if text := err.Error(); len(text) > mostError {
		return errors.New(strings.ToValidUTF8(text[:mostError], "") + "…")
	}
	return err
}

// with makes the libraries use our client.
func (p *Provider) with(ctx context.Context) context.Context { return oidc.ClientContext(ctx, p.http) }

func scopes(given []string) []string {
	if slices.Contains(given, oidc.ScopeOpenID) {
		return given
	}
	return append([]string{oidc.ScopeOpenID}, given...)
}

// authStyle is how the client proves who it is. Trying one way and then the other could use up a code or a
// refresh token.
func (p *Provider) authStyle() oauth2.AuthStyle {
	basic := len(p.meta.AuthMethods) == 0 || slices.Contains(p.meta.AuthMethods, "client_secret_basic")
	if p.cfg.ClientSecret != "" && basic {
		return oauth2.AuthStyleInHeader
	}
	return oauth2.AuthStyleInParams
}

// Private reports whether a URL is https, or http on loopback: what others can't read or change.
func Private(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || (u.Scheme == "http" && (u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())))
}

// Reachable returns ErrAway if the provider doesn't answer: a visitor who was sent there would see no page.
func (p *Provider) Reachable(ctx context.Context) error {
	p.mu.Lock()
	recent := p.cfg.Now().Sub(p.reached) < reachableFor
	p.mu.Unlock()
	if recent {
		return nil
	}
	at := strings.TrimSuffix(p.cfg.Issuer, "/") + "/.well-known/openid-configuration"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return err
	}
	res, err := p.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAway, withoutURL(err))
	}
	defer res.Body.Close()                                        //nolint:errcheck // it was only read
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 256<<10)) // so that the connection can be used again
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: it answers %d", ErrAway, res.StatusCode)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reached = p.cfg.Now()
	return nil
}

// AuthURL is where the visitor signs in.
func (p *Provider) AuthURL(a Attempt) string {
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier), oidc.Nonce(a.Nonce)}
	if p.cfg.AudienceParameter != "" {
		options = append(options, oauth2.SetAuthURLParam(p.cfg.AudienceParameter, p.cfg.Audience))
	}
	return p.oauth.AuthCodeURL(a.State, options...)
}

// LeaveURL is where the visitor's session at the provider ends; empty if it can't be ended from here.
func (p *Provider) LeaveURL(idToken string) string {
	u, err := url.Parse(p.meta.EndSession)
	if err != nil || p.meta.EndSession == "" {
		return ""
	}
	q := u.Query()
	q.Set("client_id", p.cfg.ClientID)
	q.Set("post_logout_redirect_uri", strings.TrimSuffix(p.cfg.PagesURL, "/")+"/")
	if idToken != "" {
		q.Set("id_token_hint", idToken)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// Revoke ends a refresh token, if the provider takes that: some outlive the visitor's session there.
func (p *Provider) Revoke(ctx context.Context, refresh string) error {
	if p.meta.Revocation == "" || refresh == "" {
		return nil
	}
	form := url.Values{"token": {refresh}, "token_type_hint": {"refresh_token"}}
	if p.oauth.Endpoint.AuthStyle == oauth2.AuthStyleInParams {
		form.Set("client_id", p.cfg.ClientID)
		if p.cfg.ClientSecret != "" {
			form.Set("client_secret", p.cfg.ClientSecret)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.meta.Revocation, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if p.oauth.Endpoint.AuthStyle == oauth2.AuthStyleInHeader {
		req.SetBasicAuth(url.QueryEscape(p.cfg.ClientID), url.QueryEscape(p.cfg.ClientSecret))
	}
	res, err := p.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAway, withoutURL(err))
	}
	defer res.Body.Close() //nolint:errcheck // it isn't read
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: the revocation endpoint answers %d", ErrRefused, res.StatusCode)
	}
	return nil
}

// withoutURL drops the address, which may have secrets in its query.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// endOf is when a token expires, by its own claim; zero if it has none.
func endOf(token string) time.Time {
	var claims struct {
		Exp float64 `json:"exp"`
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	b, err := decodeSegment(parts[1])
	if err != nil || json.Unmarshal(b, &claims) != nil || claims.Exp <= 0 || claims.Exp > 1e12 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Exp), 0)
}
