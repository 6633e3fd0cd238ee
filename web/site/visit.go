package site

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"holdfast/client"
	"holdfast/web/live"
	"holdfast/web/session"
	"holdfast/web/text"
)

// The cookies of every page.
const (
	sessionCookie  = "hf_session"
	languageCookie = "hf_language"
	zoneCookie     = "hf_zone" // set by the script
	noticeCookie   = "hf_notice"
)

const (
	yearLong = 365 * 24 * time.Hour
	// sessionAge is how long a session lasts that its token doesn't end sooner.
	sessionAge = 30 * 24 * time.Hour
)

var errTooLong = errors.New("it is too long to be kept in a browser")

// Visit is one request for a page.
type Visit struct {
	W http.ResponseWriter
	R *http.Request
	// Text writes in the visitor's language.
	Text *text.Printer
	// Basket is how many units the visitor's basket has, for the head of each page.
	Basket int64

	site    *Site
	id      string           // of the session
	session *session.Session // nil if there is none
	notice  *Notice
	asGuest bool // a call was made as another guest than the session's, such as the one whom a customer was before they signed in
}

// visit never returns nil, so that an error can be shown.
func (s *Site) visit(w http.ResponseWriter, r *http.Request) (*Visit, error) {
	v := &Visit{W: w, R: r, site: s}
	v.Text = text.New(text.Match(v.cookieValue(languageCookie), r.Header.Get("Accept-Language")), v.zone())
	v.readNotice()
	v.id = v.cookieValue(sessionCookie)
	former := v.id == "" && s.cfg.Secure
	if former {
		v.id = v.plainValue(sessionCookie)
	}
	if v.id == "" {
		return v, nil
	}
	var err error
	if v.session, err = s.cfg.Sessions.Get(r.Context(), v.id); err != nil {
		return v, &awayError{err}
	}
	if former {
		v.moveSession()
	}
	return v, nil
}

// moveSession gives the cookie of a session that began before cookies had a prefix its present name. One that
// began since then is not the browser's own: another host planted it.
func (v *Visit) moveSession() {
	v.setCookie(sessionCookie, "", -time.Second)
	if v.session == nil || v.session.HostOnly {
		v.id, v.session = "", nil
		return
	}
	v.cookie(sessionCookie, v.id, v.sessionCookieAge())
}

// zone is the browser's time zone, if it has said one that exists.
func (v *Visit) zone() *time.Location {
	name, err := url.QueryUnescape(v.cookieValue(zoneCookie))
	if err != nil || name == "" || name == "Local" || len(name) > 64 {
		return v.site.cfg.Zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return v.site.cfg.Zone
	}
	return zone
}

// Now is the server's time.
func (v *Visit) Now() time.Time { return v.site.cfg.Now() }

// Partial reports whether htmx asks for a part of a page.
func (v *Visit) Partial() bool { return v.R.Header.Get("HX-Request") == "true" }

// Session is the visitor's session, nil if there is none.
func (v *Visit) Session() *session.Session { return v.session }

// Staff reports whether the visitor works for the shop.
func (v *Visit) Staff() bool { return v.session != nil && v.session.Kind == session.KindStaff }

// Customer reports whether the visitor has an account.
func (v *Visit) Customer() bool { return v.session != nil && v.session.Kind == session.KindCustomer }

// Name is what the visitor is called, empty for a guest.
func (v *Visit) Name() string {
	if v.session == nil {
		return ""
	}
	return v.session.Name
}

// Client calls the API as the visitor: for a visitor without a session, as a guest who only looks
// around.
func (v *Visit) Client() (*client.Client, error) {
	token, err := v.token()
	return v.gateway().As(token), err
}

// gateway calls the API on behalf of the visitor's browser.
func (v *Visit) gateway() *client.Client { return v.site.cfg.Gateway.Behind(v.address()) }

func (v *Visit) token() (string, error) {
	s := v.session
	switch {
	case s == nil:
		return v.site.lookers.token(v.R.Context(), v.site)
	case s.Persona != "":
		return v.site.personaToken(s.Persona)
	}
	return s.Token, nil
}

// Buyer calls the API as whoever buys: staff buy as guests, since an order needs a customer. With begin,
// a visitor who has no session gets one: ordering begins it.
func (v *Visit) Buyer(begin bool) (*client.Client, error) {
	switch {
	case (v.session == nil || v.session.Only != "") && begin:
		s := session.Session{Kind: session.KindGuest}
		if v.session != nil { // the order that they came to see stays in reach
			s.RememberGuests(v.session.Only, v.session.Token)
		}
		if err := v.beginGuest(&s); err != nil {
			return nil, err
		}
	case v.Staff() && v.session.Guest == "" && begin:
		if err := v.addGuest(); err != nil {
			return nil, err
		}
	}
	switch {
	case v.session != nil && v.session.Guest != "" && !v.Customer():
		return v.gateway().As(v.session.Guest), nil
	case v.session == nil, v.session.Only != "", v.Staff():
		token, err := v.site.lookers.token(v.R.Context(), v.site)
		return v.gateway().As(token), err
	}
	return v.Client()
}

// ClientFor calls the API as whoever placed an order: a customer may have placed it as a guest, before they
// signed in, and anyone may have a link to one of another guest.
func (v *Visit) ClientFor(orderID string) (*client.Client, error) {
	if v.session == nil || v.session.GuestOrders[orderID] == "" {
		return v.Client()
	}
	v.asGuest = true
	return v.gateway().As(v.session.GuestOrders[orderID]), nil
}

