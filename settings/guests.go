package settings

import (
	"cmp"
	"fmt"
	"time"

	"holdfast/identity"
)

// Guests says how callers get to order without an account.
type Guests struct {
	GuestSecret   string        `name:"guest-secret" env:"HOLDFAST_GUEST_SECRET" secret:"" example:"another secret of 32 bytes or more, in a file" unset:"HOLDFAST_JWT_SECRET, or no guests without that; holdfast-dev makes one when it starts" help:"Secret that the keys of guests' tokens are derived from, at least 32 bytes, the same for all gateways. A new one ends all guests' tokens."`
	GuestLifetime time.Duration `name:"guest-lifetime" env:"HOLDFAST_GUEST_LIFETIME" default:"${guest_lifetime}" help:"How long a guest's token is valid, from HOLDFAST_PAYMENT_WINDOW and HOLDFAST_RETURN_WINDOW together to ${max_guest_lifetime}; a delivery takes its time, too. Afterwards only staff can read and return the guest's orders. 0: no guests."`
}

// Check reports a lifetime that is too short for what a guest has to do with their token: pay until the
// deadline and, once the order was delivered, send something back. on means that there are guests.
func (g Guests) Check(paymentWindow, returnWindow time.Duration, on bool) error {
	switch {
	case g.GuestLifetime == 0:
	case g.GuestLifetime < paymentWindow:
		return fmt.Errorf("--guest-lifetime (HOLDFAST_GUEST_LIFETIME) is %s, but an order may be paid for %s, --payment-window (HOLDFAST_PAYMENT_WINDOW):"+
			" guests couldn't pay what they hold; set --guest-lifetime to %[2]s or more, or to 0 for no guests", duration(g.GuestLifetime), duration(paymentWindow))
	case on && g.GuestLifetime < paymentWindow+returnWindow:
		return fmt.Errorf("--guest-lifetime (HOLDFAST_GUEST_LIFETIME) is %s, but an order takes returns for %s after its delivery,"+
			" --return-window (HOLDFAST_RETURN_WINDOW): guests couldn't return anything; set --guest-lifetime to more than %[2]s and the time"+
			" that a delivery takes, --return-window to less, or --guest-lifetime to 0 for no guests",
			duration(g.GuestLifetime), duration(returnWindow))
	case g.GuestLifetime > identity.MaxGuestLifetime:
		return fmt.Errorf("--guest-lifetime (HOLDFAST_GUEST_LIFETIME): must be at most %s, not %s",
			duration(identity.MaxGuestLifetime), duration(g.GuestLifetime))
	}
	return nil
}

// GuestSigner signs and verifies guests' tokens with a secret of their own, or with keys that are derived
// from the one of all tokens. Without either, or a lifetime, there are no guests, and it returns nil.
func (g Guests) GuestSigner(all Tokens) (*identity.Guests, error) {
	secret := cmp.Or(g.GuestSecret, all.JWTSecret)
	if secret == "" || g.GuestLifetime == 0 {
		return nil, nil //nolint:nilnil // no guests is not an error
	}
	return identity.NewGuests(secret, all.Names(), g.GuestLifetime)
}
