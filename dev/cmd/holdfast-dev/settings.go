package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"holdfast/api"
	"holdfast/dev/demo"
	"holdfast/dev/stack"
	"holdfast/identity"
	"holdfast/payment/sandbox"
	"holdfast/search"
	"holdfast/webhook/deliver"
)

// settings are the program's flags, each with its environment name.
type settings struct {
	HTTPAddr      string        `help:"Where the gateway listens; loopback only." env:"HOLDFAST_HTTP_ADDR" default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	Data          string        `help:"Folder to keep everything in; without it all is in memory. Needs redis-server." env:"HOLDFAST_DATA" type:"path" placeholder:"DIR"`
	TemporalPort  int           `help:"Port of the embedded Temporal server; 0 takes a free one." env:"HOLDFAST_TEMPORAL_PORT" default:"7233"`
	UIPort        int           `name:"ui-port" help:"Port of Temporal's web UI; 0 takes a free one." env:"HOLDFAST_UI_PORT" default:"8233"`
	RedisPort     int           `help:"Port of the embedded Redis; 0 takes a free one." env:"HOLDFAST_REDIS_PORT" default:"6380"`
	PaymentWindow time.Duration `help:"How long an order waits for its payment." env:"HOLDFAST_PAYMENT_WINDOW" default:"15m"`
	MaxOpenOrders limit         `help:"Orders of one customer that may hold stock and wait for their payment." env:"HOLDFAST_MAX_OPEN_ORDERS" default:"unlimited"`
	MaxUnits      limit         `help:"Units of one product that an order may have; a product may allow less." env:"HOLDFAST_MAX_UNITS" default:"unlimited"`
	MaxTogether   limit         `name:"max-customer-units" help:"Units of one product that all unpaid orders of a customer may hold together." env:"HOLDFAST_MAX_CUSTOMER_UNITS" default:"unlimited"`
	WebhookSecret string        `help:"Secret of the sandbox's payment callbacks (whsec_...)." env:"HOLDFAST_WEBHOOK_SECRET"`
	WebhooksAllow string        `help:"Networks that webhooks may reach although they are not public, separated by commas; private means all private ones." env:"HOLDFAST_WEBHOOKS_ALLOW" default:"127.0.0.0/8,::1/128"`
	Sandbox       bool          `help:"Take payments by the sandbox, which moves no money." env:"HOLDFAST_SANDBOX" default:"true" negatable:""`
	SandboxFails  float64       `help:"Share of calls to the sandbox that fail, 0 to 1, to see what becomes of orders then." env:"HOLDFAST_SANDBOX_FAILS" default:"0"`
	PublicURL     string        `name:"public-url" help:"Where buyers reach the gateway; without it the address that it listens on." env:"HOLDFAST_PUBLIC_URL" placeholder:"URL"`
	Auth          string        `help:"Who may call: off, everybody on this machine is the operator; jwt, who has a token, see holdfast token." env:"HOLDFAST_AUTH" enum:"off,jwt" default:"off"`
	JWTSecret     string        `name:"jwt-secret" help:"Secret that tokens are signed with, at least 32 bytes." env:"HOLDFAST_JWT_SECRET"`
	Issuer        string        `name:"jwt-issuer" help:"Who issues the tokens." env:"HOLDFAST_JWT_ISSUER" default:"holdfast"`
	Audience      string        `name:"jwt-audience" help:"For whom the tokens are." env:"HOLDFAST_JWT_AUDIENCE" default:"holdfast"`
	Demo          string        `help:"Products to begin with: en, zh or off. Without it en, but off where REDIS_URL is given: that may be somebody's shop." env:"HOLDFAST_DEMO" placeholder:"NAME"`

	RedisURL        string `help:"A Redis to use instead of an embedded one." env:"REDIS_URL" placeholder:"URL"`
	Durability      string `name:"redis-durability" help:"What to do about a Redis at REDIS_URL that may lose what it acknowledged: require refuses it, warn runs all the same." env:"HOLDFAST_REDIS_DURABILITY" enum:"require,warn" default:"require"`
	Elasticsearch   string `name:"elasticsearch-url" help:"An Elasticsearch to search with instead of the embedded index." env:"ELASTICSEARCH_URL" placeholder:"URL"`
	Synonyms        string `help:"File of words that mean the same to a search, one rule a line: sofa, couch, settee." env:"HOLDFAST_SYNONYMS" placeholder:"FILE"`
	TemporalAddress string `help:"A Temporal server to use instead of the embedded one; TLS and API key come from Temporal's own environment." env:"TEMPORAL_ADDRESS" placeholder:"HOST:PORT"`
	Namespace       string `name:"temporal-namespace" help:"Namespace on Temporal." env:"TEMPORAL_NAMESPACE" default:"default"`
}

// limit is a number, or 0 for the word unlimited.
type limit int64

// UnmarshalText reads what stands in a flag or in the environment.
func (l *limit) UnmarshalText(text []byte) error {
	if string(text) == "unlimited" {
		*l = 0
		return nil
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < 1 {
		return fmt.Errorf("%q must be a number from 1, or unlimited", text)
	}
	*l = limit(n)
	return nil
}

// Validate is called when the flags have been read.
func (s *settings) Validate() error {
	if s.PaymentWindow < api.MinPaymentWindow || s.PaymentWindow > api.MaxPaymentWindow {
		return fmt.Errorf("HOLDFAST_PAYMENT_WINDOW must be %s to %s long, not %s", api.MinPaymentWindow, api.MaxPaymentWindow, s.PaymentWindow)
	}
	if s.MaxTogether > 0 && (s.MaxUnits == 0 || s.MaxTogether < s.MaxUnits) {
		return fmt.Errorf("HOLDFAST_MAX_CUSTOMER_UNITS is %d, below what HOLDFAST_MAX_UNITS lets one order have: set that to %d or less",
			s.MaxTogether, s.MaxTogether)
	}
	if _, err := deliver.NewGuard(s.WebhooksAllow); err != nil {
		return fmt.Errorf("HOLDFAST_WEBHOOKS_ALLOW: %w", err)
	}
	if s.SandboxFails < 0 || s.SandboxFails > 1 {
		return fmt.Errorf("HOLDFAST_SANDBOX_FAILS %g is no share, which is 0 to 1", s.SandboxFails)
	}
	if name := s.demo(); name != demo.Off {
		if _, err := demo.Load(name); err != nil {
			return fmt.Errorf("HOLDFAST_DEMO: %w", err)
		}
	}
	if _, err := s.verifier(); err != nil {
		return err
	}
	if err := requireLoopback(s.HTTPAddr); err != nil {
		return err
	}
	return s.checkSecret()
}

// checkSecret refuses the published secret behind a public name: whoever calls there could
// have any order paid.
func (s *settings) checkSecret() error {
	if s.PublicURL == "" || !s.Sandbox || (s.WebhookSecret != "" && !sandbox.IsPublished(s.WebhookSecret)) {
		return nil
	}
	u, err := url.Parse(s.PublicURL)
	if err == nil && isLoopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("HOLDFAST_PUBLIC_URL %q lets others than this machine call, and the sandbox's secret is the published one: "+
		"set a HOLDFAST_WEBHOOK_SECRET of your own", s.PublicURL)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// verifier is nil where nobody is asked who he is.
func (s *settings) verifier() (identity.Verifier, error) {
	if s.Auth != "jwt" {
		return nil, nil //nolint:nilnil // authentication that is off is not an error
	}
	v, err := identity.NewSecret(s.JWTSecret, identity.Names{Issuer: s.Issuer, Audience: s.Audience})
	if err != nil {
		return nil, fmt.Errorf("HOLDFAST_JWT_SECRET: %w", err)
	}
	return v, nil
}

// demo is the catalogue with the default filled in.
func (s *settings) demo() string {
	switch {
	case s.Demo != "":
		return s.Demo
	case s.RedisURL != "":
		return demo.Off
	}
	return demo.Names()[0]
}

// requireLoopback refuses an address that others can reach, as everybody who
// reaches it is an operator.
func requireLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("HOLDFAST_HTTP_ADDR %q: %w", address, err)
	}
	if isLoopback(host) {
		return nil
	}
	return fmt.Errorf("HOLDFAST_HTTP_ADDR %q is not a loopback address, and everybody who reaches it "+
		"would be an operator: use 127.0.0.1", address)
}

func (s *settings) options() (stack.Options, error) {
	synonyms, err := s.synonyms()
	if err != nil {
		return stack.Options{}, fmt.Errorf("HOLDFAST_SYNONYMS: %w", err)
	}
	verifier, err := s.verifier()
	if err != nil {
		return stack.Options{}, err
	}
	opts := stack.Options{
		Data:     s.Data,
		RedisURL: s.RedisURL,

		RequireDurability: s.Durability != "warn",

		ElasticsearchURL: s.Elasticsearch,
		Synonyms:         synonyms,
		RedisPort:        s.RedisPort,
		TemporalPort:     s.TemporalPort,
		UIPort:           s.UIPort,
		Namespace:        s.Namespace,

		HTTPAddr:      s.HTTPAddr,
		PaymentWindow: s.PaymentWindow, MaxOpenOrders: int64(s.MaxOpenOrders), MaxUnits: int64(s.MaxUnits),
		MaxCustomerUnits: int64(s.MaxTogether),
		WebhookSecret:    s.WebhookSecret, WebhooksAllow: s.WebhooksAllow,

		WithoutSandbox: !s.Sandbox,
		SandboxFails:   s.SandboxFails,
		PublicURL:      s.PublicURL,

		Identity: verifier,
		Demo:     s.demo(),
		Log:      slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	}
	if s.TemporalAddress != "" {
		given, err := s.temporal()
		if err != nil {
			return stack.Options{}, err
		}
		opts.Temporal = &given
	}
	return opts, nil
}

// temporal connects as Temporal's own environment and profile say, to the
// address and the namespace of the settings.
func (s *settings) temporal() (client.Options, error) {
	opts, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return client.Options{}, fmt.Errorf("read Temporal's settings: %w", err)
	}
	opts.HostPort, opts.Namespace = s.TemporalAddress, s.Namespace
	return opts, nil
}

func (s *settings) synonyms() (search.Synonyms, error) {
	if s.Synonyms == "" {
		return nil, nil
	}
	file, err := os.Open(s.Synonyms)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	return search.ParseSynonyms(file)
}
