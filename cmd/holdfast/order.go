package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"holdfast/client"
	"holdfast/order"
)

// orderCommands show or cancel single orders.
type orderCommands struct {
	Show   orderShowCommand   `cmd:"" help:"Print an order as JSON."`
	Cancel orderCancelCommand `cmd:"" help:"Cancel an unpaid order."`
}

type orderShowCommand struct {
	gatewayFlags
	Order string `arg:"" help:"The order's id."`
}

// Run prints the order.
func (c *orderShowCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	o, err := gateway.Order(ctx, c.Order)
	if err != nil {
		return err
	}
	return printJSON(out, o)
}

type orderCancelCommand struct {
	gatewayFlags
	Order  string `arg:"" help:"The order's id."`
	Reason string `enum:"customer,operator,fraud,inventory,other" default:"operator" help:"Why: customer, operator, fraud, inventory or other."`
	Note   string `help:"Note in the order's journal; customers see only their own notes."`
}

// Run cancels the order and prints its new state.
func (c *orderCancelCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	answer, err := gateway.Cancel(ctx, c.Order, "", client.Cancellation{Reason: c.Reason, Note: c.Note})
	if err != nil {
		return err
	}
	if answer.Status == http.StatusAccepted {
		_, _ = fmt.Fprintln(out.stderr, "The cancellation is in progress; check again with: holdfast order show", c.Order)
	}
	return printOrder(out, answer)
}

func printOrder(out out, answer client.Answer) error {
	var o order.Order
	if err := answer.Decode(&o); err != nil {
		return err
	}
	return printJSON(out, o)
}

func printJSON(out out, v any) error {
	enc := json.NewEncoder(out.stdout)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
