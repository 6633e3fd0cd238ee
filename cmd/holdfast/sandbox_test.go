package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/client/gatewaytest"
	"holdfast/payment/sandbox"
	"holdfast/redisdb"
)

// liveKey has the form of a live Stripe key.
const liveKey = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"

// TestPretendMoneyIsRefusedBesideRealMoney starts the gateway and a worker with each
// combination of settings. Those that are refused are refused before other services are
// awaited.
func TestPretendMoneyIsRefusedBesideRealMoney(t *testing.T) {
	both := []string{"api", "worker"}
	for name, c := range map[string]struct {
		env      map[string]string
		commands []string
		says     []string // nothing: it starts, and finds Temporal unreachable
	}{
		"a secret alone is no request for the sandbox": {
			map[string]string{"HOLDFAST_SANDBOX": ""}, []string{"api"}, []string{"HOLDFAST_SANDBOX=true", "STRIPE_API_KEY"},
		},
		"the sandbox without a secret":  {map[string]string{"HOLDFAST_WEBHOOK_SECRET": ""}, both, []string{"HOLDFAST_SANDBOX", "HOLDFAST_WEBHOOK_SECRET"}},
		"the sandbox alone":             {nil, both, nil},
		"the sandbox and a test key":    {map[string]string{"STRIPE_API_KEY": stripeKey}, both, nil},
		"a restricted test key":         {map[string]string{"STRIPE_API_KEY": "rk_test_4eC39HqLyjWDarjtT1zdp7dc"}, both, nil},
		"a live key alone":              {map[string]string{"STRIPE_API_KEY": liveKey, "HOLDFAST_SANDBOX": "false"}, both, nil},
		"a live key":                    {map[string]string{"STRIPE_API_KEY": liveKey}, both, []string{"HOLDFAST_SANDBOX", "STRIPE_API_KEY"}},
		"a restricted live key":         {map[string]string{"STRIPE_API_KEY": "rk_live_4eC39HqLyjWDarjtT1zdp7dc"}, both, []string{"HOLDFAST_SANDBOX", "STRIPE_API_KEY"}},
		"a key of a form yet to come":   {map[string]string{"STRIPE_API_KEY": "sk_org_4eC39HqLyjWDarjtT1zdp7dc"}, both, []string{"HOLDFAST_SANDBOX", "STRIPE_API_KEY"}},
		"a live key, and tokens":        {map[string]string{"STRIPE_API_KEY": liveKey, "HOLDFAST_AUTH": "jwt"}, both, []string{"HOLDFAST_SANDBOX", "STRIPE_API_KEY"}},
		"a live key beside no secret":   {map[string]string{"STRIPE_API_KEY": liveKey, "HOLDFAST_WEBHOOK_SECRET": ""}, both, []string{"HOLDFAST_SANDBOX"}},
		"a live key, another first one": {map[string]string{"STRIPE_API_KEY": liveKey, "HOLDFAST_PAYMENT_PROVIDER": "stripe"}, both, []string{"HOLDFAST_SANDBOX", "STRIPE_API_KEY"}},
	} {
		for _, command := range c.commands {
			t.Run(name+"/"+command, func(t *testing.T) {
				t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
				t.Setenv("HOLDFAST_AUTH", "off")
				t.Setenv("HOLDFAST_JWT_SECRET", jwtSecret)
				t.Setenv("HOLDFAST_SANDBOX", "true")
				t.Setenv("HOLDFAST_WEBHOOK_SECRET", gatewaytest.Secret)
				if c.env["STRIPE_API_KEY"] != "" {
					t.Setenv("STRIPE_WEBHOOK_SECRET", stripeSecret)
				}
				for k, v := range c.env {
					t.Setenv(k, v)
				}
				requireStart(t, c.says, command)
			})
		}
	}
}

// requireStart requires the command to get as far as waiting for Temporal, or to be refused
// at once with these words.
func requireStart(t *testing.T, says []string, command string, args ...string) {
	t.Helper()
	wait := "1h"
	if says == nil {
		wait = "50ms"
	}
	code, _, stderr := holdfast(t, append([]string{command, "--wait", wait}, args...)...)
	if says == nil {
		assert.Equal(t, exitFindings, code, stderr)
		assert.Contains(t, stderr, "TEMPORAL_ADDRESS")
		return
	}
	assert.Equal(t, exitUsage, code, stderr)
	for _, word := range says {
		assert.Contains(t, stderr, word)
	}
	assert.NotContains(t, stderr, "4eC39")
	assert.NotContains(t, stderr, "TEMPORAL_ADDRESS")
}

