package order

import "math/bits"

// RefundOfUnits returns the refund for giving back some more units of a line, in minor units of the
// order's currency. amount is the price of all units, done is how many of them were given back before,
// and giving is how many are given back now. It is
//
//	floor(amount*(done+giving)/all) - floor(amount*done/all)
//
// in 128 bits, so that the parts of a line always add up to the whole, however it is divided. The
// caller ensures that 0 <= done, 0 <= giving and done+giving <= all, and that the amount isn't
// negative.
func RefundOfUnits(amount, all, done, giving int64) int64 {
	return share(amount, done+giving, all) - share(amount, done, all)
}

// share returns floor(amount*part/all).
func share(amount, part, all int64) int64 {
	if all <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(amount), uint64(part)) //nolint:gosec // neither is negative
	quotient, _ := bits.Div64(high, low, uint64(all))     // part <= all, so it fits
	return int64(quotient)                                //nolint:gosec // at most amount
}
