package site

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"holdfast/web/session"
)

// linkPrefix is where links to guests' orders begin. What follows is secret, and never logged.
const linkPrefix = "/o/"

// linkName seals what a link contains.
const linkName = "order link"

// guestLink is what a link contains: encrypted, so that those who see it learn nothing, and have the one
// order only as long as the site takes it.
type guestLink struct {
	OrderID string    `json:"o"`
	Token   string    `json:"t"`
	Expires time.Time `json:"e"`
}

// OrderLink returns the path that shows a guest's order to whoever has it; empty if the site makes none.
func (v *Visit) OrderLink(orderID string) string {
	if v.site.links == nil || v.session == nil {
		return ""
	}
	token := cmp.Or(v.session.GuestOrders[orderID], v.session.Token)
	sealed, err := v.site.links.Seal(linkName, guestLink{orderID, token, v.session.Expires})
	if err != nil {
		return ""
	}
	return linkPrefix + sealed
}

// EnterByLink begins a session that shows the link's order and no other, and returns the order's id. A
// visitor who has a session of their own keeps that, and has the order beside it: a guest who lost theirs
// would never see their own orders again.
func (v *Visit) EnterByLink(sealed string) (orderID string, err error) {
	var l guestLink
	if v.site.links == nil || v.site.links.Open(linkName, sealed, &l) != nil || !v.Now().Before(l.Expires) {
		return "", ErrNotFound
	}
	switch s := v.session; {
	case s != nil && s.Token == l.Token && s.Only == "":
		return l.OrderID, nil
	case v.Staff(): // they may read it anyway
		return l.OrderID, nil
	case s != nil && s.Only == "": // they stay who they are
		return l.OrderID, v.Change(func(s *session.Session) { s.RememberGuests(l.OrderID, l.Token) })
	}
	return l.OrderID, v.beginAs(l.sessionID(), session.Session{Kind: session.KindGuest, Token: l.Token, Only: l.OrderID, Expires: l.Expires})
}

// sessionID is the same for all who have the link, and however often they use it: a visitor can't fill the
// store of sessions with it. Only who has the guest's token can know it.
func (l guestLink) sessionID() string {
	sum := sha256.Sum256([]byte("holdfast web: session of a link: " + l.OrderID + "/" + l.Token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Secure reports whether browsers reach the site by HTTPS.
func (v *Visit) Secure() bool { return v.site.cfg.Secure }
