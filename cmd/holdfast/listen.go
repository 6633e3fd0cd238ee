package main

import (
	"crypto/tls"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"holdfast/api"
	"holdfast/settings"
)

// listenFlags say where the gateway listens, who may call it, and how often.
type listenFlags struct {
	settings.Shop
	settings.Gateway
}

// The default limits of calls per second. A person's browser makes about ten; an office
// behind one address has about twenty people.
const (
	callerLimit  = 50
	addressLimit = 200
	// paymentLimit is per minute: a person chooses how to pay, and reloads a page.
	paymentLimit = 30
	// guestLimit is per minute, too: one is enough for a buyer, and an office has twenty.
	guestLimit = 30
	// couponLimit is per minute: a person mistypes a code a few times.
	couponLimit = 20
)

// limits returns the limits in force. With authentication off the callers are programs on
// the same machine, whose measurements must not be limited.
func (f listenFlags) limits(authOff bool) api.Limits {
	l := api.Limits{Caller: callerLimit, Address: addressLimit, Payments: paymentLimit, Guests: guestLimit, Coupons: couponLimit}
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
	if f.GuestLimit != nil {
		l.Guests = *f.GuestLimit
	}
	if f.CouponLimit != nil {
		l.Coupons = *f.CouponLimit
	}
	return l
}

// tls returns nil if the gateway speaks plain HTTP.
func (f listenFlags) tls() (*tls.Config, error) {
	own, err := certificate(f.TLSCert, f.TLSKey)
	if err != nil {
		return nil, usagef("--tls-cert and --tls-key (HOLDFAST_TLS_CERT, HOLDFAST_TLS_KEY): %v", err)
	}
	if own == nil {
		return nil, nil //nolint:nilnil // no TLS is not an error
	}
	return &tls.Config{Certificates: own, MinVersion: tls.VersionTLS12}, nil
}

// check finds mistakes before listening: connections should be refused until the gateway
// serves. The gateway checks most of it again.
func (f listenFlags) check(authOff bool) error {
	if l := f.limits(authOff); l.Caller < 0 || l.Address < 0 || l.Payments < 0 || l.Guests < 0 || l.Coupons < 0 {
		return usagef("--rate-limit, --rate-limit-address, --rate-limit-payments, --rate-limit-guests and --rate-limit-coupons " +
			"(HOLDFAST_RATE_LIMIT, HOLDFAST_RATE_LIMIT_ADDRESS, HOLDFAST_RATE_LIMIT_PAYMENTS, HOLDFAST_RATE_LIMIT_GUESTS, " +
			"HOLDFAST_RATE_LIMIT_COUPONS): must not be negative")
	}
	if f.BodyBytes < api.MinBodyBytes {
		return usagef("--body-bytes (HOLDFAST_BODY_BYTES): %d is too small: one caller may use an eighth of it, which must "+
			"fit the largest body; at least %d are needed", f.BodyBytes, api.MinBodyBytes)
	}
	for _, p := range f.TrustedProxies {
		_, notAddress := netip.ParseAddr(p)
		network, notNetwork := netip.ParsePrefix(p)
		switch {
		case notAddress != nil && notNetwork != nil:
			return usagef("--trusted-proxies (HOLDFAST_TRUSTED_PROXIES): %q is neither an address nor a network", p)
		case notNetwork == nil && network.Bits() == 0:
			return usagef("--trusted-proxies (HOLDFAST_TRUSTED_PROXIES): %q is the whole internet: any caller could choose the address "+
				"that the limits count; name your proxies' networks", p)
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
	if f.MetricsAddr != "" {
		if err := checkAddress("--metrics-addr (HOLDFAST_METRICS_ADDR)", f.MetricsAddr); err != nil {
			return err
		}
	}
	if err := checkAddress("--http-addr (HOLDFAST_HTTP_ADDR)", f.HTTPAddr); err != nil {
		return err
	}
	if f.DrainDelay < 0 || f.DrainDelay > longestStop {
		return usagef("--drain-delay (HOLDFAST_DRAIN_DELAY): must lie between 0s and %v, not %v", longestStop, f.DrainDelay)
	}
	if !authOff {
		return nil
	}
	for _, way := range f.ways() {
		if way.beyond {
			return usagef("with authentication off (HOLDFAST_AUTH), %s would make every caller an operator: stay on 127.0.0.1 "+
				"without it, or require tokens", way.setting)
		}
	}
	return nil
}

// longestStop bounds how long a process may continue after it was told to stop.
const longestStop = 10 * time.Minute

// ways are the settings through which others may reach the gateway.
func (f listenFlags) ways() []reach {
	return []reach{
		{"HOLDFAST_HTTP_ADDR " + f.HTTPAddr, !onLoopback(f.HTTPAddr)},
		{"HOLDFAST_METRICS_ADDR " + f.MetricsAddr, f.MetricsAddr != "" && !onLoopback(f.MetricsAddr)},
		{"HOLDFAST_PUBLIC_URL " + f.PublicURL, f.PublicURL != "" && !urlOnLoopback(f.PublicURL)},
		{"HOLDFAST_TRUSTED_PROXIES", len(f.TrustedProxies) > 0},
	}
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
		return usagef("%s: %q is not a port", name, port)
	}
	return nil
}
