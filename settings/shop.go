package settings

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"time"

	"holdfast/api"
)

// Shop are the gateway's settings that the embedded stack has too. Another one only needs
// its field here, and a line in Check and in Apply.
//
// The limits keep one customer from holding too much of the stock. Each is a number or the
// word unlimited. With authentication off a caller may name any customer, so limits would
// stop no one; they are then off unless they are set.
type Shop struct {
	HTTPAddr         string        `name:"http-addr" env:"HOLDFAST_HTTP_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address that the gateway listens on; for holdfast-dev, a loopback address."`
	PublicURL        string        `name:"public-url" env:"HOLDFAST_PUBLIC_URL" placeholder:"URL" unset:"the address that the gateway listens on" help:"Where buyers reach the gateway."`
	PaymentWindow    time.Duration `env:"HOLDFAST_PAYMENT_WINDOW" default:"${payment_window}" help:"How long an order's stock is held for its payment, ${min_payment_window} to ${max_payment_window}."`
	ReturnWindow     time.Duration `env:"HOLDFAST_RETURN_WINDOW" default:"${return_window}" help:"How long after its delivery an order takes returns, and stays open, at most ${max_return_window}. 0: no returns, and an order closes when it is delivered. An order keeps the window under which it was placed."`
	MaxOpenOrders    string        `env:"HOLDFAST_MAX_OPEN_ORDERS" default:"${limits=}" placeholder:"N" unset:"20, or unlimited with authentication off" help:"How many orders of one customer may hold stock while they wait for payment, or unlimited."`
	MaxUnits         string        `env:"HOLDFAST_MAX_UNITS" default:"${limits=}" placeholder:"N" unset:"100, or unlimited with authentication off" help:"How many units of one product an order may have, all variants together, or unlimited. A product may allow fewer."`
	MaxNetworkOrders string        `env:"HOLDFAST_MAX_NETWORK_ORDERS" default:"${limits=}" placeholder:"N" unset:"20, or unlimited with authentication off" help:"How many orders of all guests of one network (an IPv4 address, or a /64 of IPv6) may hold stock while they wait for payment, or unlimited. The guests of an IPv6 /48 may have 10 times as many. Each guest has HOLDFAST_MAX_OPEN_ORDERS besides."`
	MaxNetworkUnits  string        `env:"HOLDFAST_MAX_NETWORK_UNITS" default:"${limits=}" placeholder:"N" unset:"HOLDFAST_MAX_CUSTOMER_UNITS" help:"How many units of one product all unpaid orders of all guests of one network (an IPv4 address, or a /64 of IPv6) may hold together, or unlimited. Guests count so instead of each on their own, and those of an IPv6 /48 may hold 10 times as many."`
	MaxCustomerUnits string        `env:"HOLDFAST_MAX_CUSTOMER_UNITS" default:"${limits=}" placeholder:"N" unset:"twice HOLDFAST_MAX_UNITS, or unlimited with authentication off" help:"How many units of one product all unpaid orders of a customer may hold together, or unlimited."`
}

// Check reports the first setting that a gateway can't run with.
func (s Shop) Check(authOff bool) error {
	if s.PaymentWindow < api.MinPaymentWindow || s.PaymentWindow > api.MaxPaymentWindow {
		return fmt.Errorf("--payment-window (HOLDFAST_PAYMENT_WINDOW): must be %s to %s long, not %s",
			api.MinPaymentWindow, api.MaxPaymentWindow, s.PaymentWindow)
	}
	if s.ReturnWindow < 0 || s.ReturnWindow > api.MaxReturnWindow {
		return fmt.Errorf("--return-window (HOLDFAST_RETURN_WINDOW): must be 0 to %s long, not %s", duration(api.MaxReturnWindow), s.ReturnWindow)
	}
	_, err := s.limits(authOff)
	return err
}

