package replay

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Shares say how the orders that got their stock continue. Paid, Refused, Abandoned, Cancelled,
// Late, Twice and Wrong add up to 1.
type Shares struct {
	Paid float64
	// Delivered is a share of the paid orders.
	Delivered float64
	Refused   float64
	Abandoned float64
	Cancelled float64
	// Late, Twice and Wrong need a provider. Late orders are paid after their end: half of
	// them are cancelled by the customer, the others expire. Half of Twice are paid by two
	// payments; for the other half the callback is sent again. Wrong ones are paid with
	// another amount.
	Late, Twice, Wrong float64
	// Adjusted is the share of orders after which one unit is added to their first product,
	// however they end.
	Adjusted float64
	// Packaged is the share of the delivered orders that are packed as one to three packages, each
	// of which is followed by scans. The others are delivered by one call.
	Packaged float64
	// Readdressed, CancelledInPart and Returned are shares of the packaged orders. The money of
	// the latter two goes back, so they need a provider.
	Readdressed, CancelledInPart, Returned float64
	// Couponed is the share of the orders that use a coupon, Members the share of the customers
	// who have a member level.
	Couponed, Members float64
	// LateScans, RepeatedScans and OutOfOrderScans are shares of the scans. A late one arrives
	// after all others of its order, one out of order changes places with its neighbour.
	LateScans, RepeatedScans, OutOfOrderScans float64
}

// Validate reports what is wrong with the shares.
func (s Shares) Validate() error {
	for name, v := range map[string]float64{
		"paid": s.Paid, "delivered": s.Delivered, "refused": s.Refused,
		"abandoned": s.Abandoned, "cancelled": s.Cancelled, "late": s.Late, "twice": s.Twice, "wrong": s.Wrong, "adjusted": s.Adjusted,
		"packaged": s.Packaged, "readdressed": s.Readdressed, "cancelled-in-part": s.CancelledInPart, "returned": s.Returned,
		"couponed": s.Couponed, "members": s.Members,
		"late-scans": s.LateScans, "repeated-scans": s.RepeatedScans, "out-of-order-scans": s.OutOfOrderScans,
	} {
		if v < 0 || v > 1 || math.IsNaN(v) {
			return fmt.Errorf("the share %s is %g and must lie between 0 and 1", name, v)
		}
	}
	const rounding = 1e-9
	if sum := s.Paid + s.Refused + s.Abandoned + s.Cancelled + s.atProvider(); math.Abs(sum-1) > rounding {
		return fmt.Errorf("paid, refused, abandoned, cancelled, late, twice and wrong add up to %g and must add up to 1", sum)
	}
	return nil
}

// atProvider is the share of orders that need a provider to be paid.
func (s Shares) atProvider() float64 { return s.Late + s.Twice + s.Wrong }

// fate is how one order continues.
type fate struct {
	end       end
	delivered bool
	adjusted  bool
	couponed  bool
	// other selects the second of two variants.
	other bool
	// packaged orders are delivered by packages; the others of these happen to them alone.
	packaged, readdressed, inPart, returned bool
}

type end int

const (
	abandon end = iota
	pay
	refuse
	cancel
	payLate
	payTwice
	payWrong
)

// fateOf draws the fate of the nth line. The same seed gives the same fates, in whatever
// order the lines are played.
func (s Shares) fateOf(seed uint64, n int) fate {
	draw := rand.New(rand.NewPCG(seed, uint64(n))) //nolint:gosec // repeatable on purpose; n counts lines
	f := fate{}
	x := draw.Float64()
	f.delivered = draw.Float64() < s.Delivered
	f.adjusted = draw.Float64() < s.Adjusted
	f.other = draw.Uint64()%2 == 1
	f.packaged = draw.Float64() < s.Packaged
	f.readdressed = draw.Float64() < s.Readdressed
	f.inPart = draw.Float64() < s.CancelledInPart
	f.returned = draw.Float64() < s.Returned
	f.couponed = draw.Float64() < s.Couponed
	switch {
	case x < s.Paid:
		f.end = pay
	case x < s.Paid+s.Refused:
		f.end = refuse
	case x < s.Paid+s.Refused+s.Cancelled:
		f.end = cancel
	default:
		switch x -= s.Paid + s.Refused + s.Cancelled; {
		case x < s.Late:
			f.end = payLate
		case x < s.Late+s.Twice:
			f.end = payTwice
		case x < s.atProvider():
			f.end = payWrong
		}
	}
	f.delivered = f.delivered && f.end == pay
	f.packaged = f.packaged && f.delivered
	return f
}
