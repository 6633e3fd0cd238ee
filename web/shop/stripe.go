package shop

import (
	"net/http"

	"holdfast/client"
	"holdfast/web/site"
)

// stripeScript is where Stripe has its script. Stripe wants it to be loaded from there, and the names of
// its versions stay.
const stripeScript = "https://js.stripe.com/dahlia/stripe.js"

// stripePolicy is what Stripe documents for its script with the Payment Element, and for Link in it:
// https://docs.stripe.com/security/guide#content-security-policy. Stripe's fields are in frames, with
// styles of their own.
var stripePolicy = site.Policy{
	Scripts: []string{"https://js.stripe.com", "https://*.js.stripe.com"},
	Frames:  []string{"https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com", "https://link.com", "https://*.link.com"},
	Calls:   []string{"https://api.stripe.com", "https://link.com", "https://*.link.com"},
	Images:  []string{"https://*.link.com"},
	Pays:    []string{"https://js.stripe.com"},
}

// atStripe reports whether an open payment is paid with Stripe's script.
func atStripe(o client.Offer) bool { return o.Provider == "stripe" && o.ClientSecret != "" }

func stripeLink(id string) string { return orderLink(id) + "/pay" }

// missesStripeKey tells the buyer that they can't pay here, and the log why, once.
func (s *Shop) missesStripeKey(v *visit) {
	s.keyMissed.Do(func() {
		s.site.Log().WarnContext(v.R.Context(),
			"buyers can't pay: the gateway takes payments through Stripe, but HOLDFAST_STRIPE_PUBLISHABLE_KEY of the pages is not set")
	})
	v.Say("warn", "pay.noKey")
}

// stripePage is where an order is paid with Stripe's script. The order's form opened the payment; asked
// again, the gateway answers with the same one as long as that can be paid. The client secret is on this
// page and nowhere else.
func (s *Shop) stripePage(v *visit) error {
	o, err := s.orderOf(v)
	if err != nil {
		return err
	}
	if o.stage() != stagePay {
		return v.Redirect(orderLink(o.ID))
	}
	c, err := v.ClientFor(o.ID)
	if err != nil {
		return err
	}
	money, err := c.Payment(v.R.Context(), o.ID)
	if err != nil {
		return err
	}
	if len(money.Attempts) == 0 { // only a form opens the first payment
		return v.Redirect(orderLink(o.ID))
	}
	offer, err := c.OpenPayment(v.R.Context(), o.ID, "")
	switch {
	case err != nil:
		return notPayable(v, o.ID, err)
	case !atStripe(offer):
		return v.Redirect(orderLink(o.ID))
	case s.site.StripeKey() == "":
		s.missesStripeKey(v)
		return v.Redirect(orderLink(o.ID))
	}
	v.Allow(stripePolicy)
	return v.Render(http.StatusOK, stripeView(v, o, s.site.StripeKey(), offer))
}

// redirectStatus is in the address to which Stripe sends a buyer back who paid on another site, together
// with the client secret.
const redirectStatus = "redirect_status"

// fromStripe leads to the order at an address without the client secret. What Stripe says there proves
// nothing: the order's own page says whether it is paid.
func (s *Shop) fromStripe(v *visit) error {
	if v.R.URL.Query().Get(redirectStatus) == "failed" {
		if o, err := s.orderOf(v); err == nil && o.stage() == stagePay {
			v.Say("warn", "pay.failed")
		}
	}
	return v.Redirect(orderLink(v.R.PathValue("id")))
}
