package api

import (
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"
)

// An order gets a third of a customer's calls that open payments; all customers of one network
// together get four times as many.
const (
	ordersPart   = 3
	networkTimes = 4
)

var errTooManyPays = errors.New("too many calls in this minute that open payments")

// payLimits counts, per minute, the calls that may send a request to a provider. Staff are not
// counted.
type payLimits struct{ callers, orders, networks *allowance }

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
	counts.callers, errs[0] = newAllowance("payments", calls, time.Minute, errTooManyPays)
	counts.orders, errs[1] = newAllowance("payments-of-order", max(1, calls/ordersPart), time.Minute, errTooManyPays)
	counts.networks, errs[2] = newAllowance("payments-of-network", networkTimes*calls, time.Minute, errTooManyPays)
	return counts, errors.Join(errs[:]...)
}

func (l payLimits) close(ctx context.Context) error {
	return errors.Join(l.callers.close(ctx), l.orders.close(ctx), l.networks.close(ctx))
}

// ofCaller counts a call by caller and network, before anything is done for it.
func (l payLimits) ofCaller(c *gin.Context) error {
	caller := CallerOf(c.Request.Context())
	if caller.Staff() {
		return nil
	}
	// The caller first: a caller who has no calls left must not use up those of the network.
	if err := l.callers.take(c, callerKeyOf(caller), 0, 1); err != nil {
		return err
	}
	return l.networks.take(c, network(c.ClientIP()), 0, 1)
}

// ofOrder counts a call by its order, which the caller has to own: otherwise ids of orders that
// don't exist would be kept, and customers could use up each other's calls.
func (l payLimits) ofOrder(c *gin.Context, orderID string) error {
	if CallerOf(c.Request.Context()).Staff() {
		return nil
	}
	return l.orders.take(c, orderID, 0, 1)
}
