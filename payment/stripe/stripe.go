// Package stripe is the payment provider Stripe: a PaymentIntent for each attempt at an
// order, which the buyer pays with Stripe's own script in the shop's page. The package
// hides Stripe's terms, formats, amounts and signatures. It never decides about an order,
// stores nothing, and never puts a key or a client secret into an error.
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

// callTimeout bounds a call whose context has no deadline: Stripe itself gives up later.
const callTimeout = 20 * time.Second

// pageSize is the largest page that Stripe returns.
const pageSize = 100

// Provider uses one Stripe account.
type Provider struct {
	api    client
	secret string
	// methods that buyers can pay by; nil means those enabled in the Dashboard.
	methods []string
}

var _ payment.Provider = (*Provider)(nil)

// Config names the account and how to reach it.
type Config struct {
	// Key is the account's secret key, or a restricted one that may write PaymentIntents
	// and refunds, and read charges.
	Key string
	// WebhookSecret signs what the account's webhook endpoint sends, whsec_….
	WebhookSecret string
	// Methods that buyers can pay by, as Stripe names them, separated by commas, or
	// FromDashboard. Defaults to DefaultMethods.
	Methods string
	// BaseURL of the API. Defaults to Stripe's own.
	BaseURL string
	// HTTPClient is for tests. Defaults to one with its own bounds.
	HTTPClient *http.Client
}

const (
	// DefaultMethods are cards, and the wallets that pay by card. They succeed or fail at
	// once; a bank debit or a voucher would hold the order's stock for days.
	DefaultMethods = "card"
	// FromDashboard offers the methods enabled in Stripe's Dashboard.
	FromDashboard = "dashboard"
)

// methods returns nil for those of the Dashboard.
func (c Config) methods() []string {
	if c.Methods == FromDashboard {
		return nil
	}
	return strings.Split(cmp.Or(c.Methods, DefaultMethods), ",")
}

// New checks the settings, and makes no call.
func New(c Config) (*Provider, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	backend := stripe.BackendConfig{
		HTTPClient: c.HTTPClient,
		// The library would log whole answers. The errors contain what went wrong.
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
		// The sagas retry with patience. The library would sleep past the context.
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

// check reports what is wrong with the settings, but never their values.
func (c Config) check() error {
	switch {
	case !strings.HasPrefix(c.Key, "sk_") && !strings.HasPrefix(c.Key, "rk_"):
		return errors.New("the API key is neither a secret key (sk_…) nor a restricted one (rk_…)")
	case strings.ContainsFunc(c.Key, notVisible):
		return errors.New("the API key has characters that no key has")
	case len(c.WebhookSecret) < len("whsec_")+16 || !strings.HasPrefix(c.WebhookSecret, "whsec_"):
		return errors.New("the webhook secret is not one of an endpoint (whsec_…)")
	case strings.ContainsFunc(c.WebhookSecret, notVisible):
		return errors.New("the webhook secret has characters that no secret has")
	case slices.ContainsFunc(c.methods(), notAMethod):
		return fmt.Errorf("the payment methods are neither a list of Stripe's names, such as card,link, nor %s", FromDashboard)
	case c.BaseURL == "":
		return nil
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return errors.New("the API's address is not an http(s) URL with a host")
	}
	if u.Scheme == "http" && IsLive(c.Key) && !loopback(u.Hostname()) {
		return fmt.Errorf("a live API key must not go to %s without TLS", u.Host)
	}
	return nil
}

// IsLive reports whether payments under a key move money. Every key does unless it is
// marked as a test key.
func IsLive(key string) bool {
	return !strings.HasPrefix(key, "sk_test_") && !strings.HasPrefix(key, "rk_test_")
}

// notAMethod reports whether Stripe has no payment method with such a name. Dashboard is
// only valid alone.
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
