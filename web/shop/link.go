package shop

import (
	"net/http"

	"holdfast/web/session"
	"holdfast/web/site"
)

// orderLinkOf makes a link to a guest's order, for a guest who has no account to sign in to elsewhere.
func orderLinkOf(v *visit, orderID string) string {
	s := v.Session()
	if s == nil || s.Kind != session.KindGuest || s.Token == "" {
		return ""
	}
	return v.OrderLink(orderID)
}

// enter exchanges a link for a session at once, so that the link isn't in the address of the page.
func (s *Shop) enter(v *visit) error {
	orderID, err := v.EnterByLink(v.R.PathValue("link"))
	if err != nil {
		return err
	}
	return v.Redirect(orderLink(orderID))
}

// linkPage shows the link to keep.
func (s *Shop) linkPage(v *visit) error {
	o, err := s.orderOf(v)
	if err != nil {
		return err
	}
	link := orderLinkOf(v, o.ID)
	if link == "" {
		return site.ErrNotFound
	}
	scheme := "http://"
	if v.R.TLS != nil || v.Secure() {
		scheme = "https://"
	}
	return v.Render(http.StatusOK, linkView(v, o, scheme+v.R.Host+link))
}
