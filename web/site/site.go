package site

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"holdfast/client"
	"holdfast/web/session"
)

// Config says what a site needs.
type Config struct {
	// Gateway is the REST API, without a token.
	Gateway *client.Client
	// Secret seals cookies, at least MinKeyBytes. LinkSecret seals links to guests' orders; without it
	// there are no such links.
	Secret, LinkSecret string
	Sessions           session.Store
	// Personas are callers to try the pages as, for development. The first one is who a visitor is by
	// default.
	Personas []Persona
	// SignIn is where visitors sign in; nil means that they can't. SessionLifetime is how long they then
	// stay signed in at most. Defaults to DefaultSessionLifetime.
	SignIn          Provider
	SessionLifetime time.Duration
	// Secure says that browsers reach the site by HTTPS.
	Secure bool
	// TrustedProxies are networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Zone is the time zone of a browser that hasn't said its own. Defaults to UTC.
	Zone *time.Location
	// WorkflowsURL is where Temporal's own pages list the workflows, such as
	// http://127.0.0.1:8233/namespaces/default/workflows. Empty means no links to them.
	WorkflowsURL string
	// StripeKey is the publishable key that buyers pay with through Stripe. Empty means that they can't.
	StripeKey string
	Log       *slog.Logger
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// Persona is one of the callers that exist for development.
type Persona struct {
	// Name is the customer's id or the name of the member of staff. Empty for a guest.
	Name string
	Kind session.Kind
	// Token signs a token; nil for a guest, who gets one from the gateway.
	Token func() (string, error)
}

// Site serves pages.
type Site struct {
	cfg     Config
	cookies *Sealer
	links   *Sealer // nil without guests' links
	lookers lookers
	// callbacks are those of sign-ins, by network.
	callbacks *quota
	// personal names what is removed from a browser with signing out.
	personal []string
}

// New returns a site.
func New(cfg Config) (*Site, error) {
	if cfg.Gateway == nil || cfg.Sessions == nil || cfg.Log == nil {
		return nil, errors.New("web: gateway, sessions and log are required")
	}
	cfg.Now = defaultNow(cfg.Now)
	cfg.Zone = cmp.Or(cfg.Zone, time.UTC)
	cfg.SessionLifetime = cmp.Or(cfg.SessionLifetime, DefaultSessionLifetime)
	cookies, err := NewSealer(cfg.Secret, "cookies")
	if err != nil {
		return nil, err
	}
	s := &Site{cfg: cfg, cookies: cookies, callbacks: newQuota(mostCallbacks, callbackWindow)}
	if cfg.LinkSecret != "" {
		if s.links, err = NewSealer(cfg.LinkSecret, "links"); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func defaultNow(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// Page answers one visit. It returns what the API returned, if that failed.
type Page func(*Visit) error

// Handle makes a handler of a page. A visitor whose session has ended is told so before anything is done.
func (s *Site) Handle(page Page) http.Handler { return s.handle(page, (*Visit).resume) }

// HandleEntrance is Handle for pages that begin or end a session, whatever became of the one before.
func (s *Site) HandleEntrance(page Page) http.Handler {
	return s.handle(page, func(*Visit) error { return nil })
}

func (s *Site) handle(page Page, resume func(*Visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := s.visit(w, r)
		if err == nil {
			err = resume(v)
		}
		if err == nil {
			err = page(v)
		}
		if err != nil {
			v.Fail(err) //nolint:contextcheck // it is the request's
		}
	})
}

// WorkflowURL is Temporal's own page of a workflow, or empty if nothing is known of such pages.
func (s *Site) WorkflowURL(id string) string {
	if s.cfg.WorkflowsURL == "" {
		return ""
	}
	return strings.TrimSuffix(s.cfg.WorkflowsURL, "/") + "/" + url.PathEscape(id)
}

// StripeKey is the publishable key of Stripe, or empty if there is none.
func (s *Site) StripeKey() string { return s.cfg.StripeKey }

// Log is where the site's pages log.
func (s *Site) Log() *slog.Logger { return s.cfg.Log }

// Now is the server's time.
func (s *Site) Now() time.Time { return s.cfg.Now() }
