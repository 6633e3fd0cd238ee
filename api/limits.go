package api

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
)

// Limits are allowances per second, to which each call is charged at its cost (see costOf); 0 means
// no limit. Each process counts on its own, so n gateways together allow n times as much.
type Limits struct {
	// Caller limits each subject, Address each address, regardless of who calls from there.
	// Callbacks are counted separately, and may use callbackShare times as much.
	Caller, Address int
	// Payments limits how many payments each customer may open per minute, because each of
	// these calls may send a request to a provider. See ordersPart and networkTimes for the
	// limits per order and per network.
	Payments int
	// Guests limits how many guests of each network may get a token per minute.
	Guests int
	// Coupons limits how many codes of coupons that don't exist each customer may try per
	// minute. All customers of one network may try networkTimes as many.
	Coupons int
}

// callbackShare is how many times the allowance of an address callbacks may use.
const callbackShare = 10

var errTooMany = errors.New("too many calls in this second")

// limits counts the calls within a second.
type limits struct{ callers, addresses, callbacks *allowance }

func newLimits(l Limits) (limits, error) {
	if l.Caller < 0 || l.Address < 0 {
		return limits{}, errors.New("gateway: a limit of calls must not be negative")
	}
	var (
		counts limits
		errs   [3]error
	)
	counts.callers, errs[0] = newAllowance("caller", l.Caller, time.Second, errTooMany)
	counts.addresses, errs[1] = newAllowance("address", l.Address, time.Second, errTooMany)
	counts.callbacks, errs[2] = newAllowance("callbacks", callbackShare*l.Address, time.Second, errTooMany)
	return counts, errors.Join(errs[:]...)
}

func (l limits) close(ctx context.Context) error {
	return errors.Join(l.callers.close(ctx), l.addresses.close(ctx), l.callbacks.close(ctx))
}

// limitAddress counts a call by its source address, before anything else is done for it. Probes
// aren't counted, because a load balancer sends all of them from one address.
func (s *Server) limitAddress(c *gin.Context) {
	if c.GetHeader("X-Forwarded-For") != "" && c.ClientIP() == c.RemoteIP() {
		s.forwarded.Do(func() {
			s.log.WarnContext(c.Request.Context(), "X-Forwarded-For is not used: its sender is not one of the trusted proxies, or it names no address; "+
				"if a proxy sent it, all callers behind it count as one network (HOLDFAST_TRUSTED_PROXIES)", slog.String("client", c.RemoteIP()))
		})
	}
	counts := s.limits.addresses
	switch c.FullPath() {
	case "/healthz", "/readyz":
		return
	case paymentCallbacks, carrierCallbacks:
		counts = s.limits.callbacks
	}
	cost := costOf(c, s.access.of(c.Request.Method, c.FullPath()))
	if err := counts.take(c, network(c.ClientIP()), 0, cost); err != nil {
		s.fail(c, err)
	}
}

// network returns the addresses that count as one customer's: for IPv6, a /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap(); ip.Is4() {
		return ip.String()
	}
	return prefixOf(ip, 64)
}

// wideNetwork returns the /48 of an IPv6 address, which has 65,536 networks and is often one site's; empty
// for others.
func wideNetwork(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return ""
	}
	return prefixOf(ip, 48)
}

func prefixOf(ip netip.Addr, bits int) string {
	prefix, err := ip.WithZone("").Prefix(bits)
	if err != nil { // it is an IPv6 address
		panic("network of an address: " + err.Error())
	}
	return prefix.String()
}

// callerKeyOf returns a unique name for a caller. It includes whether they are staff, so that a
// customer can't use up the allowance of a member of staff with the same name.
func callerKeyOf(c Caller) string {
	if c.Staff() {
		return "staff/" + c.Subject
	}
	return string(RoleCustomer) + "/" + c.Subject
}

// allowanceKey names the allowance that a call uses. A guest has one on each network, since all visitors
// of a shop's pages who only look around may be one guest: none of them uses up what the others need.
func allowanceKey(c *gin.Context, caller Caller) string {
	key := callerKeyOf(caller)
	if slices.Contains(caller.Roles, RoleGuest) {
		key += "/" + network(c.ClientIP())
	}
	return key
}