// EarlierGuest calls the API as the guest whom a customer was before they signed in, or else as themselves.
func (v *Visit) EarlierGuest() (*client.Client, error) {
	if v.session == nil || v.session.Guest == "" {
		return v.Client()
	}
	v.asGuest = true
	return v.gateway().As(v.session.Guest), nil
}

// Follower is whom a stream of the visitor counts for.
func (v *Visit) Follower() live.Visitor {
	return live.Visitor{Session: v.id, Network: networkOf(v.address())}
}

// networkOf returns the addresses that count as one visitor's: for IPv6, a /64.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() {
		return address
	}
	return netip.PrefixFrom(ip.WithZone(""), 64).Masked().String()
}

// MayBuy reports whether the visitor has a customer's or a guest's token of their own. Whoever came by a
// link to one order has not.
func (v *Visit) MayBuy() bool {
	return v.session != nil && v.session.Only == "" && (!v.Staff() || v.session.Guest != "")
}

// beginGuest gives a session the token of a new guest.
func (v *Visit) beginGuest(s *session.Session) error {
	g, err := v.gateway().As("").NewGuest(v.R.Context())
	if err != nil {
		return err
	}
	s.Guest = g.Token
	if s.Expires.IsZero() || g.ExpiresAt.Before(s.Expires) {
		s.Expires = g.ExpiresAt
	}
	if s.Kind == session.KindGuest {
		s.Token = g.Token
	}
	return v.Begin(*s)
}

// addGuest gives a member of staff the token of a new guest, to order as.
func (v *Visit) addGuest() error {
	g, err := v.gateway().As("").NewGuest(v.R.Context())
	if err != nil {
		return err
	}
	return v.Change(func(s *session.Session) { s.Guest = g.Token })
}

// Begin starts a session, or replaces the one that there is. Its name changes, so that one that was
// planted in a browser is worth nothing.
func (v *Visit) Begin(s session.Session) error {
	if s.Account != nil {
		return v.beginAs(session.NewAccountID(), s)
	}
	return v.beginAs(session.NewID(), s)
}

// beginAs is Begin with the session's name. That of a link stays: others may have the link, too.
func (v *Visit) beginAs(id string, s session.Session) error {
	if s.Expires.IsZero() {
		s.Expires = v.Now().Add(sessionAge)
	}
	s.HostOnly = v.site.cfg.Secure
	// The old one goes last: it may be the only way to what its guest ordered.
	if err := v.site.cfg.Sessions.Put(v.R.Context(), id, s); err != nil {
		return &awayError{err}
	}
	if v.session != nil && v.session.Only == "" {
		if err := v.site.cfg.Sessions.Delete(v.R.Context(), v.id); err != nil {
			v.site.cfg.Log.WarnContext(v.R.Context(), "a session that was replaced stays until it expires", "error", err.Error())
		}
	}
	v.id, v.session = id, &s
	v.cookie(sessionCookie, v.id, v.sessionCookieAge())
	return nil
}

// sessionCookieAge is how long the browser keeps the session's name.
func (v *Visit) sessionCookieAge() time.Duration {
	age := v.session.Expires.Sub(v.Now())
	if v.session.Account != nil {
		age += endedAge
	}
	return age
}

// endedAge is how long after its end the cookie of an account's session stays, so that the visitor is told
// that they were signed out.
const endedAge = 24 * time.Hour

// Change changes the session. Only what change sets is changed: other requests of the visitor may change
// the session at the same time.
func (v *Visit) Change(change func(*session.Session)) error {
	if v.session == nil {
		return nil
	}
	changed, err := v.site.cfg.Sessions.Update(v.R.Context(), v.id, change)
	if err != nil {
		return &awayError{err}
	}
	if changed == nil { // it has ended meanwhile; this request still belongs to it
		change(v.session)
		return nil
	}
	v.session = changed
	return nil
}

// End ends the session.
func (v *Visit) End() error {
	v.cookie(sessionCookie, "", -time.Second)
	if v.session == nil {
		return nil
	}
	v.session = nil
	if err := v.site.cfg.Sessions.Delete(v.R.Context(), v.id); err != nil {
		return &awayError{err}
	}
	return nil
}

// Redirect leads to another page of the site, which is then asked for by GET.
func (v *Visit) Redirect(path string) error {
	http.Redirect(v.W, v.R, path, http.StatusSeeOther)
	return nil
}

// Here is the path of the page with its query, for a link that comes back. A page that answers a form comes
// back to the page that the form was on.
func (v *Visit) Here() string {
	if v.R.Method != http.MethodGet {
		if u, err := url.Parse(v.R.Referer()); err == nil && u.Host == v.R.Host {
			return Local(u.RequestURI(), "/")
		}
	}
	return v.R.URL.RequestURI()
}

// Local returns a path of the site, or other for anything that leads elsewhere.
func Local(path, other string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsAny(path, "\\\r\n\t") {
		return other
	}
	return path
}

// address is that of the browser: that of the connection, or what trusted proxies say.
func (v *Visit) address() string {
	host, _, err := net.SplitHostPort(v.R.RemoteAddr)
	if err != nil {
		return ""
	}
	at, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	hops := strings.Split(strings.Join(v.R.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && v.site.trusts(at); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		at = next
	}
	return at.Unmap().String()
}

func (s *Site) trusts(at netip.Addr) bool {
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(at.Unmap()) {
			return true
		}
	}
	return false
}
