// Package deliver sends messages to merchants' endpoints according to Standard Webhooks,
// and prevents them from making Holdfast call into its own network.
package deliver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"holdfast/webhook"
)

// Loopback is a setting that allows only this machine.
const Loopback = "127.0.0.0/8,::1/128"

// private is what the word means in a setting: where test receivers live.
var private = []netip.Prefix{
	netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("fc00::/7"),
}

// metadata are addresses at which clouds give a machine its own secrets. No setting allows
// them; the rest of 169.254.0.0/16 and fe80::/10 must be allowed explicitly.
var metadata = []netip.Addr{
	netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("169.254.170.2"), netip.MustParseAddr("169.254.170.23"),
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd00:ec2::23"), netip.MustParseAddr("fd20:ce::254"),
	netip.MustParseAddr("100.100.100.200"), netip.MustParseAddr("168.63.129.16"), netip.MustParseAddr("192.0.0.192"),
}

// errRefused is the error of a connection to a forbidden address.
var errRefused = errors.New("the address is not one that webhooks may reach")

// Guard decides which addresses may be reached.
type Guard struct {
	allowed []netip.Prefix
	public  *ssrf.Guardian
	// resolver is the system's if nil.
	resolver *net.Resolver
	own      own
}

// NewGuard parses the setting: networks such as 10.1.0.0/16 that may be reached although
// they are not public, separated by commas; private means all private networks and
// loopback.
func NewGuard(setting string) (*Guard, error) {
	g := &Guard{public: ssrf.New(ssrf.WithAnyPort())}
	for part := range strings.SplitSeq(setting, ",") {
		switch part = strings.TrimSpace(part); part {
		case "":
		case "private":
			g.allowed = append(g.allowed, private...)
		default:
			prefix, err := netip.ParsePrefix(part)
			if err != nil {
				return nil, fmt.Errorf("%q is neither a network such as 10.1.0.0/16 nor the word private", part)
			}
			g.allowed = append(g.allowed, prefix.Masked())
		}
	}
	return g, nil
}

// check judges one address. Without encryption only an allowed network is trusted with what
// everyone on the path can read.
func (g *Guard) check(a netip.Addr, encrypted bool) error {
	a = a.Unmap() // ::ffff:10.0.0.1 is 10.0.0.1
	switch {
	case slices.Contains(metadata, a.WithZone("")):
		return fmt.Errorf("%w: %s is a cloud's metadata service", errRefused, a)
	case g.isAllowed(a):
		return nil
	case !encrypted:
		return fmt.Errorf("%w without TLS: %s", errRefused, a)
	}
	if err := g.public.SafeAddr(a); err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	return nil
}

// isAllowed reports whether the address is in a network that the setting names.
func (g *Guard) isAllowed(a netip.Addr) bool {
	return slices.ContainsFunc(g.allowed, func(p netip.Prefix) bool { return p.Contains(a) })
}

// dialer checks each address that it connects to, after the name was resolved: a name that
// resolves to another address the second time is checked the second time.
func (g *Guard) dialer(encrypted bool) *net.Dialer {
	return &net.Dialer{
		Timeout: dialTimeout, Resolver: g.resolver,
		ControlContext: func(ctx context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("%w: %q", errRefused, address)
			}
			if err := g.check(to.Addr(), encrypted); err != nil {
				return err
			}
			if err := g.checkOwn(ctx, to); err != nil {
				return fmt.Errorf("%w: %w", errRefused, err)
			}
			return nil
		},
	}
}

// lookUpWithin bounds how long a registration waits for a name.
const lookUpWithin = 2 * time.Second

// Check refuses a URL that can't be an endpoint's, as a *webhook.RefusedURLError. It is for
// registrations, so that the caller learns of it at once; what counts is the check of each
// connection. A name that can't be resolved now is accepted.
func (g *Guard) Check(ctx context.Context, text string) error {
	u, err := webhook.ParseURL(text)
	if err != nil {
		return err
	}
	var addresses []netip.Addr
	host := strings.TrimSuffix(u.Hostname(), ".")
	if a, err := netip.ParseAddr(host); err == nil {
		addresses = []netip.Addr{a}
	} else {
		if webhook.IsLocalName(host) && len(g.allowed) == 0 {
			return &webhook.RefusedURLError{Reason: "its host is a name of this machine or of a private network"}
		}
		ctx, cancel := context.WithTimeout(ctx, lookUpWithin)
		defer cancel()
		addresses, _ = g.lookUp(ctx, host) // unresolvable now: its messages would wait for it
	}
	if u.Scheme == "http" && len(addresses) == 0 {
		return errPlain()
	}
	for _, a := range addresses {
		if g.check(a, true) != nil {
			return &webhook.RefusedURLError{Reason: "its host has an address that is not public, such as one of a private network"}
		}
		if u.Scheme == "http" && g.check(a, false) != nil {
			return errPlain()
		}
		switch err := g.checkOwn(ctx, netip.AddrPortFrom(a, portOf(u))); {
		case errors.Is(err, errOwn):
			return &webhook.RefusedURLError{Reason: "its host is one of Holdfast's own services"}
		case err != nil:
			return &webhook.RefusedURLError{Reason: "its host is in a private network, and may be one of Holdfast's own services: " +
				"the name of one of them can't be resolved at the moment; try again when it can"}
		}
	}
	return nil
}

// portOf returns the port of a URL that webhook.ParseURL accepted.
func portOf(u *url.URL) uint16 {
	if port, err := strconv.ParseUint(u.Port(), 10, 16); err == nil {
		return uint16(port)
	}
	if u.Scheme == "http" {
		return 80
	}
	return 443
}

func errPlain() error { return &webhook.RefusedURLError{Reason: "must begin with https://"} }

func (g *Guard) lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	r := g.resolver
	if r == nil {
		r = net.DefaultResolver
	}
	return r.LookupNetIP(ctx, "ip", host)
}
