package main

import (
	"net/http"
	"time"

	"holdfast/cmd/holdfast/replay"
	"holdfast/order"
	"holdfast/payment/sandbox"
)

// sandboxFlags let a tool speak as the sandbox payment provider. The default is
// what the embedded stack takes where none is set; it is public.
type sandboxFlags struct {
	Secret string `name:"webhook-secret" env:"HOLDFAST_WEBHOOK_SECRET" secret:"" default:"whsec_aG9sZGZhc3Qtc2FuZGJveC1ub3QtYS1zZWNyZXQ=" help:"Secret that signs the sandbox provider's callbacks (${env}); the default is that of make run."`
}

// signer signs callbacks with the time at which they are sent.
func (f sandboxFlags) signer() (replay.Signer, error) {
	provider, err := sandbox.New(f.Secret)
	if err != nil {
		return nil, usagef("HOLDFAST_WEBHOOK_SECRET: %v", err)
	}
	return func(e order.PaymentEvent) (http.Header, []byte, error) {
		e.OccurredAt = time.Now()
		c, err := provider.NewCallback(e)
		return c.Header, c.Body, err
	}, nil
}
