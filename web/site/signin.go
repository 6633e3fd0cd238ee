package site

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"holdfast/web/session"
	"holdfast/web/signin"
)

// DefaultSessionLifetime is how long visitors stay signed in at most.
const DefaultSessionLifetime = 24 * time.Hour

const (
	attemptCookie = "hf_signin"
	// attemptAge is how long a visitor may take to sign in.
	attemptAge = 15 * time.Minute
	// mostAttempts of one browser, in several tabs.
	mostAttempts = 4
	// mostBack is how long a path to come back to may be.
	mostBack = 1000
	// leaveTimeout bounds what signing out waits for the provider.
	leaveTimeout = 3 * time.Second
	// mostCallbacks of one network within callbackWindow: each makes the pages ask the provider for tokens, and
	// anyone may begin an attempt. Many people may be behind one address.
	mostCallbacks  = 60
	callbackWindow = time.Minute
)

// Provider signs visitors in: a [signin.Provider].
type Provider interface {
	// Reachable returns an error if the provider is away.
	Reachable(ctx context.Context) error
	AuthURL(a signin.Attempt) string
	Exchange(ctx context.Context, a signin.Attempt, code, issuer string) (signin.Grant, error)
	Renew(ctx context.Context, old session.Account) (signin.Grant, error)
	Revoke(ctx context.Context, refresh string) error
	LeaveURL(idToken string) string
}

var _ Provider = (*signin.Provider)(nil)

// CanSignIn reports whether visitors can sign in.
func (v *Visit) CanSignIn() bool { return v.site.cfg.SignIn != nil }

// SignedIn reports whether the visitor signed in.
func (v *Visit) SignedIn() bool { return v.session != nil && v.session.Account != nil }

// Account is who signed in or is tried out, as the API names them: empty for a guest. It is for telling
// customers apart who use one browser.
func (v *Visit) Account() string {
	switch {
	case v.session == nil:
		return ""
	case v.session.Account != nil:
		return v.session.Account.Subject
	}
	return v.session.Persona
}

// SignInLink leads to the sign-in, and then back to the page.
func (v *Visit) SignInLink() string { return signInLink(v.PageOf()) }

func signInLink(back string) string {
	if back == "/" {
		return "/sign-in"
	}
	return "/sign-in?back=" + url.QueryEscape(back)
}

// SignIn sends the visitor to the provider.
func (s *Site) SignIn(v *Visit) error {
	if s.cfg.SignIn == nil {
		return ErrNotFound
	}
	back := Local(v.R.URL.Query().Get("back"), "/")
	if len(back) > mostBack || strings.HasPrefix(back, "/sign-") {
		back = "/"
	}
	if err := s.cfg.SignIn.Reachable(v.R.Context()); err != nil {
		return &providerError{err}
	}
	a := signin.NewAttempt(back, v.Now().Add(attemptAge))
	attempts := append(v.attempts(), a)
	attempts = attempts[max(0, len(attempts)-mostAttempts):]
	err := v.Keep(attemptCookie, attempts, attemptAge)
	for len(attempts) > 1 && errors.Is(err, errTooLong) { // with the paths to come back to
		attempts = attempts[1:]
		err = v.Keep(attemptCookie, attempts, attemptAge)
	}
	if err != nil {
		return err
	}
	http.Redirect(v.W, v.R, s.cfg.SignIn.AuthURL(a), http.StatusSeeOther)
	return nil
}

// attempts are those that this browser began and that aren't too old.
func (v *Visit) attempts() []signin.Attempt {
	var all []signin.Attempt
	if !v.Kept(attemptCookie, &all) {
		return nil
	}
	return slices.DeleteFunc(all, func(a signin.Attempt) bool { return !v.Now().Before(a.Until) })
}

// takeAttempt returns the attempt with this state, once, and reports whether this browser began it. A browser
// whose network asks too often keeps it, and may try again.
func (v *Visit) takeAttempt(state string) (a signin.Attempt, ok bool, err error) {
	all := v.attempts()
	at := slices.IndexFunc(all, func(a signin.Attempt) bool { return subtle.ConstantTimeCompare([]byte(a.State), []byte(state)) == 1 })
	if state == "" || at < 0 {
		return a, false, nil
	}
	if wait := v.site.callbacks.take(v.Now(), networkOf(v.address())); wait > 0 {
		return a, false, &busyError{wait}
	}
	a = all[at]
	if all = slices.Delete(all, at, at+1); len(all) == 0 {
		v.Forget(attemptCookie)
	} else if err := v.Keep(attemptCookie, all, attemptAge); err != nil {
		return a, false, err
	}
	// A browser may send a cookie again that was removed.
	_, first, err := v.site.cfg.Sessions.Claim(v.R.Context(), "callback:"+a.State, attemptAge)
	if err != nil {
		return a, false, &awayError{err}
	}
	return a, first, nil
}

