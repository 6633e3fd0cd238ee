package price

import (
	"cmp"
	"math/bits"
	"slices"
)

// portion returns amount x rate / 10000, rounded half up. The rate is in basis points.
func portion(amount, rate int64) int64 {
	switch {
	case rate <= 0:
		return 0
	case rate >= MaxRate:
		return amount
	}
	return divide(amount, rate, MaxRate)
}

// contained returns the tax that a gross amount contains, rounded half up.
func contained(gross, rate int64) int64 { return divide(gross, rate, MaxRate+rate) }

// divide returns a x b / by, rounded half up, with 128 bits in between. None of them is
// negative, and b is not above by.
func divide(a, b, by int64) int64 {
	high, low := bits.Mul64(uint64(a), uint64(b))          //nolint:gosec // not negative
	low, carry := bits.Add64(low, uint64(by)/2, 0)         //nolint:gosec // not negative
	quotient, _ := bits.Div64(high+carry, low, uint64(by)) //nolint:gosec // not negative
	return int64(quotient)                                 //nolint:gosec // at most a
}

// spreader divides amounts by largest remainder. It keeps its memory between calls.
type spreader struct {
	shares     []int64
	remainders []remainder
}

type remainder struct {
	of uint64
	at int
}

// over divides an amount over weights, so that the shares add up to it and none exceeds its
// weight. The caller ensures that the weights add up to at least the amount. What is left
// over goes to the largest remainders, between equal ones to the first; the caller sorts the
// weights by something better than the position of a line. The result is valid until the
// next call.
func (s *spreader) over(amount int64, weights []int64) []int64 {
	s.shares = append(s.shares[:0], weights...)
	if len(weights) == 1 {
		s.shares[0] = amount
		return s.shares
	}
	all := uint64(0)
	for _, w := range weights {
		all += uint64(w) //nolint:gosec // not negative
	}
	if all == 0 {
		return s.shares
	}
	left := amount
	s.remainders = slices.Grow(s.remainders[:0], len(weights))
	for i, w := range weights {
		high, low := bits.Mul64(uint64(amount), uint64(w)) //nolint:gosec // not negative
		share, rest := bits.Div64(high, low, all)
		s.shares[i] = int64(share) //nolint:gosec // at most w
		left -= s.shares[i]
		s.remainders = append(s.remainders, remainder{rest, i})
	}
	if left > 0 {
		slices.SortFunc(s.remainders, func(a, b remainder) int {
			if a.of != b.of {
				return cmp.Compare(b.of, a.of)
			}
			return a.at - b.at
		})
		for _, r := range s.remainders[:left] {
			s.shares[r.at]++
		}
	}
	return s.shares
}
