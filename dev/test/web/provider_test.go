package web_test

import (
	"context"
	"html/template"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"
)

const (
	clientID     = "holdfast-web"
	clientSecret = "of the pages at the provider"
	audience     = "holdfast"
	password     = "of the test"
)

// people are those who can sign in, with their roles at the provider.
var people = map[string]struct {
	user  storage.User
	roles any
}{
	// Her subject can't be a customer's id.
	"ada":  {storage.User{ID: "auth0|ada", Username: "ada", FirstName: "Ada", LastName: "Byron"}, []string{"default-roles-shop"}},
	"bob":  {storage.User{ID: "bob-1", Username: "bob", FirstName: "Bob", LastName: "Stone"}, nil},
	"olga": {storage.User{ID: "olga-1", Username: "olga", FirstName: "Olga", LastName: "Marsh"}, []string{"operator"}},
}

// openID is an OpenID provider: zitadel's, with the storage of its example, and tokens as the API wants them.
type openID struct {
	*storage.Storage
	URL       string
	redirects []string
	leave     []string

	mu sync.Mutex
	// lasts is how long access tokens are good for.
	lasts    time.Duration
	renewals int
	away     bool
}

// startProvider starts a provider for pages at these addresses.
func startProvider(t *testing.T, pages ...string) *openID {
	t.Helper()
	p := &openID{Storage: storage.NewStorage(users{}), lasts: time.Hour}
	for _, at := range pages {
		p.redirects = append(p.redirects, at+"/sign-in/callback")
		p.leave = append(p.leave, at+"/")
	}
	server := httptest.NewUnstartedServer(nil)
	p.URL = "http://" + server.Listener.Addr().String()
	storage.RegisterClients(storage.WebClient(clientID, clientSecret, p.redirects...))
	provider, err := op.NewProvider(&op.Config{
		CryptoKey: [32]byte([]byte("of the test of signing in, 32 b.")), CodeMethodS256: true, GrantTypeRefreshToken: true,
		SupportedUILocales: []language.Tag{language.English},
	}, p, op.StaticIssuer(p.URL), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login/username", p.loginPage)
	mux.Handle("POST /login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(p.login(op.AuthCallbackURL(provider))))
	mux.Handle("/", provider)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.isAway() {
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	})
	server.Start()
	t.Cleanup(server.Close)
	return p
}

func (p *openID) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *openID) isAway() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.away
}

func (p *openID) renewed() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.renewals
}

var loginForm = template.Must(template.New("").Parse(`<!DOCTYPE html><html lang="en"><title>Provider</title><h1>Provider</h1>
<form method="post"><input type="hidden" name="id" value="{{.}}"><input id="username" name="username"><input id="password" name="password" type="password">
<button id="go">Sign in</button></form>`))

func (p *openID) loginPage(w http.ResponseWriter, r *http.Request) {
	_ = loginForm.Execute(w, r.URL.Query().Get("authRequestID")) // a browser that is gone
}

func (p *openID) login(back func(context.Context, string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := r.PostFormValue("id")
		if err := p.CheckUsernamePassword(r.PostFormValue("username"), r.PostFormValue("password"), id); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.Redirect(w, r, back(r.Context(), id), http.StatusFound)
	}
}

// users are the people that the provider's storage knows.
type users struct{}

func (users) GetUserByUsername(name string) *storage.User {
	p, ok := people[name]
	if !ok {
		return nil
	}
	p.user.Password = password
	return &p.user
}

func (users) GetUserByID(id string) *storage.User {
	for _, p := range people {
		if p.user.ID == id {
			return &p.user
		}
	}
	return nil
}

func (users) ExampleClientID() string { return "service" }

// The storage of the example gives opaque tokens for the client. The API takes signed ones for itself.

type jwtClient struct {
	op.Client
	p *openID
}

func (c jwtClient) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeJWT }
func (c jwtClient) RedirectURIs() []string               { return c.p.redirects }
func (c jwtClient) PostLogoutRedirectURIs() []string     { return c.p.leave }
func (c jwtClient) IDTokenUserinfoClaimsAssertion() bool { return true }
func (c jwtClient) DevMode() bool                        { return true } // plain http

func (p *openID) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := p.Storage.GetClientByClientID(ctx, id)
	return jwtClient{c, p}, err
}

type authRequest struct{ *storage.AuthRequest }

func (authRequest) GetAudience() []string { return []string{audience} }

type refreshRequest struct{ op.RefreshTokenRequest }

func (refreshRequest) GetAudience() []string { return []string{audience} }

func forAudience(r op.AuthRequest, err error) (op.AuthRequest, error) {
	if own, ok := r.(*storage.AuthRequest); ok && err == nil {
		return authRequest{own}, nil
	}
	return r, err
}

func (p *openID) AuthRequestByID(ctx context.Context, id string) (op.AuthRequest, error) {
	return forAudience(p.Storage.AuthRequestByID(ctx, id))
}

func (p *openID) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	return forAudience(p.Storage.AuthRequestByCode(ctx, code))
}

func (p *openID) TokenRequestByRefreshToken(ctx context.Context, token string) (op.RefreshTokenRequest, error) {
	r, err := p.Storage.TokenRequestByRefreshToken(ctx, token)
	if err != nil {
		return nil, err
	}
	return refreshRequest{r}, nil
}

func (p *openID) CreateAccessAndRefreshTokens(ctx context.Context, r op.TokenRequest, current string) (string, string, time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if current != "" {
		p.renewals++
	}
	switch wrapped := r.(type) {
	case authRequest:
		r = wrapped.AuthRequest
	case refreshRequest:
		r = wrapped.RefreshTokenRequest
	}
	id, refresh, _, err := p.Storage.CreateAccessAndRefreshTokens(ctx, r, current)
	return id, refresh, time.Now().Add(p.lasts), err
}

func (p *openID) GetPrivateClaimsFromScopes(_ context.Context, userID, _ string, _ []string) (map[string]any, error) {
	for _, someone := range people {
		if someone.user.ID == userID && someone.roles != nil {
			return map[string]any{"role": someone.roles}, nil
		}
	}
	return nil, nil
}

// revokeAll ends all refresh tokens of a person, as when an administrator signs them out.
func (p *openID) revokeAll(t *testing.T, name string) {
	t.Helper()
	require.NoError(t, p.TerminateSession(t.Context(), people[name].user.ID, clientID))
}
