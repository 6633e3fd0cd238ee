package main

import (
	"crypto/tls"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	"holdfast/api"
)

// doorFlags say where the gateway listens, whom it lets in, and how often.
type doorFlags struct {
	Addr         string   `name:"http-addr" env:"HOLDFAST_HTTP_ADDR" default:"127.0.0.1:8080" help:"Address to listen on (${env})."`
	Metrics      string   `name:"metrics-addr" env:"HOLDFAST_METRICS_ADDR" help:"Address of a listener of its own for /metrics, /healthz and /readyz; then /metrics is nowhere else (${env})."`
	TLSCert      string   `name:"tls-cert" env:"HOLDFAST_TLS_CERT" help:"File of the listener's certificate, in PEM; empty: plain HTTP (${env})."`
	TLSKey       string   `name:"tls-key" env:"HOLDFAST_TLS_KEY" help:"File of the certificate's key (${env})."`
	CallerLimit  *int     `name:"rate-limit" env:"HOLDFAST_RATE_LIMIT" help:"What each caller may use a second; most calls use 1, see x-cost in openapi.yaml; 0: no limit. Default: 50, and none with authentication off (${env})."`
	AddressLimit *int     `name:"rate-limit-address" env:"HOLDFAST_RATE_LIMIT_ADDRESS" help:"What each address may use a second, as --rate-limit; 0: no limit. Default: 200, and none with authentication off. Callbacks of payments are counted apart, up to ten times as many (${env})."`
	PaymentLimit *int     `name:"rate-limit-payments" env:"HOLDFAST_RATE_LIMIT_PAYMENTS" help:"Calls a minute of each customer that open payments, for which a provider may be asked; 0: no limit. One order has a third of them, all customers of one network four times as many. Default: 30, and none with authentication off (${env})."`
	BodyBytes    int64    `env:"HOLDFAST_BODY_BYTES" default:"67108864" help:"Memory for the bodies of all requests in flight, in bytes, at least 8388608. One caller may have an eighth of it, all callers of one network a quarter, all callers three quarters; the rest is for payment callbacks and providers' pages (${env})."`
	Proxies      []string `name:"trusted-proxies" env:"HOLDFAST_TRUSTED_PROXIES" help:"Addresses or networks of proxies whose X-Forwarded-For is believed, with commas between (${env})."`
	Origins      []string `name:"cors-origins" env:"HOLDFAST_CORS_ORIGINS" help:"Origins of other sites whose pages may call, such as https://shop.example, with commas between (${env})."`
}

// Limits of calls in a second, where none are set. A person's browser makes some ten,
// an office behind one address has some twenty persons.
const (
	callerLimit  = 50
	addressLimit = 200
	// paymentLimit is of a minute: a person chooses how to pay, and loads a page again.
	paymentLimit = 30
)

// limits: with authentication off it is one machine's own programs that call, and
// what they measure must not be the limits.
func (f doorFlags) limits(authOff bool) api.Limits {
	l := api.Limits{Caller: callerLimit, Address: addressLimit, Payments: paymentLimit}
	if authOff {
		l = api.Limits{}
	}
	if f.CallerLimit != nil {
		l.Caller = *f.CallerLimit
	}
	if f.AddressLimit != nil {
		l.Address = *f.AddressLimit
	}
	if f.PaymentLimit != nil {
		l.Payments = *f.PaymentLimit
	}
	return l
}

// tls is nil where the gateway speaks plain HTTP.
func (f doorFlags) tls() (*tls.Config, error) {
	own, err := certificate(f.TLSCert, f.TLSKey)
	if err != nil {
		return nil, usagef("--tls-cert and --tls-key (HOLDFAST_TLS_CERT, HOLDFAST_TLS_KEY): %v", err)
	}
	if own == nil {
		return nil, nil //nolint:nilnil // no TLS is not an error
	}
	return &tls.Config{Certificates: own, MinVersion: tls.VersionTLS12}, nil
}

// check finds mistakes without listening yet: as long as nobody serves, connections
// should be refused. The gateway checks most of it again.
func (f doorFlags) check(authOff bool) error {
	if l := f.limits(authOff); l.Caller < 0 || l.Address < 0 || l.Payments < 0 {
		return usagef("--rate-limit, --rate-limit-address and --rate-limit-payments (HOLDFAST_RATE_LIMIT, " +
			"HOLDFAST_RATE_LIMIT_ADDRESS, HOLDFAST_RATE_LIMIT_PAYMENTS): must not be negative")
	}
	if f.BodyBytes < api.MinBodyBytes {
		return usagef("--body-bytes (HOLDFAST_BODY_BYTES): %d is too few: one caller may have an eighth of it, which has to "+
			"fit the largest body; at least %d are needed", f.BodyBytes, api.MinBodyBytes)
	}
	for _, p := range f.Proxies {
		_, notAddress := netip.ParseAddr(p)
		if _, notNetwork := netip.ParsePrefix(p); notAddress != nil && notNetwork != nil {
			return usagef("--trusted-proxies (HOLDFAST_TRUSTED_PROXIES): %q is no address and no network", p)
		}
	}
	for _, o := range f.Origins {
		if err := api.CheckOrigin(o); err != nil {
			return usagef("--cors-origins (HOLDFAST_CORS_ORIGINS): %v", err)
		}
	}
	if _, err := f.tls(); err != nil {
		return err
	}
	if f.Metrics != "" {
		if err := checkAddress("--metrics-addr (HOLDFAST_METRICS_ADDR)", f.Metrics); err != nil {
			return err
		}
	}
	if err := checkAddress("--http-addr (HOLDFAST_HTTP_ADDR)", f.Addr); err != nil {
		return err
	}
	if !authOff || onLoopback(f.Addr) {
		return nil
	}
	return usagef("with authentication off (HOLDFAST_AUTH), --http-addr %s (HOLDFAST_HTTP_ADDR) would let anybody be "+
		"the operator: listen on 127.0.0.1, or ask for tokens", f.Addr)
}

// onLoopback reports whether only this machine can reach an address. An empty host means
// every address of the machine.
func onLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && isLoopback(host)
}

// urlOnLoopback reports whether a URL leads to this machine.
func urlOnLoopback(text string) bool {
	u, err := url.Parse(text)
	return err == nil && isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// checkAddress checks an address to listen on.
func checkAddress(name, addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return usagef("%s: %v", name, err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return usagef("%s: %q is no port", name, port)
	}
	return nil
}
