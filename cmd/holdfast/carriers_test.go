package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/carrier/easypost"
	"holdfast/carrier/sandbox"
	"holdfast/client/gatewaytest"
	"holdfast/settings"
)

// A carrier that carries nothing must not report the parcels of real customers, and the published secret
// must stay on this machine.
func TestCarriersAreRefusedWhereTheyWouldDoHarm(t *testing.T) {
	const own = gatewaytest.Secret
	spelled := strings.TrimPrefix(sandbox.PublishedSecret, "whsec_")
	for name, c := range map[string]struct {
		env  map[string]string
		says []string // nothing: it starts, and finds Temporal unreachable
	}{
		"no carrier":                 {nil, nil},
		"the sandbox carrier":        {map[string]string{"HOLDFAST_CARRIER_SECRET": own}, nil},
		"with the published secret":  {map[string]string{"HOLDFAST_CARRIER_SECRET": sandbox.PublishedSecret}, nil},
		"EasyPost":                   {map[string]string{"EASYPOST_WEBHOOK_SECRET": "a secret of sixteen bytes"}, nil},
		"EasyPost and a live key":    {map[string]string{"EASYPOST_WEBHOOK_SECRET": "a secret of sixteen bytes", "STRIPE_API_KEY": liveKey, "HOLDFAST_SANDBOX": "false"}, nil},
		"the carrier and a test key": {map[string]string{"HOLDFAST_CARRIER_SECRET": own, "STRIPE_API_KEY": stripeKey, "HOLDFAST_SANDBOX": "false"}, nil},
		"the carrier and a live key": {
			map[string]string{"HOLDFAST_CARRIER_SECRET": own, "STRIPE_API_KEY": liveKey, "HOLDFAST_SANDBOX": "false"},
			[]string{"HOLDFAST_CARRIER_SECRET", "STRIPE_API_KEY"},
		},
		"a secret that is none": {map[string]string{"HOLDFAST_CARRIER_SECRET": "whsec_guess"}, []string{"HOLDFAST_CARRIER_SECRET"}},
		"a short secret":        {map[string]string{"EASYPOST_WEBHOOK_SECRET": "guess me"}, []string{"EASYPOST_WEBHOOK_SECRET", "at least 16"}},
		"published to others": {
			map[string]string{"HOLDFAST_CARRIER_SECRET": sandbox.PublishedSecret, "HOLDFAST_HTTP_ADDR": "0.0.0.0:8080"},
			[]string{"HOLDFAST_CARRIER_SECRET", "HOLDFAST_HTTP_ADDR"},
		},
		"spelled otherwise, behind a public name": {
			map[string]string{"HOLDFAST_CARRIER_SECRET": spelled, "HOLDFAST_PUBLIC_URL": "https://shop.example"},
			[]string{"HOLDFAST_CARRIER_SECRET", "HOLDFAST_PUBLIC_URL"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
			t.Setenv("HOLDFAST_JWT_SECRET", jwtSecret)
			t.Setenv("HOLDFAST_SANDBOX", "true")
			t.Setenv("HOLDFAST_WEBHOOK_SECRET", gatewaytest.Secret)
			if c.env["STRIPE_API_KEY"] != "" {
				t.Setenv("STRIPE_WEBHOOK_SECRET", stripeSecret)
			}
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			requireStart(t, c.says, "api")
		})
	}
}

func TestACarrierIsThereOnlyWithItsSecret(t *testing.T) {
	for _, c := range []struct {
		settings settings.Carriers
		want     []string
	}{
		{settings.Carriers{}, nil},
		{settings.Carriers{EasyPostSecret: "a secret of sixteen bytes"}, []string{easypost.Name}},
		{settings.Carriers{SandboxCarrier: settings.SandboxCarrier{CarrierSecret: gatewaytest.Secret}}, []string{sandbox.Name}},
	} {
		all, err := carrierFlags{c.settings}.open()
		require.NoError(t, err)
		require.Len(t, all, len(c.want))
		for _, name := range c.want {
			require.NotNil(t, all[name])
		}
	}
}
