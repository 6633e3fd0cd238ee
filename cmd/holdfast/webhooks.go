package main

import (
	"holdfast/webhook/deliver"
)

// webhookFlags say where webhooks may go. The gateway and the workers need the same.
type webhookFlags struct {
	Allow string `name:"webhooks-allow" env:"HOLDFAST_WEBHOOKS_ALLOW" help:"Networks that webhooks may reach although they are not public, such as 10.1.0.0/16, separated by commas; private means all private ones and loopback. Without TLS, these alone (${env})."`
}

// guard finds a mistake in the flag before anything is waited for.
func (f webhookFlags) guard() (*deliver.Guard, error) {
	g, err := deliver.NewGuard(f.Allow)
	if err != nil {
		return nil, usagef("--webhooks-allow (HOLDFAST_WEBHOOKS_ALLOW): %v", err)
	}
	return g, nil
}