// Callback completes an attempt when the provider has sent the visitor back.
func (s *Site) Callback(v *Visit) error {
	if s.cfg.SignIn == nil {
		return ErrNotFound
	}
	q := v.R.URL.Query()
	a, ok, err := v.takeAttempt(q.Get("state"))
	if err != nil {
		return err
	}
	if !ok {
		return v.notSignedIn(http.StatusBadRequest, "stale", "/")
	}
	if code := q.Get("error"); code != "" {
		s.cfg.Log.InfoContext(v.R.Context(), "a visitor wasn't signed in", "error", signin.Code(code))
		if code == "access_denied" {
			return v.notSignedIn(http.StatusOK, "cancelled", a.Back)
		}
		return v.notSignedIn(http.StatusBadGateway, "refused", a.Back)
	}
	g, err := s.cfg.SignIn.Exchange(v.R.Context(), a, q.Get("code"), q.Get("iss"))
	if err != nil {
		s.cfg.Log.WarnContext(v.R.Context(), "a visitor wasn't signed in", "error", err.Error())
		if errors.Is(err, signin.ErrRefused) {
			return v.notSignedIn(http.StatusBadGateway, "refused", a.Back)
		}
		return v.notSignedIn(http.StatusServiceUnavailable, "away", a.Back)
	}
	if err := v.Begin(v.sessionOf(g)); err != nil {
		return err
	}
	return v.Redirect(a.Back)
}

// sessionOf is the session of who signed in. What the browser did as a guest before stays with it, unless
// someone else was signed in meanwhile.
func (v *Visit) sessionOf(g signin.Grant) session.Session {
	s := session.Session{
		Kind: g.Kind, Token: g.Token, Name: g.Name, Account: &g.Account, Expires: v.Now().Add(v.site.cfg.SessionLifetime),
	}
	if g.Account.Refresh == "" && g.Account.Ends.Before(s.Expires) {
		s.Expires = g.Account.Ends
	}
	old := v.session
	switch {
	case old == nil || old.Only != "":
	case old.Kind == session.KindGuest:
		s.Guest, s.Orders = old.Token, old.Orders
		if g.Kind == session.KindCustomer {
			s.Orders = nil
			for _, id := range slices.Backward(old.Orders) {
				s.RememberGuests(id, cmp.Or(old.GuestOrders[id], old.Token))
			}
		}
	case old.Account != nil && old.Account.Subject == g.Account.Subject && old.Kind == g.Kind:
		s.Guest, s.Orders, s.GuestOrders = old.Guest, old.Orders, old.GuestOrders
	}
	return s
}

func (v *Visit) notSignedIn(status int, key, back string) error {
	return v.Render(status, notSignedInPage(v, key, back))
}

// SignOut ends the session here and at the provider. The form can't lead there: the answer is a page of
// ours with a link, which goes on by itself.
func (s *Site) SignOut(v *Visit) error {
	if s.cfg.SignIn == nil {
		return ErrNotFound
	}
	old, err := v.leave()
	if err != nil {
		return err
	}
	for _, name := range s.personal {
		v.Forget(name)
	}
	v.Say("ok", "signout.done")
	if old == nil {
		return v.Redirect("/")
	}
	if leave := s.cfg.SignIn.LeaveURL(old.IDToken); leave != "" {
		return v.Render(http.StatusOK, leavingPage(v, leave))
	}
	return v.Redirect("/")
}

// ForgetAtSignOut names what [Visit.Keep] stores in browsers for one person: the next one at the same browser
// must not see it. It is called before the site serves pages.
func (s *Site) ForgetAtSignOut(names ...string) { s.personal = append(s.personal, names...) }

// leave ends the session and revokes its refresh token. It returns the account of the visitor who had signed in; nil
// if none had. If the provider can't be reached, that delays the page by up to leaveTimeout, but is not an error.
func (v *Visit) leave() (*session.Account, error) {
	old := v.session
	if err := v.End(); err != nil {
		return nil, err
	}
	if old == nil || old.Account == nil || v.site.cfg.SignIn == nil {
		return nil, nil //nolint:nilnil // a guest, or no session
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.R.Context()), leaveTimeout)
	defer cancel()
	if err := v.site.cfg.SignIn.Revoke(ctx, old.Account.Refresh); err != nil {
		v.site.cfg.Log.WarnContext(ctx, "a refresh token wasn't revoked; it ends with the provider's own session", "error", err.Error())
	}
	return old.Account, nil
}
