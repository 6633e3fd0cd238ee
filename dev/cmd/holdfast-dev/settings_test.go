package main

import (
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/settings"
)

func TestRefusesAddressesThatOthersCanReach(t *testing.T) {
	for _, address := range []string{"127.0.0.1:8080", "127.0.0.2:0", "[::1]:8080", "localhost:8080"} {
		require.NoError(t, requireLoopback(address), address)
	}
	for _, address := range []string{":8080", "0.0.0.0:8080", "[::]:8080", "10.0.0.1:8080", "example.com:80", "8080"} {
		_, err := parse(t, "--http-addr="+address)
		require.ErrorContains(t, err, "HOLDFAST_HTTP_ADDR", address)
	}
}

func TestRefusesAPaymentWindowThatIsNone(t *testing.T) {
	for _, window := range []string{"-1s", "0s", "999ms"} {
		_, err := parse(t, "--payment-window="+window)
		require.ErrorContains(t, err, "HOLDFAST_PAYMENT_WINDOW", window)
	}
}

func TestSettingsFromTheEnvironment(t *testing.T) {
	t.Setenv("HOLDFAST_UI_PORT", "0")
	t.Setenv("HOLDFAST_DATA", "/data")
	t.Setenv("REDIS_URL", "redis://elsewhere:6379/0")
	t.Setenv("TEMPORAL_ADDRESS", "elsewhere:7233")
	t.Setenv("TEMPORAL_API_KEY", "key")
	s, err := parse(t, "--temporal-port=7234")
	require.NoError(t, err)
	opts, err := s.options()
	require.NoError(t, err)
	require.Equal(t, 7234, opts.TemporalPort)
	require.Zero(t, opts.UIPort)
	require.Equal(t, "/data", opts.Data)
	require.Equal(t, "redis://elsewhere:6379/0", opts.RedisURL)
	require.Equal(t, "elsewhere:7233", opts.Temporal.HostPort)
	require.Equal(t, "default", opts.Temporal.Namespace)
	require.NotNil(t, opts.Temporal.Credentials, "the API key of Temporal's own environment")
}

func TestEmbedsUnlessAnAddressIsGiven(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "")
	t.Setenv("REDIS_URL", "")
	s, err := parse(t)
	require.NoError(t, err)
	opts, err := s.options()
	require.NoError(t, err)
	require.Nil(t, opts.Temporal)
	require.Empty(t, opts.RedisURL)
	require.Equal(t, 7233, opts.TemporalPort)
	require.Equal(t, 8233, opts.UIPort)
}

func TestBeginsWithDemoProducts(t *testing.T) {
	for _, c := range []struct{ demo, redis, want string }{
		{"", "", "en"},
		{"zh", "", "zh"},
		{"off", "", "off"},
		{"", "redis://elsewhere:6379/0", "off"},
		{"en", "redis://elsewhere:6379/0", "en"},
	} {
		t.Setenv("HOLDFAST_DEMO", c.demo)
		t.Setenv("REDIS_URL", c.redis)
		s, err := parse(t)
		require.NoError(t, err)
		opts, err := s.options()
		require.NoError(t, err)
		require.Equal(t, c.want, opts.Demo, "%+v", c)
	}
	_, err := parse(t, "--demo=de")
	require.ErrorContains(t, err, "HOLDFAST_DEMO: ")
	require.ErrorContains(t, err, "choose en, zh or off")
}

func parse(t *testing.T, args ...string) (flags, error) {
	t.Helper()
	var s flags
	parser, err := kong.New(&s, settings.Vars())
	require.NoError(t, err)
	_, err = parser.Parse(args)
	return s, err
}

func TestAsksForTokensWhereItIsToldTo(t *testing.T) {
	s, err := parse(t)
	require.NoError(t, err)
	opts, err := s.options()
	require.NoError(t, err)
	require.Nil(t, opts.Identity)
	t.Setenv("HOLDFAST_AUTH", "jwt")
	_, err = parse(t)
	require.ErrorContains(t, err, "HOLDFAST_JWT_SECRET")
	t.Setenv("HOLDFAST_JWT_SECRET", "of the tests, and thirty-two bytes or more")
	s, err = parse(t)
	require.NoError(t, err)
	opts, err = s.options()
	require.NoError(t, err)
	require.NotNil(t, opts.Identity)
}

// The published secret is public.
func TestThePublishedSecretHasNoPublicName(t *testing.T) {
	_, err := parse(t, "--public-url=https://shop.example")
	require.ErrorContains(t, err, "HOLDFAST_PUBLIC_URL")
	require.ErrorContains(t, err, "HOLDFAST_WEBHOOK_SECRET")
	const own = "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyE="
	_, err = parse(t, "--public-url=https://shop.example", "--webhook-secret="+own)
	require.ErrorContains(t, err, "HOLDFAST_CARRIER_SECRET")
	for _, fine := range [][]string{
		{"--public-url=http://localhost:8080"},
		{"--public-url=https://shop.example", "--no-sandbox"},
		{"--public-url=https://shop.example", "--webhook-secret=" + own, "--carrier-secret=" + own},
	} {
		_, err := parse(t, fine...)
		require.NoError(t, err)
	}
}

// Demos, measurements and replays act as one customer.
func TestNothingIsLimitedUnlessItIsSet(t *testing.T) {
	s, err := parse(t)
	require.NoError(t, err)
	var cfg api.Config
	require.NoError(t, s.Apply(&cfg, true))
	require.Zero(t, cfg.MaxOpenOrders+cfg.MaxUnits+cfg.MaxCustomerUnits)
	require.Equal(t, api.DefaultPaymentWindow, cfg.PaymentWindow)
	s, err = parse(t, "--max-units=5")
	require.NoError(t, err)
	require.NoError(t, s.Apply(&cfg, true))
	require.EqualValues(t, 5, cfg.MaxUnits)
	require.Zero(t, cfg.MaxCustomerUnits)
	for _, args := range [][]string{{"--max-open-orders=0"}, {"--max-units=many"}, {"--max-units=5", "--max-customer-units=4"}} {
		_, err = parse(t, args...)
		require.ErrorContains(t, err, "HOLDFAST_MAX_", args[0])
	}
}

func TestGuestsAreOnUnlessTheyAreTurnedOff(t *testing.T) {
	for arg, on := range map[string]bool{"--demo=off": true, "--guest-lifetime=0": false} {
		s, err := parse(t, arg)
		require.NoError(t, err)
		opts, err := s.options()
		require.NoError(t, err)
		require.Equal(t, on, opts.Guests != nil, arg)
	}
	_, err := parse(t, "--guest-lifetime=1m")
	require.ErrorContains(t, err, "HOLDFAST_PAYMENT_WINDOW")
}
