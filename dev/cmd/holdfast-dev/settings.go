package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/url"
	"os"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	parcels "holdfast/carrier/sandbox"
	"holdfast/dev/demo"
	"holdfast/dev/stack"
	"holdfast/identity"
	"holdfast/payment/sandbox"
	"holdfast/search"
	"holdfast/settings"
	"holdfast/webhook/deliver"
)

// auditEvery is how old the last audit gets that the pages and GET /v1/audits/latest show.
const auditEvery = 10 * time.Minute

// flags are the program's settings.
type flags struct{ settings.Dev }

// Validate is called when the flags have been read.
func (s *flags) Validate() error {
	// Without tokens anyone may order for anyone, so no limit applies that isn't set.
	if err := errors.Join(s.Shop.Check(true), s.Guests.Check(s.PaymentWindow, s.ReturnWindow, true)); err != nil {
		return err
	}
	if _, err := deliver.NewGuard(s.WebhooksAllow); err != nil {
		return fmt.Errorf("HOLDFAST_WEBHOOKS_ALLOW: %w", err)
	}
	if math.IsNaN(s.SandboxFails) || s.SandboxFails < 0 || s.SandboxFails > 1 {
		return fmt.Errorf("HOLDFAST_SANDBOX_FAILS: %g must lie between 0 and 1", s.SandboxFails)
	}
	if name := s.demo(); name != demo.Off {
		if _, err := demo.Load(name); err != nil {
			return fmt.Errorf("HOLDFAST_DEMO: %w", err)
		}
	}
	if _, err := s.verifier(); err != nil {
		return err
	}
	if _, err := s.guests(); err != nil {
		return err
	}
	if err := requireLoopback(s.HTTPAddr); err != nil {
		return err
	}
	return s.checkSecret()
}

// checkSecret refuses the published secrets behind a public name: callers from outside could
// have any order paid and delivered.
func (s *flags) checkSecret() error {
	name := ""
	switch {
	case s.PublicURL == "" || !s.Sandbox:
	case s.WebhookSecret == "" || sandbox.IsPublished(s.WebhookSecret):
		name = "HOLDFAST_WEBHOOK_SECRET"
	case s.CarrierSecret == "" || parcels.IsPublished(s.CarrierSecret):
		name = "HOLDFAST_CARRIER_SECRET"
	}
	if name == "" {
		return nil
	}
	u, err := url.Parse(s.PublicURL)
	if err == nil && isLoopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("HOLDFAST_PUBLIC_URL %q lets other machines call, and a secret of the sandbox is the published one: "+
		"set a %s of your own", s.PublicURL, name)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// verifier returns nil if authentication is off.
func (s *flags) verifier() (identity.Verifier, error) {
	if s.Off() {
		return nil, nil //nolint:nilnil // no authentication is not an error
	}
	return s.Signer()
}

// guests makes a secret for guests if none is set: their tokens then last until the program ends.
func (s *flags) guests() (*identity.Guests, error) {
	given := s.Guests
	if given.GuestSecret == "" && s.JWTSecret == "" {
		given.GuestSecret = rand.Text() + rand.Text()
	}
	return given.GuestSigner(s.Tokens)
}

// demo is the catalogue with the default filled in.
func (s *flags) demo() string {
	switch {
	case s.Demo != "":
		return s.Demo
	case s.RedisURL != "":
		return demo.Off
	}
	return demo.Names()[0]
}

// requireLoopback refuses an address that others can reach, because every caller is an
// operator.
func requireLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("HOLDFAST_HTTP_ADDR %q: %w", address, err)
	}
	if isLoopback(host) {
		return nil
	}
	return fmt.Errorf("HOLDFAST_HTTP_ADDR %q is not a loopback address, and everyone who reaches it "+
		"would be an operator: use 127.0.0.1", address)
}

func (s *flags) options() (stack.Options, error) {
	synonyms, err := s.synonyms()
	if err != nil {
		return stack.Options{}, fmt.Errorf("HOLDFAST_SYNONYMS: %w", err)
	}
	verifier, err := s.verifier()
	if err != nil {
		return stack.Options{}, err
	}
	guests, err := s.guests()
	if err != nil {
		return stack.Options{}, err
	}
	opts := stack.Options{
		Data:     s.Data,
		RedisURL: s.RedisURL,

		RequireDurability: s.RedisDurability != "warn",

		ElasticsearchURL: s.ElasticsearchURL,
		Synonyms:         synonyms,
		RedisPort:        s.RedisPort,
		TemporalPort:     s.TemporalPort,
		UIPort:           s.UIPort,
		Namespace:        s.Namespace,

		Shop:          s.Shop,
		WebhookSecret: s.WebhookSecret, CarrierSecret: s.CarrierSecret, WebhooksAllow: s.WebhooksAllow,

		WithoutSandbox: !s.Sandbox,
		SandboxFails:   s.SandboxFails,

		Identity: verifier,
		Guests:   guests,
		Demo:     s.demo(),

		AuditEvery: auditEvery,

		Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)),
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

// temporal connects as Temporal's own environment and profile say, to the address and the
// namespace of the settings.
func (s *flags) temporal() (client.Options, error) {
	opts, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return client.Options{}, fmt.Errorf("read Temporal's settings: %w", err)
	}
	opts.HostPort, opts.Namespace = s.TemporalAddress, s.Namespace
	return opts, nil
}

func (s *flags) synonyms() (search.Synonyms, error) {
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
