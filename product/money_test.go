package product_test

import (
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"holdfast/product"
)

func TestMoneyNeverWraps(t *testing.T) {
	for _, c := range []struct {
		name string
		sum  func(a, b int64) (int64, error)
		a, b int64
		want int64
		err  error
	}{
		{"most of all", product.Add, math.MaxInt64 - 1, 1, math.MaxInt64, nil},
		{"one too many", product.Add, math.MaxInt64, 1, 0, product.ErrOverflow},
		{"largest price and quantity", product.Multiply, product.MaxPrice, 1_000_000, 1_000_000_000_000_000_000, nil},
		{"largest that fits", product.Multiply, math.MaxInt64, 1, math.MaxInt64, nil},
		{"just too large", product.Multiply, math.MaxInt64/2 + 1, 2, 0, product.ErrOverflow},
		{"beyond 64 bits", product.Multiply, math.MaxInt64, math.MaxInt64, 0, product.ErrOverflow},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.sum(c.a, c.b)
			require.Equal(t, c.want, got)
			require.ErrorIs(t, err, c.err)
		})
	}
	for _, sum := range []func(a, b int64) (int64, error){product.Add, product.Multiply} {
		for _, c := range [][2]int64{{-1, 1}, {1, -1}, {math.MinInt64, math.MinInt64}} {
			_, err := sum(c[0], c[1])
			require.Error(t, err)
			require.NotErrorIs(t, err, product.ErrOverflow)
		}
	}
}

func TestMoneyIsExactOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64Min(0).Draw(t, "a"), rapid.Int64Min(0).Draw(t, "b")
		exact(t, new(big.Int).Add(big.NewInt(a), big.NewInt(b)), a, b, product.Add)
		exact(t, new(big.Int).Mul(big.NewInt(a), big.NewInt(b)), a, b, product.Multiply)
	})
}

func exact(t *rapid.T, want *big.Int, a, b int64, sum func(a, b int64) (int64, error)) {
	got, err := sum(a, b)
	if !want.IsInt64() {
		require.ErrorIs(t, err, product.ErrOverflow)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want.Int64(), got)
}