// The published secret is public: anyone who reaches a gateway that accepts it can have every
// order paid.
func TestThePublishedSecretStaysOnLoopback(t *testing.T) {
	spelled := strings.TrimPrefix(sandbox.PublishedSecret, "whsec_")
	for name, c := range map[string]struct {
		command string
		env     map[string]string
		says    []string
	}{
		"the gateway on loopback":   {"api", nil, nil},
		"on IPv6's loopback":        {"api", map[string]string{"HOLDFAST_HTTP_ADDR": "[::1]:8080"}, nil},
		"by the name of loopback":   {"api", map[string]string{"HOLDFAST_HTTP_ADDR": "localhost:8080"}, nil},
		"a public URL of loopback":  {"api", map[string]string{"HOLDFAST_PUBLIC_URL": "http://localhost:8080"}, nil},
		"a worker":                  {"worker", nil, nil},
		"on all addresses":          {"api", map[string]string{"HOLDFAST_HTTP_ADDR": "0.0.0.0:8080"}, []string{"HOLDFAST_WEBHOOK_SECRET", "HOLDFAST_HTTP_ADDR"}},
		"on all, without a host":    {"api", map[string]string{"HOLDFAST_HTTP_ADDR": ":8080"}, []string{"HOLDFAST_WEBHOOK_SECRET", "HOLDFAST_HTTP_ADDR"}},
		"on all of IPv6":            {"api", map[string]string{"HOLDFAST_HTTP_ADDR": "[::]:8080"}, []string{"HOLDFAST_WEBHOOK_SECRET", "HOLDFAST_HTTP_ADDR"}},
		"on a name":                 {"api", map[string]string{"HOLDFAST_HTTP_ADDR": "shop.example:8080"}, []string{"HOLDFAST_WEBHOOK_SECRET", "HOLDFAST_HTTP_ADDR"}},
		"a name that looks like it": {"api", map[string]string{"HOLDFAST_HTTP_ADDR": "localhost.shop.example:8080"}, []string{"HOLDFAST_WEBHOOK_SECRET", "HOLDFAST_HTTP_ADDR"}},
		"spelled otherwise": {
			"api",
			map[string]string{"HOLDFAST_HTTP_ADDR": "0.0.0.0:8080", "HOLDFAST_WEBHOOK_SECRET": spelled},
			[]string{"HOLDFAST_WEBHOOK_SECRET", "HOLDFAST_HTTP_ADDR"},
		},
		"behind a proxy":           {"api", map[string]string{"HOLDFAST_TRUSTED_PROXIES": "127.0.0.1"}, []string{"HOLDFAST_WEBHOOK_SECRET", "HOLDFAST_TRUSTED_PROXIES"}},
		"behind a public name":     {"api", map[string]string{"HOLDFAST_PUBLIC_URL": "https://shop.example"}, []string{"HOLDFAST_WEBHOOK_SECRET", "HOLDFAST_PUBLIC_URL"}},
		"a worker that others see": {"worker", map[string]string{"HOLDFAST_METRICS_ADDR": "0.0.0.0:9091"}, []string{"HOLDFAST_WEBHOOK_SECRET", "HOLDFAST_METRICS_ADDR"}},
		"a secret of one's own":    {"api", map[string]string{"HOLDFAST_HTTP_ADDR": "0.0.0.0:8080", "HOLDFAST_WEBHOOK_SECRET": gatewaytest.Secret}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
			t.Setenv("HOLDFAST_JWT_SECRET", jwtSecret)
			t.Setenv("HOLDFAST_SANDBOX", "true")
			t.Setenv("HOLDFAST_WEBHOOK_SECRET", sandbox.PublishedSecret)
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			requireStart(t, c.says, c.command)
		})
	}
}

// The tools use the secret of make run by default.
func TestToolsKnowThePublishedSecret(t *testing.T) {
	var f sandboxFlags
	requireParsed(t, &f)
	assert.Equal(t, sandbox.PublishedSecret, f.WebhookSecret)
}

// A process sees only its own settings. Other processes on the same Redis have to agree
// with them as well: a gateway that takes callbacks of the sandbox could have orders paid
// whose worker takes real money, and vice versa.
func TestProcessesOnOneRedisAgreeAboutMoney(t *testing.T) {
	for _, command := range []string{"api", "worker"} {
		t.Run(command, func(t *testing.T) {
			redis := miniredis.RunT(t)
			t.Setenv("REDIS_URL", "redis://"+redis.Addr())
			t.Setenv("TEMPORAL_ADDRESS", startEmptyTemporal(t))
			t.Setenv("HOLDFAST_REDIS_DURABILITY", "warn")
			t.Setenv("HOLDFAST_AUTH", "off")
			t.Setenv("HOLDFAST_HTTP_ADDR", freeAddress(t))
			rdb, err := redisdb.Open(t.Context(), "redis://"+redis.Addr())
			require.NoError(t, err)
			defer func() { require.NoError(t, rdb.Close()) }()
			var live providerFlags
			live.StripeKey, live.StripeWebhookSecret = liveKey, stripeSecret
			_, release, err := live.holdMode(t.Context(), rdb, newLog(t.Output()))
			require.NoError(t, err)
			defer func() { require.NoError(t, release()) }()

			for _, pretends := range []map[string]string{
				{"HOLDFAST_SANDBOX": "true", "HOLDFAST_WEBHOOK_SECRET": gatewaytest.Secret},
				{"HOLDFAST_SANDBOX": "false", "STRIPE_API_KEY": stripeKey, "STRIPE_WEBHOOK_SECRET": stripeSecret},
			} {
				for k, v := range pretends {
					t.Setenv(k, v)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				said := &heard{}
				ended := make(chan int, 1)
				go func() { ended <- run(ctx, []string{command}, said, said) }()
				require.Equal(t, exitUsage, <-ended, "%s", said)
				require.Contains(t, said.String(), "HOLDFAST_SANDBOX is on here, or STRIPE_API_KEY is a test key")
				require.NotContains(t, said.String(), "gateway running")
			}
		})
	}
}
