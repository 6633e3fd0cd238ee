package main

import (
	"log/slog"
	"net/http"

	"holdfast/carrier"
	"holdfast/carrier/easypost"
	"holdfast/carrier/sandbox"
	"holdfast/settings"
)

// carrierFlags say whose callbacks about parcels the gateway takes. A carrier without a secret is not
// configured.
type carrierFlags struct{ settings.Carriers }

// check finds a mistake in the flags before other services are awaited. real means that the shop takes
// real money.
func (f carrierFlags) check(real bool) error {
	if real && f.CarrierSecret != "" {
		return usagef("HOLDFAST_CARRIER_SECRET is set together with a live STRIPE_API_KEY: on the sandbox carrier's page anyone " +
			"could report a customer's parcel as delivered. Unset HOLDFAST_CARRIER_SECRET, or use a test key (sk_test_… or rk_test_…)")
	}
	_, err := f.open()
	return err
}

// checkReach refuses the published secret if programs on other machines could use it.
func (f carrierFlags) checkReach(ways ...reach) error {
	if f.CarrierSecret == "" || !sandbox.IsPublished(f.CarrierSecret) {
		return nil
	}
	for _, way := range ways {
		if way.beyond {
			return usagef("HOLDFAST_CARRIER_SECRET is the published one of make run, and %s lets other machines call: "+
				"they could use it to report any parcel as delivered. Set a secret of your own, or stay on loopback", way.setting)
		}
	}
	return nil
}

// open creates the adapters.
func (f carrierFlags) open() (map[string]carrier.Carrier, error) {
	all := map[string]carrier.Carrier{}
	parcels, err := f.sandbox()
	if err != nil {
		return nil, err
	}
	if parcels != nil {
		all[sandbox.Name] = parcels
	}
	if f.EasyPostSecret != "" {
		hook, err := easypost.New(f.EasyPostSecret)
		if err != nil {
			return nil, usagef("EASYPOST_WEBHOOK_SECRET: %v", err)
		}
		all[easypost.Name] = hook
	}
	return all, nil
}

// sandbox returns nil if the sandbox carrier is off.
func (f carrierFlags) sandbox() (*sandbox.Carrier, error) {
	if f.CarrierSecret == "" {
		return nil, nil //nolint:nilnil // no carrier is not an error
	}
	c, err := sandbox.New(f.CarrierSecret)
	if err != nil {
		return nil, usagef("HOLDFAST_CARRIER_SECRET: %v", err)
	}
	return c, nil
}

// addPage adds the sandbox carrier's page, which sends its callbacks to the gateway.
func (f carrierFlags) addPage(to map[string]http.Handler, gatewayURL string, log *slog.Logger) error {
	c, err := f.sandbox()
	if err == nil && c != nil {
		to[sandbox.Path] = sandbox.NewPage(c, gatewayURL, log)
	}
	return err
}
