package main

import (
	"context"
)

// eraseCommand erases a person.
type eraseCommand struct {
	gatewayFlags
	Customer string `arg:"" help:"The customer's id, or a guest's."`
	Show     bool   `help:"Change nothing: print how far the last erasure has come."`
}

// Run begins the erasure and prints its state.
func (c *eraseCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	do := gateway.EraseCustomer
	if c.Show {
		do = gateway.Erasure
	}
	e, err := do(ctx, c.Customer)
	if err != nil {
		return err
	}
	return printJSON(out, e)
}
