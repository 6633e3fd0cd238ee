package main

import (
	"context"
	"fmt"
	"time"

	"holdfast/identity"
	"holdfast/settings"
)

// tokenCommand signs a token, for trying things out and for the tools; in production an
// identity provider does that.
type tokenCommand struct {
	settings.Tokens
	Role    []identity.Role `required:"" enum:"operator,customer,catalog,fulfilment,support,readonly" help:"What the caller may do: operator, customer, catalog, fulfilment, support or readonly; several are separated by commas."`
	Subject string          `required:"" help:"Who the caller is; for a customer, the customer's id."`
	TTL     time.Duration   `name:"ttl" default:"1h" help:"How long the token is valid."`
}

// Run prints only the token, for HOLDFAST_TOKEN=$(holdfast token …).
func (c *tokenCommand) Run(_ context.Context, out out) error {
	if c.TTL <= 0 {
		return usagef("--ttl: must be above 0")
	}
	signer, err := c.Signer()
	if err != nil {
		return usagef("%v", err)
	}
	token, err := signer.Issue(identity.Caller{Subject: c.Subject, Roles: c.Role}, c.TTL)
	if err != nil {
		return usagef("--subject: %v", err)
	}
	_, err = fmt.Fprintln(out.stdout, token)
	return err
}
