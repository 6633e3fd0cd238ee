package site

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"holdfast/web/session"
	"holdfast/web/signin"
)

const (
	// renewLock is how long one request has the renewal of a session for itself; longer than the
	// provider may take.
	renewLock = 20 * time.Second
	// renewTimeout bounds a renewal.
	renewTimeout = 12 * time.Second
	// renewPause is how often a request looks whether another one has renewed its session.
	renewPause = 50 * time.Millisecond
	// renewAgain is how long a token is used on when the provider couldn't renew it.
	renewAgain = 10 * time.Second
)

// resume goes on with the visitor's session: a token that is about to end is renewed before the page is
// asked for, so that nothing is half done if it can't be.
func (v *Visit) resume() error {
	if v.session == nil {
		if session.IsAccountID(v.id) && v.site.cfg.SignIn != nil {
			return errSignedOut
		}
		return nil
	}
	for v.needsRenewal() {
		release, mine, err := v.site.cfg.Sessions.Claim(v.R.Context(), "renew:"+v.id, renewLock)
		if err != nil && v.good() {
			return nil // the store can be read, but not written: the token is used as it is
		}
		if err != nil {
			return &awayError{err}
		}
		if mine {
			err := v.renew()
			release()
			return err
		}
		if v.good() {
			return nil // another request renews it; until then it is used as it is
		}
		if err := v.awaitRenewal(); err != nil {
			return err
		}
	}
	return v.stillGood(errNotRenewed)
}

// stillGood returns why a token couldn't be renewed, if it is over.
func (v *Visit) stillGood(why error) error {
	if v.session.Account != nil && v.site.cfg.SignIn != nil && !v.good() {
		return &providerError{why}
	}
	return nil
}

// errNotRenewed means that a request a moment ago couldn't renew the token.
var errNotRenewed = errors.New("the provider was away a moment ago")

func (v *Visit) needsRenewal() bool {
	a := v.session.Account
	return a != nil && v.site.cfg.SignIn != nil && !v.Now().Before(a.RenewAt) && (a.Refresh != "" || !v.good())
}

// good reports whether the session's token hasn't ended. The API takes it for some seconds longer.
func (v *Visit) good() bool { return v.Now().Before(v.session.Account.Ends) }

// awaitRenewal waits a moment and reads the session again.
func (v *Visit) awaitRenewal() error {
	select {
	case <-v.R.Context().Done():
		return v.R.Context().Err()
	case <-time.After(renewPause):
	}
	return v.reload(v.R.Context())
}

func (v *Visit) reload(ctx context.Context) error {
	s, err := v.site.cfg.Sessions.Get(ctx, v.id)
	if err != nil {
		return &awayError{err}
	}
	if s == nil || s.Account == nil {
		v.session = nil
		return errSignedOut
	}
	v.session = s
	return nil
}

// renew renews the session's token. It goes on even if the browser goes away: a refresh token that was used
// may be worth nothing any more, so that the new one has to be stored.
func (v *Visit) renew() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(v.R.Context()), renewTimeout)
	defer cancel()
	if err := v.reload(ctx); err != nil {
		return err
	}
	if !v.needsRenewal() { // another request did it, or tried to, just before
		return v.stillGood(errNotRenewed)
	}
	old := *v.session.Account
	if old.Refresh == "" {
		return v.signedOut(ctx)
	}
	grant, err := v.site.cfg.SignIn.Renew(ctx, old)
	switch {
	case errors.Is(err, signin.ErrRefused):
		v.site.cfg.Log.InfoContext(ctx, "a session was not renewed", "error", err.Error())
		return v.signedOut(ctx)
	case err != nil:
		return v.renewLater(ctx, old, err)
	}
	renewed, err := v.site.cfg.Sessions.Update(ctx, v.id, func(s *session.Session) {
		s.Token, s.Account = grant.Token, &grant.Account
		if grant.Judged {
			s.Kind = grant.Kind
		}
		if grant.Name != "" {
			s.Name = grant.Name
		}
	})
	if err != nil {
		return &awayError{err}
	}
	if renewed == nil { // the visitor signed out meanwhile
		v.session = nil
		return errors.Join(errSignedOut, v.site.cfg.SignIn.Revoke(ctx, grant.Account.Refresh))
	}
	v.session = renewed
	return nil
}

// renewLater keeps the session of a visitor whose provider is away: its token is used while it is good, and
// the provider isn't asked again for a moment.
func (v *Visit) renewLater(ctx context.Context, old session.Account, why error) error {
	v.site.cfg.Log.WarnContext(ctx, "a session can't be renewed now", "error", why.Error())
	kept, err := v.site.cfg.Sessions.Update(ctx, v.id, func(s *session.Session) {
		if s.Account != nil && s.Account.Refresh == old.Refresh {
			s.Account.RenewAt = v.Now().Add(renewAgain)
		}
	})
	switch {
	case err != nil:
		return &awayError{err}
	case kept == nil:
		v.session = nil
		return errSignedOut
	}
	v.session = kept
	return v.stillGood(why)
}

// signedOut ends a session that can't be renewed.
func (v *Visit) signedOut(ctx context.Context) error {
	if err := v.site.cfg.Sessions.Delete(ctx, v.id); err != nil {
		return &awayError{err}
	}
	v.session = nil
	return errSignedOut
}

// StreamEnds is when a stream has to end that may last for a while: before the token does that it was opened
// with. Its browser then opens another.
func (v *Visit) StreamEnds(lasts time.Duration) time.Time {
	ends := v.Now().Add(lasts)
	if v.session == nil {
		return ends
	}
	for _, at := range []time.Time{v.session.Expires, v.tokenEnds()} {
		if !at.IsZero() && at.Before(ends) {
			ends = at
		}
	}
	return ends
}

func (v *Visit) tokenEnds() time.Time {
	if v.session.Account == nil {
		return time.Time{}
	}
	return v.session.Account.Ends
}

// Token names the session with its present token, for what is shared by those who have both.
func (v *Visit) Token() string {
	if v.session == nil || v.session.Account == nil {
		return v.id
	}
	return v.id + "@" + v.session.Account.Ends.UTC().Format(time.RFC3339)
}

var errSessionOver = errors.New("the session has ended")

// Live sends something by a stream, unless the session has ended since the stream began, as when the visitor
// signed out in another tab: then the page is told to load again, and says so. A store that can't be asked
// is no end.
func (v *Visit) Live(ctx context.Context, stream *Stream, send func() error) error {
	if v.session != nil {
		if s, err := v.site.cfg.Sessions.Get(ctx, v.id); err == nil && s == nil {
			return errors.Join(errSessionOver, stream.Event(ctx, "ended", nil))
		}
	}
	return send()
}

// background reports whether a script asks, whose page the visitor sees.
func (v *Visit) background() bool {
	return v.Partial() || strings.Contains(v.R.Header.Get("Accept"), "text/event-stream")
}

// PageOf is the page that the visitor sees or sent a form from, for a link that comes back.
func (v *Visit) PageOf() string {
	if v.R.Method == http.MethodGet && !v.background() {
		return v.Here()
	}
	from := v.R.Header.Get("Referer")
	if v.Partial() {
		from = v.R.Header.Get("HX-Current-URL")
	}
	u, err := url.Parse(from)
	if err != nil || u.Host != v.R.Host {
		return "/"
	}
	return Local(u.RequestURI(), "/")
}
