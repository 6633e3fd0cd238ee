package stripe

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/bojanz/currency"
	"github.com/stretchr/testify/require"
)

// Stripe's lists, from docs.stripe.com/currencies.
var (
	zeroDecimal   = strings.Fields("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF")
	twoAllTheSame = strings.Fields("ISK UGX") // without decimals, written with two
	threeDecimal  = strings.Fields("BHD JOD KWD OMR TND")
)

// One unit of each ISO 4217 currency must be one unit at Stripe.
func TestAUnitIsAUnitInEveryCurrency(t *testing.T) {
	for _, code := range currency.GetCurrencyCodes() {
		digits, ok := currency.GetDigits(code)
		require.True(t, ok)
		one := int64(math.Pow10(int(digits)))
		got, err := toStripe(one, code)
		var want int64 = 100
		switch {
		case slices.Contains(zeroDecimal, code):
			want = 1
		case slices.Contains(threeDecimal, code):
			want = 1000
		case digits != 2 && !slices.Contains(twoAllTheSame, code):
			require.Error(t, err, "%s has %d decimals, and Stripe doesn't say how it counts it", code, digits)
			continue
		}
		require.NoError(t, err, code)
		require.Equal(t, want, got, code)
		back, name, err := fromStripe(got, strings.ToLower(code))
		require.NoError(t, err, code)
		require.Equal(t, one, back, code)
		require.Equal(t, code, name)
	}
}

func TestAmountsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		amount   int64
		currency string
		fits     bool
	}{
		{1, "HUF", true},
		{101, "TWD", true}, // two decimals in payments; whole ones are for payouts
		{7, "ISK", true},
		{1, "UGX", true},
		{math.MaxInt64, "ISK", false},
		{100, "MGA", true},
		{150, "MGA", false},
		{5120, "KWD", true},
		{5124, "KWD", false},
	} {
		got, err := toStripe(c.amount, c.currency)
		require.Equal(t, c.fits, err == nil, "%d %s: %v", c.amount, c.currency, err)
		if err == nil {
			back, _, err := fromStripe(got, c.currency)
			require.NoError(t, err)
			require.Equal(t, c.amount, back)
		}
	}
	_, _, err := fromStripe(150, "isk")
	require.Error(t, err)
	_, _, err = fromStripe(math.MaxInt64, "mga")
	require.Error(t, err)
}
