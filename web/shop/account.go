package shop

import (
	"crypto/rand"
	"net/http"

	"holdfast/client"
	"holdfast/web/site"
)

// me is what the shop knows about the customer.
func (s *Shop) me(v *visit) (client.Customer, error) {
	if !v.Customer() {
		return client.Customer{}, site.ErrNotFound
	}
	c, err := v.Client()
	if err != nil {
		return client.Customer{}, err
	}
	return c.OwnCustomer(v.R.Context())
}

// accountPage shows customers what the shop knows about them.
func (s *Shop) accountPage(v *visit) error {
	me, err := s.me(v)
	if err != nil {
		return err
	}
	return v.Render(http.StatusOK, accountView(v, me))
}

// keepAddress adds an address to those of the customer, and returns its id. Without it the order goes to the
// address all the same.
func (s *Shop) keepAddress(v *visit, a client.Address) (id string) {
	me, err := s.me(v)
	if err != nil {
		return ""
	}
	for _, known := range me.Addresses {
		if known.Address == a {
			return known.ID
		}
	}
	c, err := v.Client()
	if err != nil {
		return ""
	}
	added := client.CustomerAddress{ID: rand.Text(), Address: a}
	_, err = c.PatchOwnCustomer(v.R.Context(), me.ETag, map[string]any{"addresses": append(me.Addresses, added)})
	if err != nil {
		s.site.Log().WarnContext(v.R.Context(), "an address wasn't kept", "error", err.Error())
		v.Say("warn", "checkout.notKept")
		return ""
	}
	return added.ID
}
