package stripe

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/product"
)

// What Charges says is what toStripe takes.
func TestWhatCanBeChargedIsTaken(t *testing.T) {
	p := &Provider{}
	for _, currency := range []string{"EUR", "JPY", "ISK", "MGA", "KWD", "XPF"} {
		smallest, step, ok := p.Charges(currency)
		require.True(t, ok, currency)
		for _, n := range []int64{0, 1, 7} {
			_, err := toStripe(smallest+n*step, currency)
			require.NoError(t, err, currency)
		}
		if step > 1 {
			_, err := toStripe(smallest+1, currency)
			require.Error(t, err, currency)
		}
	}
	_, _, ok := p.Charges("IQD")
	require.False(t, ok)
	for currency, least := range minimums {
		require.True(t, product.CurrencyExists(currency), currency)
		require.Zero(t, least%max(units[currency].step, 1), currency)
	}
}