// Apply passes the settings to a gateway. A payment window of 0 is the gateway's default.
func (s Shop) Apply(c *api.Config, authOff bool) error {
	l, err := s.limits(authOff)
	if err != nil {
		return err
	}
	c.PaymentWindow, c.ReturnWindow = s.PaymentWindow, s.ReturnWindow
	c.MaxOpenOrders, c.MaxUnits, c.MaxCustomerUnits = l.openOrders, l.units, l.customerUnits
	c.MaxNetworkOrders, c.MaxNetworkUnits = l.networkOrders, l.networkUnits
	return nil
}

// Unlimited is the value of a limit that is off.
const Unlimited = "unlimited"

// limits are the limits as an order's placement takes them: 0 means none.
type limits struct{ openOrders, units, customerUnits, networkOrders, networkUnits int64 }

// The default limits: more than a person buys, and only a small part of a stock.
const (
	defaultOpenOrders = "20"
	defaultUnits      = "100"
)

// limits returns the limits in force. off means that callers may name any customer.
func (s Shop) limits(off bool) (l limits, err error) {
	openOrders, units := defaultOpenOrders, defaultUnits
	if off {
		openOrders, units = Unlimited, Unlimited
	}
	if l.openOrders, err = limit("--max-open-orders (HOLDFAST_MAX_OPEN_ORDERS)", cmp.Or(s.MaxOpenOrders, openOrders)); err != nil {
		return l, err
	}
	// All guests of a network may have as many as one customer.
	if l.networkOrders, err = limit("--max-network-orders (HOLDFAST_MAX_NETWORK_ORDERS)", cmp.Or(s.MaxNetworkOrders, openOrders)); err != nil {
		return l, err
	}
	if l.units, err = limit("--max-units (HOLDFAST_MAX_UNITS)", cmp.Or(s.MaxUnits, units)); err != nil {
		return l, err
	}
	switch {
	case s.MaxCustomerUnits != "":
		l.customerUnits, err = limit("--max-customer-units (HOLDFAST_MAX_CUSTOMER_UNITS)", s.MaxCustomerUnits)
	case l.units > 0:
		l.customerUnits = 2 * l.units
	case !off:
		err = errors.New("--max-units (HOLDFAST_MAX_UNITS) is unlimited, so --max-customer-units (HOLDFAST_MAX_CUSTOMER_UNITS)" +
			" has no default: set it to a number, or to unlimited, too")
	}
	if err != nil {
		return l, err
	}
	if l.customerUnits > 0 && (l.units == 0 || l.customerUnits < l.units) {
		return l, fmt.Errorf("--max-customer-units (HOLDFAST_MAX_CUSTOMER_UNITS) is %d, below what one order may have, --max-units (HOLDFAST_MAX_UNITS), %s:"+
			" set --max-units to %d or less", l.customerUnits, cmp.Or(s.MaxUnits, units), l.customerUnits)
	}
	l.networkUnits = l.customerUnits // all guests of a network may have as many as one customer
	if s.MaxNetworkUnits == "" {
		return l, nil
	}
	if l.networkUnits, err = limit("--max-network-units (HOLDFAST_MAX_NETWORK_UNITS)", s.MaxNetworkUnits); err != nil {
		return l, err
	}
	if l.networkUnits > 0 && (l.units == 0 || l.networkUnits < l.units) {
		return l, fmt.Errorf("--max-network-units (HOLDFAST_MAX_NETWORK_UNITS) is %d, below what one order may have, --max-units (HOLDFAST_MAX_UNITS), %s:"+
			" set --max-units to %d or less", l.networkUnits, cmp.Or(s.MaxUnits, units), l.networkUnits)
	}
	return l, nil
}

// maxLimit is far above any stock, and far below where sums of it would overflow.
const maxLimit = int64(1_000_000_000_000)

// limit parses a number of at least 1, or returns 0 for the word unlimited.
func limit(name, text string) (int64, error) {
	if text == Unlimited {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > maxLimit {
		return 0, fmt.Errorf("%s: %q must be a number from 1 to %d, or %s", name, text, maxLimit, Unlimited)
	}
	return n, nil
}
