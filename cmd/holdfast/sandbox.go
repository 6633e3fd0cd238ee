package main

import (
	"net/http"
	"time"

	"holdfast/cmd/holdfast/replay"
	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/settings"
)

// sandboxFlags let a tool act as the sandbox payment provider. The default is the secret
// that the embedded stack accepts if none is set; it is public.
type sandboxFlags struct {
	settings.SandboxSecret `set:"webhook_secret=whsec_aG9sZGZhc3Qtc2FuZGJveC1ub3QtYS1zZWNyZXQ="`
}

// signer signs callbacks with the time at which they are sent.
func (f sandboxFlags) signer() (replay.Signer, error) {
	provider, err := sandbox.New(f.WebhookSecret)
	if err != nil {
		return nil, usagef("HOLDFAST_WEBHOOK_SECRET: %v", err)
	}
	return func(e order.PaymentEvent) (http.Header, []byte, error) {
		e.OccurredAt = time.Now()
		c, err := provider.NewCallback(e)
		return c.Header, c.Body, err
	}, nil
}
