package signin

import (
	"cmp"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"holdfast/web/session"
)

const (
	// mostName is how much of a visitor's name is kept, in characters.
	mostName = 60
	// renewBefore is how long before its end a token is renewed, or a quarter of its life if that is less.
	renewBefore = time.Minute
	// unknownLife is how long a token is used whose end isn't known.
	unknownLife = 5 * time.Minute
)

// Exchange completes an attempt with what the provider sent back. issuer is what it says of itself there
// (RFC 9207); empty if nothing.
func (p *Provider) Exchange(ctx context.Context, a Attempt, code, issuer string) (Grant, error) {
	if issuer != "" && issuer != p.cfg.Issuer {
		return Grant{}, fmt.Errorf("%w: the answer is another issuer's", ErrRefused)
	}
	token, err := p.oauth.Exchange(p.with(ctx), code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Grant{}, fmt.Errorf("exchange the code: %w", tokenError(err))
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.idToken(ctx, raw, token.AccessToken)
	if err != nil {
		return Grant{}, err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return Grant{}, fmt.Errorf("%w: the ID token is of another attempt", ErrRefused)
	}
	caller, err := p.judge(ctx, token.AccessToken)
	if err != nil {
		return Grant{}, fmt.Errorf("verify the access token: %w", err)
	}
	if !caller.Staff && !caller.Buyer {
		return Grant{}, fmt.Errorf("%w: the access token is neither a customer's nor of staff", ErrRefused)
	}
	g := p.grant(token, caller)
	g.Name, g.Account.IDToken = p.nameOf(ctx, id, token), raw
	return g, nil
}

// nameOf is what the visitor is called: by their ID token, or by the provider's userinfo, since some put no
// names into ID tokens.
func (p *Provider) nameOf(ctx context.Context, id *oidc.IDToken, token *oauth2.Token) string {
	if name := nameIn(id.Claims); name != "" {
		return name
	}
	if p.userinfo != nil {
		info, err := p.userinfo(p.with(ctx), oauth2.StaticTokenSource(token))
		if err == nil && info.Subject == id.Subject {
			if name := nameIn(info.Claims); name != "" {
				return name
			}
		}
	}
	return shown(id.Subject)
}

// Renew gets a new access token. What comes with ErrRefused ends the session.
func (p *Provider) Renew(ctx context.Context, old session.Account) (Grant, error) {
	token, err := p.oauth.TokenSource(p.with(ctx), &oauth2.Token{RefreshToken: old.Refresh}).Token()
	if err != nil {
		return Grant{}, fmt.Errorf("renew the access token: %w", tokenError(err))
	}
	caller, err := p.judge(ctx, token.AccessToken)
	switch {
	case errors.Is(err, ErrRefused):
		return Grant{}, fmt.Errorf("verify the renewed access token: %w", err)
	case err != nil: // the old refresh token may be used up, so that this one has to be kept
		g := p.grant(token, Caller{Subject: old.Subject})
		g.Kind, g.Judged, g.Account.IDToken = "", false, old.IDToken
		return g, nil
	case caller.Subject != old.Subject || (!caller.Staff && !caller.Buyer):
		return Grant{}, fmt.Errorf("%w: the renewed access token is someone else's", ErrRefused)
	}
	g := p.grant(token, caller)
	g.Account.IDToken = old.IDToken
	if raw, _ := token.Extra("id_token").(string); raw != "" {
		id, err := p.idToken(ctx, raw, token.AccessToken)
		if err == nil {
			g.Name, g.Account.IDToken = nameIn(id.Claims), raw
		}
	}
	return g, nil
}

func (p *Provider) grant(token *oauth2.Token, caller Caller) Grant {
	now := p.cfg.Now()
	ends := endOf(token.AccessToken)
	if ends.IsZero() {
		ends = token.Expiry
	}
	if ends.IsZero() {
		ends = now.Add(unknownLife)
	}
	lasts := max(0, ends.Sub(now))
	g := Grant{Token: token.AccessToken, Kind: session.KindCustomer, Judged: true, Account: session.Account{
		Subject: caller.Subject, Refresh: token.RefreshToken, Ends: ends, RenewAt: ends.Add(-min(renewBefore, lasts/4)),
	}}
	if caller.Staff {
		g.Kind = session.KindStaff
	}
	return g
}

// idToken verifies an ID token: its signature, issuer, audience and time, and that it belongs to the access
// token.
func (p *Provider) idToken(ctx context.Context, raw, access string) (*oidc.IDToken, error) {
	if raw == "" {
		return nil, fmt.Errorf("%w: the answer has no ID token", ErrRefused)
	}
	id, err := p.ids.Verify(p.with(ctx), raw)
	if err != nil {
		if strings.Contains(err.Error(), "fetching keys") || ctx.Err() != nil { // the library doesn't wrap it
			return nil, fmt.Errorf("%w: verify the ID token: its keys can't be read", ErrAway)
		}
		return nil, fmt.Errorf("%w: verify the ID token: %w", ErrRefused, err)
	}
	var party struct {
		Authorized string `json:"azp"`
	}
	if err := id.Claims(&party); err != nil {
		return nil, fmt.Errorf("%w: read the ID token: %w", ErrRefused, err)
	}
	if party.Authorized != "" && party.Authorized != p.cfg.ClientID {
		return nil, fmt.Errorf("%w: the ID token is for another client", ErrRefused)
	}
	if id.AccessTokenHash != "" {
		if err := id.VerifyAccessToken(access); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	return id, nil
}

// nameIn is the name among some claims; empty if there is none.
func nameIn(claims func(any) error) string {
	var c struct {
		Name      string `json:"name"`
		Given     string `json:"given_name"`
		Preferred string `json:"preferred_username"`
		Email     string `json:"email"`
	}
	_ = claims(&c) // then there is no name
	return shown(cmp.Or(c.Name, c.Given, c.Preferred, c.Email))
}

// shown is a name as a page can show it.
func shown(name string) string {
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name))
	if runes := []rune(name); len(runes) > mostName {
		return string(runes[:mostName-1]) + "…"
	}
	return name
}

// final are the errors of a token endpoint that stay what they are (RFC 6749, section 5.2, OpenID Connect
// Core, section 3.1.2.6). Others are mistakes of the settings or the provider, which can be mended.
var final = []string{"invalid_grant", "access_denied", "login_required", "interaction_required", "consent_required", "account_selection_required"}

// tokenError says what an endpoint answered, and nothing that it may have repeated of our request.
func tokenError(err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if _, network := errors.AsType[*url.Error](err); network {
			return fmt.Errorf("%w: %w", ErrAway, withoutURL(err))
		}
		return fmt.Errorf("%w: its answer can't be read", ErrAway)
	}
	status := 0
	if refused.Response != nil {
		status = refused.Response.StatusCode
	}
	if slices.Contains(final, refused.ErrorCode) {
		return fmt.Errorf("%w: the token endpoint answers %s", ErrRefused, refused.ErrorCode)
	}
	code := "without a code"
	if known(refused.ErrorCode) {
		code = refused.ErrorCode
	}
	return fmt.Errorf("%w: the token endpoint answers %d %s", ErrAway, status, code)
}

// known reports whether a text is a code of an error as the standards write them, which may be logged.
func known(code string) bool {
	return code != "" && len(code) <= 40 && strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// Code returns a provider's code of an error if it may be logged.
func Code(code string) string {
	if known(code) {
		return code
	}
	return "unknown"
}

func decodeSegment(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }
