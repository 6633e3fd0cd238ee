package product

import (
	"errors"
	"math/bits"
)

// ErrOverflow means that a sum of money doesn't fit into int64.
var ErrOverflow = errors.New("amount is too large")

// Multiply returns price x quantity, neither of them negative, or ErrOverflow.
func Multiply(price, quantity int64) (int64, error) {
	if price < 0 || quantity < 0 {
		return 0, errors.New("amount is negative")
	}
	hi, lo := bits.Mul64(uint64(price), uint64(quantity))
	if hi != 0 || lo > 1<<63-1 {
		return 0, ErrOverflow
	}
	return int64(lo), nil
}

// Add returns a + b, neither of them negative, or ErrOverflow.
func Add(a, b int64) (int64, error) {
	if a < 0 || b < 0 {
		return 0, errors.New("amount is negative")
	}
	if sum := a + b; sum >= a {
		return sum, nil
	}
	return 0, ErrOverflow
}
