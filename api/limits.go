package api

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
)

// Limits are allowances a second, of which each call takes what it costs (see costOf); 0
// is without a limit. They are counted in this process: so many gateways, so many times
// as much.
type Limits struct {
	// Caller limits each subject, Address each address, whoever calls from there.
	// Callbacks are counted apart, and may take callbackShare times as much.
	Caller, Address int
	// Payments limits the calls of each customer that open payments, in a minute: for each
	// of them a provider may be asked. See ordersPart and networkTimes for the others.
	Payments int
}

// callbackShare is how many times as much as an address callbacks may take.
const callbackShare = 10

var errTooMany = errors.New("too many calls in this second")

// limits count the calls of a second.
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

// limitAddress counts a call by the address that it comes from, before anything else
// is done for it. Probes aren't counted: a load balancer asks from one address.
func (s *Server) limitAddress(c *gin.Context) {
	counts := s.limits.addresses
	switch c.FullPath() {
	case "/healthz", "/readyz":
		return
	case callbackRoute:
		counts = s.limits.callbacks
	}
	cost := costOf(c, s.access.of(c.Request.Method, c.FullPath()))
	if err := counts.take(c, network(c.ClientIP()), 0, cost); err != nil {
		s.fail(c, err)
	}
}

// network is what one customer has of the addresses: of IPv6 it is a /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}

// callerKeyOf names a caller among all others. Whether they are staff is part of it: a
// customer must not use up what a member of staff with the same name has.
func callerKeyOf(c Caller) string {
	if c.Staff() {
		return "staff/" + c.Subject
	}
	return string(RoleCustomer) + "/" + c.Subject
}
