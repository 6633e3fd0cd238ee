package api

import (
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/order"
)

var errTooManyCodes = errors.New("too many coupon codes in this minute that don't exist")

// codeLimits count, per minute, coupon codes that don't exist: others could be guessed. Each code is
// charged before it is looked up, so that calls at the same time can't try more, and given back if it
// exists. Staff are not counted.
type codeLimits struct{ callers, networks *allowance }

func newCodeLimits(codes int) (codeLimits, error) {
	if codes < 0 {
		return codeLimits{}, errors.New("gateway: a limit of coupon codes must not be negative")
	}
	var (
		counts codeLimits
		errs   [2]error
	)
	counts.callers, errs[0] = newAllowance("coupons", codes, time.Minute, errTooManyCodes)
	counts.networks, errs[1] = newAllowance("coupons-of-network", networkTimes*codes, time.Minute, errTooManyCodes)
	return counts, errors.Join(errs[:]...)
}

func (l codeLimits) close(ctx context.Context) error {
	return errors.Join(l.callers.close(ctx), l.networks.close(ctx))
}

// try charges the codes of a call to its caller and network.
func (l codeLimits) try(c *gin.Context, codes []string) error {
	caller := CallerOf(c.Request.Context())
	if caller.Staff() || len(codes) == 0 {
		return nil
	}
	if err := l.callers.take(c, callerKeyOf(caller), 0, len(codes)); err != nil {
		return err
	}
	return l.networks.take(c, network(c.ClientIP()), 0, len(codes))
}

// tried gives back the codes that exist, by what became of their call.
func (l codeLimits) tried(c *gin.Context, codes []string, err error) {
	caller := CallerOf(c.Request.Context())
	if caller.Staff() || len(codes) == 0 {
		return
	}
	unknown := 0
	if err != nil {
		for _, r := range problemOf(err).Coupons {
			if r.Reason == order.CouponReasonUnknown {
				unknown++
			}
		}
	}
	// No call is charged more than the whole allowance, so no more than that comes back.
	l.callers.giveBack(c, callerKeyOf(caller), l.callers.charged(len(codes))-unknown)
	l.networks.giveBack(c, network(c.ClientIP()), l.networks.charged(len(codes))-unknown)
}
