package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"holdfast/web/site"
)

// Web are the settings of the web pages.
type Web struct {
	GatewayURL   string   `name:"gateway-url" env:"HOLDFAST_GATEWAY_URL" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Where the pages reach the gateway. The gateway must name their address in HOLDFAST_TRUSTED_PROXIES, or else it counts all visitors as one."`
	WebAddr      string   `name:"web-addr" env:"HOLDFAST_WEB_ADDR" default:"127.0.0.1:8090" placeholder:"HOST:PORT" help:"Address that the pages listen on."`
	WebURL       string   `name:"web-url" env:"HOLDFAST_WEB_URL" placeholder:"URL" unset:"the address that the pages listen on" help:"Where visitors reach the pages. With https:// cookies are sent by HTTPS only."`
	WebSecret    string   `name:"web-secret" env:"HOLDFAST_WEB_SECRET" secret:"" example:"a third secret of 32 bytes or more" help:"Secret that visitors' cookies are sealed with, at least 32 bytes, the same for all processes. A new one empties all baskets."`
	LinkSecret   string   `name:"link-secret" env:"HOLDFAST_LINK_SECRET" secret:"" example:"a fourth secret of 32 bytes or more" unset:"none: guests get no links to their orders" help:"Secret that links to guests' orders are sealed with, at least 32 bytes, the same for all processes. A new one ends all links."`
	SessionsURL  string   `name:"sessions-url" env:"HOLDFAST_SESSIONS_URL" password:"" example:"redis://:password@127.0.0.1:6380/0" placeholder:"URL" unset:"none: sessions are kept in the process, which then must be the only one, and end with it" help:"URL of a Redis for sessions. It should not be the one that holds the stock: sessions may be lost, stock may not."`
	WebProxies   []string `name:"web-trusted-proxies" env:"HOLDFAST_WEB_TRUSTED_PROXIES" help:"Addresses or networks of proxies in front of the pages whose X-Forwarded-For is trusted, separated by commas."`
	WebZone      string   `name:"web-zone" env:"HOLDFAST_WEB_ZONE" default:"UTC" placeholder:"ZONE" help:"Time zone of visitors whose browsers haven't said theirs, such as Europe/Berlin."`
	WorkflowsURL string   `name:"workflows-url" env:"HOLDFAST_WORKFLOWS_URL" placeholder:"URL" unset:"none: orders have no links to their workflows" help:"Where Temporal's own pages list the workflows, for links from the console, such as http://127.0.0.1:8233/namespaces/default/workflows."`
	StripeKey    string   `name:"stripe-publishable-key" env:"HOLDFAST_STRIPE_PUBLISHABLE_KEY" placeholder:"KEY" unset:"none: the pages can't take payments through Stripe" help:"Stripe's publishable key, pk_live_… or pk_test_…, of the account and the mode of STRIPE_API_KEY: buyers pay on a page of ours, which loads Stripe's script."`
	SignIn
	WebMetricsAddr string `name:"web-metrics-addr" env:"HOLDFAST_WEB_METRICS_ADDR" placeholder:"HOST:PORT" unset:"none" help:"Address of a separate listener for /healthz, such as 127.0.0.1:9094."`
}

// Check reports the first setting that the pages can't run with.
func (w Web) Check() error {
	if len(w.WebSecret) < site.MinKeyBytes {
		return fmt.Errorf("HOLDFAST_WEB_SECRET has %d bytes: set a secret of at least %d", len(w.WebSecret), site.MinKeyBytes)
	}
	if w.LinkSecret != "" && len(w.LinkSecret) < site.MinKeyBytes {
		return fmt.Errorf("HOLDFAST_LINK_SECRET has %d bytes: set a secret of at least %d, or none", len(w.LinkSecret), site.MinKeyBytes)
	}
	if w.LinkSecret != "" && w.LinkSecret == w.WebSecret {
		return errors.New("HOLDFAST_LINK_SECRET is the same as HOLDFAST_WEB_SECRET: links live longer than cookies, so set one of its own")
	}
	if w.WebURL != "" {
		if u, err := url.Parse(w.WebURL); err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return errors.New("--web-url (HOLDFAST_WEB_URL) is not a URL such as https://shop.example")
		}
	}
	if err := w.checkStripe(); err != nil {
		return err
	}
	if err := w.checkSignIn(); err != nil {
		return err
	}
	if _, err := w.Zone(); err != nil {
		return err
	}
	_, err := w.Proxies()
	return err
}

// publishable is the form of a key that browsers may have.
var publishable = regexp.MustCompile(`^pk_(live|test)_[A-Za-z0-9]+$`)

// checkStripe refuses every key that browsers must not have. It never says what the key is.
func (w Web) checkStripe() error {
	if w.StripeKey == "" || publishable.MatchString(w.StripeKey) {
		return nil
	}
	if strings.HasPrefix(w.StripeKey, "sk_") || strings.HasPrefix(w.StripeKey, "rk_") {
		return errors.New("HOLDFAST_STRIPE_PUBLISHABLE_KEY is a secret key, which no browser may have: set the publishable one (pk_live_… or pk_test_…), and replace the secret one if others may have seen it")
	}
	return errors.New("HOLDFAST_STRIPE_PUBLISHABLE_KEY is not a publishable key of Stripe: they begin with pk_live_ or pk_test_")
}

// Secure reports whether visitors reach the pages by HTTPS.
func (w Web) Secure() bool {
	u, err := url.Parse(w.WebURL)
	return err == nil && u.Scheme == "https"
}

// Zone is the time zone of visitors that haven't said theirs.
func (w Web) Zone() (*time.Location, error) {
	zone, err := time.LoadLocation(w.WebZone)
	if err != nil {
		return nil, fmt.Errorf("--web-zone (HOLDFAST_WEB_ZONE): %q is not a time zone such as Europe/Berlin", w.WebZone)
	}
	return zone, nil
}

// Proxies are the networks whose X-Forwarded-For is trusted.
func (w Web) Proxies() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range w.WebProxies {
		if at, err := netip.ParseAddr(text); err == nil {
			all = append(all, netip.PrefixFrom(at, at.BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil || network.Bits() == 0 {
			return nil, fmt.Errorf("--web-trusted-proxies (HOLDFAST_WEB_TRUSTED_PROXIES): %q is neither an address nor a network of proxies", text)
		}
		all = append(all, network)
	}
	return all, nil
}
