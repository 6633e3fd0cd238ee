package replay

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Shares say what becomes of the orders that got their stock. Paid, Refused,
// Abandoned and Cancelled add up to 1.
type Shares struct {
	Paid float64
	// Delivered is a share of the paid.
	Delivered float64
	Refused   float64
	Abandoned float64
	Cancelled float64
	// Adjusted orders, whatever becomes of them, are followed by one more unit
	// of their first product.
	Adjusted float64
}

// Validate tells what is wrong with the shares.
func (s Shares) Validate() error {
	for name, v := range map[string]float64{
		"paid": s.Paid, "delivered": s.Delivered, "refused": s.Refused,
		"abandoned": s.Abandoned, "cancelled": s.Cancelled, "adjusted": s.Adjusted,
	} {
		if v < 0 || v > 1 || math.IsNaN(v) {
			return fmt.Errorf("the share %s is %g and must lie between 0 and 1", name, v)
		}
	}
	const rounding = 1e-9
	if sum := s.Paid + s.Refused + s.Abandoned + s.Cancelled; math.Abs(sum-1) > rounding {
		return fmt.Errorf("paid, refused, abandoned and cancelled add up to %g and must add up to 1", sum)
	}
	return nil
}

// fate is what becomes of one order.
type fate struct {
	end       end
	delivered bool
	adjusted  bool
}

type end int

const (
	abandon end = iota
	pay
	refuse
	cancel
)

// fateOf draws the fate of the nth line. The same seed gives the same fates,
// in whatever order the lines are played.
func (s Shares) fateOf(seed uint64, n int) fate {
	draw := rand.New(rand.NewPCG(seed, uint64(n))) //nolint:gosec // repeatable on purpose; n counts lines
	f := fate{}
	x := draw.Float64()
	f.delivered = draw.Float64() < s.Delivered
	f.adjusted = draw.Float64() < s.Adjusted
	switch {
	case x < s.Paid:
		f.end = pay
	case x < s.Paid+s.Refused:
		f.end = refuse
	case x < s.Paid+s.Refused+s.Cancelled:
		f.end = cancel
	}
	f.delivered = f.delivered && f.end == pay
	return f
}
