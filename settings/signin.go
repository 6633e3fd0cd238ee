package settings

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"holdfast/identity"
	"holdfast/web/signin"
)

// SignIn says where visitors of the pages sign in.
type SignIn struct {
	OIDCIssuer    string        `name:"oidc-issuer" env:"HOLDFAST_OIDC_ISSUER" placeholder:"URL" unset:"none: visitors can't sign in" help:"Issuer of the OpenID provider that visitors sign in at, as its tokens name it. It is discovered at URL/.well-known/openid-configuration. The gateway's HOLDFAST_JWT_ISSUER is the same."`
	OIDCClient    string        `name:"oidc-client-id" env:"HOLDFAST_OIDC_CLIENT_ID" placeholder:"ID" help:"Client id of the pages at the provider. Its redirect URI is HOLDFAST_WEB_URL and /sign-in/callback."`
	OIDCSecret    string        `name:"oidc-client-secret" env:"HOLDFAST_OIDC_CLIENT_SECRET" secret:"" example:"the secret of the client" unset:"none: the client is public, and PKCE alone protects its codes" help:"Client secret of the pages at the provider."`
	OIDCScopes    []string      `name:"oidc-scopes" env:"HOLDFAST_OIDC_SCOPES" default:"openid,profile,email" help:"Scopes that are asked for, separated by commas. Many providers give a refresh token only for offline_access; without one visitors are signed out when their access token ends."`
	OIDCAudience  string        `name:"oidc-audience-parameter" env:"HOLDFAST_OIDC_AUDIENCE_PARAMETER" placeholder:"NAME" unset:"none" help:"Parameter that asks the provider for a token for HOLDFAST_JWT_AUDIENCE, if it needs one: audience or resource."`
	SessionsLimit time.Duration `name:"session-lifetime" env:"HOLDFAST_SESSION_LIFETIME" default:"24h" help:"How long a visitor stays signed in at most, ${min_session} to ${max_session}."`
	TokenClaims
}

// The bounds of a session.
const (
	MinSessionLifetime = 5 * time.Minute
	MaxSessionLifetime = 30 * 24 * time.Hour
)

// audienceParameters are those that providers know: audience is Auth0's and others', resource is RFC 8707's.
var audienceParameters = []string{"", "audience", "resource"}

// checkSignIn reports the first mistake in the settings of the sign-in.
func (w Web) checkSignIn() error {
	switch {
	case w.OIDCIssuer == "" && w.OIDCClient != "":
		return errors.New("HOLDFAST_OIDC_CLIENT_ID is set, but HOLDFAST_OIDC_ISSUER isn't: set both, or neither if visitors don't sign in")
	case w.OIDCIssuer == "" && w.OIDCSecret != "":
		return errors.New("HOLDFAST_OIDC_CLIENT_SECRET is set, but HOLDFAST_OIDC_ISSUER isn't: set both, or neither if visitors don't sign in")
	case w.OIDCIssuer == "":
		return nil
	case w.OIDCClient == "":
		return errors.New("HOLDFAST_OIDC_ISSUER is set, but HOLDFAST_OIDC_CLIENT_ID isn't: visitors can't sign in without a client id")
	case !signin.Private(w.OIDCIssuer):
		return errors.New("--oidc-issuer (HOLDFAST_OIDC_ISSUER) must be https://HOST, or http on loopback: anyone in between could sign in as anyone")
	case w.WebURL == "":
		return errors.New("HOLDFAST_OIDC_ISSUER is set, but HOLDFAST_WEB_URL isn't: the provider has to know where visitors come back to")
	case !signin.Private(w.WebURL):
		return errors.New("--web-url (HOLDFAST_WEB_URL) must be https://HOST, or http on loopback, for visitors to sign in: their sessions could be stolen")
	case w.OIDCClient == w.Audience:
		return errors.New("HOLDFAST_OIDC_CLIENT_ID and HOLDFAST_JWT_AUDIENCE are the same: ID tokens, which are for the client, would look like access tokens; " +
			"give the API an audience of its own at the provider")
	case !slices.Contains(audienceParameters, w.OIDCAudience):
		return fmt.Errorf("--oidc-audience-parameter (HOLDFAST_OIDC_AUDIENCE_PARAMETER) is audience or resource, or nothing, not %q", w.OIDCAudience)
	case w.SessionsLimit < MinSessionLifetime || w.SessionsLimit > MaxSessionLifetime:
		return fmt.Errorf("--session-lifetime (HOLDFAST_SESSION_LIFETIME) is %s to %s, not %s",
			duration(MinSessionLifetime), duration(MaxSessionLifetime), duration(w.SessionsLimit))
	case slices.ContainsFunc(w.OIDCScopes, func(s string) bool { return s == "" || strings.ContainsAny(s, " \t\n\"\\") }):
		return errors.New("--oidc-scopes (HOLDFAST_OIDC_SCOPES) are separated by commas, such as openid,profile,offline_access")
	}
	_, err := w.judge("https://provider.invalid/keys", slog.New(slog.DiscardHandler)) // it asks nobody yet
	return err
}

// Provider returns what signs visitors in, before it is discovered, or nil if nothing does.
func (w Web) Provider(log *slog.Logger) *signin.Config {
	if w.OIDCIssuer == "" {
		return nil
	}
	return &signin.Config{
		Issuer: w.OIDCIssuer, ClientID: w.OIDCClient, ClientSecret: w.OIDCSecret, Scopes: w.OIDCScopes,
		Audience: w.Audience, AudienceParameter: w.OIDCAudience, PagesURL: w.WebURL,
		Judges: func(keysURL string) (signin.Judge, error) { return w.judge(keysURL, log) },
	}
}

// judge verifies access tokens exactly as the gateway does.
func (w Web) judge(keysURL string, log *slog.Logger) (signin.Judge, error) {
	names := identity.Names{Issuer: w.OIDCIssuer, Audience: w.Audience, RolesClaim: w.Roles}
	keys, err := identity.NewRemote(keysURL, names, identity.DefaultKeysAge, log)
	if err != nil {
		return nil, err
	}
	return judgeOf(keys), nil
}

// judgeOf says of callers what the pages have to know.
func judgeOf(keys identity.Verifier) signin.Judge {
	return func(ctx context.Context, token string) (signin.Caller, error) {
		c, err := keys.Verify(ctx, token)
		switch {
		case errors.Is(err, identity.ErrInvalid):
			return signin.Caller{}, fmt.Errorf("%w: %w", signin.ErrRefused, err)
		case err != nil:
			return signin.Caller{}, fmt.Errorf("%w: %w", signin.ErrAway, err)
		}
		return signin.Caller{Subject: c.Subject, Staff: c.Staff(), Buyer: slices.Contains(c.Roles, identity.RoleCustomer)}, nil
	}
}
