package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/sethvargo/go-limiter"
	"github.com/sethvargo/go-limiter/memorystore"
)

// One order has the third part of a customer's calls that open payments, and all customers
// of one network together four times as many.
const (
	ordersPart   = 3
	networkTimes = 4
)

var errTooManyPays = errors.New("too many calls in this minute that open payments")

// payLimits count the calls for which a provider may be asked, in a minute. A nil store is
// without a limit. Staff are not counted.
type payLimits struct{ callers, orders, networks limiter.Store }

func newPayLimits(calls int) (payLimits, error) {
	if calls < 0 {
		return payLimits{}, errors.New("gateway: a limit of calls that open payments must not be negative")
	}
	if calls == 0 {
		return payLimits{}, nil
	}
	var (
		counts payLimits
		errs   [3]error
	)
	counts.callers, errs[0] = perMinute(calls)
	counts.orders, errs[1] = perMinute(max(1, calls/ordersPart))
	counts.networks, errs[2] = perMinute(networkTimes * calls)
	return counts, errors.Join(errs[:]...)
}

func perMinute(calls int) (limiter.Store, error) {
	return memorystore.New(&memorystore.Config{
		Tokens: uint64(calls), Interval: time.Minute, //nolint:gosec // it is not negative
		SweepInterval: forgetAfter, SweepMinTTL: 2 * time.Minute,
	})
}

// close ends the stores' goroutines.
func (l payLimits) close(ctx context.Context) error {
	var errs []error
	for _, s := range []limiter.Store{l.callers, l.orders, l.networks} {
		if s != nil {
			errs = append(errs, s.Close(ctx))
		}
	}
	return errors.Join(errs...)
}

// ofCaller counts a call by who makes it and where from, before anything is done for it.
func (l payLimits) ofCaller(c *gin.Context) error {
	ctx := c.Request.Context()
	caller := CallerOf(ctx)
	if caller.Staff() {
		return nil
	}
	// The caller first: one who has none left must not use up what the network has.
	if err := takeInMinute(ctx, l.callers, callerKeyOf(caller)); err != nil {
		return err
	}
	return takeInMinute(ctx, l.networks, network(c.ClientIP()))
}

// ofOrder counts a call by its order, which the caller has to own: else names of orders
// would be kept that there are not, and customers could use up what others have.
func (l payLimits) ofOrder(ctx context.Context, orderID string) error {
	if CallerOf(ctx).Staff() {
		return nil
	}
	return takeInMinute(ctx, l.orders, orderID)
}

// takeInMinute is take, with the time at which the limit has room again.
func takeInMinute(ctx context.Context, s limiter.Store, key string) error {
	if s == nil {
		return nil
	}
	_, _, reset, ok, err := s.Take(ctx, key)
	if err != nil && !errors.Is(err, limiter.ErrStopped) {
		return fmt.Errorf("count a call: %w", err)
	}
	if ok || err != nil {
		return nil
	}
	p := *problemOf(errTooManyPays)
	until := time.Until(time.Unix(0, int64(reset))) //nolint:gosec // a time of this century
	p.retryAfter = min(max(until+time.Second, time.Second), time.Minute)
	return &p
}
