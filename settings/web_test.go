package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyAPublishableKeyReachesBrowsers(t *testing.T) {
	for _, key := range []string{"", "pk_test_TYooMQauvdEDq54NiTphI7jx", "pk_live_51Abc"} {
		require.NoError(t, webSettings(func(w *Web) { w.StripeKey = key }).Check(), key)
	}
	for key, says := range map[string]string{
		"sk_test_hush":       "secret key",
		"sk_live_hush":       "secret key",
		"rk_live_hush":       "secret key",
		"whsec_hush":         "pk_live_",
		"hush":               "pk_live_",
		"pk_hush":            "pk_live_",
		"pk_test_":           "pk_live_",
		"pk_test_hush\n":     "pk_live_",
		"pk_test_hush\"><b>": "pk_live_",
	} {
		err := webSettings(func(w *Web) { w.StripeKey = key }).Check()
		require.ErrorContains(t, err, "HOLDFAST_STRIPE_PUBLISHABLE_KEY", key)
		require.ErrorContains(t, err, says, key)
		require.NotContains(t, err.Error(), "hush")
	}
}
