package api

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/sethvargo/go-limiter"
	"github.com/sethvargo/go-limiter/memorystore"
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

const (
	callbackShare = 10
	// forgetAfter is when a caller who has gone is forgotten.
	forgetAfter = time.Minute
)

var errTooMany = errors.New("too many calls in this second")

// limits count. A nil store is without a limit.
type limits struct {
	callers, addresses, callbacks limiter.Store
	// allowed is what each has in a second: no call costs more than that.
	allowed Limits
}

func newLimits(l Limits) (limits, error) {
	if l.Caller < 0 || l.Address < 0 {
		return limits{}, errors.New("gateway: a limit of calls must not be negative")
	}
	var (
		counts limits
		errs   [3]error
	)
	counts.allowed = l
	counts.callers, errs[0] = perSecond(l.Caller)
	counts.addresses, errs[1] = perSecond(l.Address)
	counts.callbacks, errs[2] = perSecond(callbackShare * l.Address)
	return counts, errors.Join(errs[:]...)
}

func perSecond(calls int) (limiter.Store, error) {
	if calls == 0 {
		return nil, nil //nolint:nilnil // no limit is not an error
	}
	return memorystore.New(&memorystore.Config{
		Tokens: uint64(calls), Interval: time.Second, //nolint:gosec // it is not negative
		SweepInterval: forgetAfter, SweepMinTTL: forgetAfter,
	})
}

// close ends the stores' goroutines.
func (l limits) close(ctx context.Context) error {
	var errs []error
	for _, s := range []limiter.Store{l.callers, l.addresses, l.callbacks} {
		if s != nil {
			errs = append(errs, s.Close(ctx))
		}
	}
	return errors.Join(errs...)
}

// take counts a call at its cost. One that costs more than is left takes what is left. A
// store that was closed, since the gateway is stopping, lets the last calls through.
func take(ctx context.Context, s limiter.Store, key string, cost int) error {
	if s == nil {
		return nil
	}
	for range cost {
		_, _, _, ok, err := s.Take(ctx, key)
		if err != nil && !errors.Is(err, limiter.ErrStopped) {
			return fmt.Errorf("count a call: %w", err)
		}
		if !ok && err == nil {
			return errTooMany
		}
	}
	return nil
}

// ofCaller counts a call by a caller with a valid token.
func (l limits) ofCaller(ctx context.Context, c Caller, cost int) error {
	return take(ctx, l.callers, callerKeyOf(c), min(cost, l.allowed.Caller))
}

// limitAddress counts a call by the address that it comes from, before anything else
// is done for it. Probes aren't counted: a load balancer asks from one address.
func (s *Server) limitAddress(c *gin.Context) {
	store, allowed := s.limits.addresses, s.limits.allowed.Address
	switch c.FullPath() {
	case "/healthz", "/readyz":
		return
	case callbackRoute:
		store, allowed = s.limits.callbacks, callbackShare*allowed
	}
	if store == nil {
		return
	}
	cost := min(allowed, costOf(c, s.access.of(c.Request.Method, c.FullPath())))
	if err := take(c.Request.Context(), store, network(c.ClientIP()), cost); err != nil {
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
