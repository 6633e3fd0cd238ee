// Package stripe is the payment provider Stripe: a PaymentIntent for each attempt at
// an order, which the buyer pays by Stripe's own script in the shop's page. Stripe's
// words, formats, ways to count money and signatures end here. The package never
// decides about an order, keeps nothing, and never passes a key or a client secret on
// in an error.
package stripe

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"holdfast/payment"
)

// Name is the provider's name, in the callback's path and in events.
const Name = "stripe"

// callTimeout bounds a call whose context doesn't: Stripe itself gives up later.
const callTimeout = 20 * time.Second

// pageSize is the most that Stripe answers at a time.
const pageSize = 100

// Provider speaks to one Stripe account.
type Provider struct {
	api    client
	secret string
	// methods that buyers can pay by; nil: those that are on in the Dashboard.
	methods []string
}

var _ payment.Provider = (*Provider)(nil)

// Config says which account, and how it is reached.
type Config struct {
	// Key is the account's secret key, or a restricted one that may write PaymentIntents
	// and refunds, and read charges.
	Key string
	// WebhookSecret signs what the account's webhook endpoint sends, whsec_….
	WebhookSecret string
	// Methods that buyers can pay by, as Stripe calls them, separated by commas, or
	// FromDashboard. Empty is DefaultMethods.
	Methods string
	// BaseURL of the API; empty: Stripe's own.
	BaseURL string
	// HTTPClient is for tests; nil: one with bounds of its own.
	HTTPClient *http.Client
}

const (
	// DefaultMethods are cards, and the wallets that pay by a card. Whether they pay is
	// known at once; a bank debit or a voucher keeps the order's stock for days.
	DefaultMethods = "card"
	// FromDashboard offers what is switched on in Stripe's Dashboard.
	FromDashboard = "dashboard"
)

// methods is nil for those of the Dashboard.
func (c Config) methods() []string {
	if c.Methods == FromDashboard {
		return nil
	}
	return strings.Split(cmp.Or(c.Methods, DefaultMethods), ",")
}

// New checks the settings, and calls nobody.
func New(c Config) (*Provider, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	backend := stripe.BackendConfig{
		HTTPClient: c.HTTPClient,
		// The library would log whole answers. What went wrong is in the errors.
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		// The sagas ask again, with patience. The library would sleep past the context.
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   new(false),
	}
	if backend.HTTPClient == nil {
		backend.HTTPClient = &http.Client{Timeout: callTimeout}
	}
	if c.BaseURL != "" {
		backend.URL = stripe.String(c.BaseURL)
	}
	api := client{backend: stripe.GetBackendWithConfig(stripe.APIBackend, &backend), key: c.Key}
	return &Provider{api: api, secret: c.WebhookSecret, methods: c.methods()}, nil
}

// check names what is wrong with the settings, and never their values.
func (c Config) check() error {
	switch {
	case !strings.HasPrefix(c.Key, "sk_") && !strings.HasPrefix(c.Key, "rk_"):
		return errors.New("the API key is not a secret key (sk_…) or a restricted one (rk_…)")
	case strings.ContainsFunc(c.Key, notVisible):
		return errors.New("the API key has characters that no key has")
	case len(c.WebhookSecret) < len("whsec_")+16 || !strings.HasPrefix(c.WebhookSecret, "whsec_"):
		return errors.New("the webhook secret is not one of an endpoint (whsec_…)")
	case strings.ContainsFunc(c.WebhookSecret, notVisible):
		return errors.New("the webhook secret has characters that no secret has")
	case slices.ContainsFunc(c.methods(), notAMethod):
		return fmt.Errorf("the payment methods are no list of Stripe's names, such as card,link, nor %s", FromDashboard)
	case c.BaseURL == "":
		return nil
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return errors.New("the API's address is not an http(s) URL of a host")
	}
	if u.Scheme == "http" && IsLive(c.Key) && !loopback(u.Hostname()) {
		return fmt.Errorf("a live API key must not go to %s without TLS", u.Host)
	}
	return nil
}

// IsLive reports whether payments under a key move money. Every key moves money that
// doesn't say that it is a test key.
func IsLive(key string) bool {
	return !strings.HasPrefix(key, "sk_test_") && !strings.HasPrefix(key, "rk_test_")
}

// notAMethod reports whether Stripe has no payment method of such a name. Dashboard is
// one only alone.
func notAMethod(name string) bool {
	return name == "" || name == FromDashboard || strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func notVisible(r rune) bool { return r < '!' || r > '~' }
