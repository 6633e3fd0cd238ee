package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"holdfast/client"
	"holdfast/order"
)

// orderCommands show or change single orders.
type orderCommands struct {
	Show    orderShowCommand    `cmd:"" help:"Print an order as JSON."`
	Cancel  orderCancelCommand  `cmd:"" help:"Cancel an order, or a part of it, that isn't packed."`
	Pack    orderPackCommand    `cmd:"" help:"Pack units of a paid order as a package."`
	Event   orderEventCommand   `cmd:"" help:"Report a node or a mark of a package."`
	Strike  orderStrikeCommand  `cmd:"" help:"Take back a wrong message about a package."`
	Address orderAddressCommand `cmd:"" help:"Change where an order is sent."`
	Hold    orderHoldCommand    `cmd:"" help:"Keep a paid order from being packed."`
	Release orderReleaseCommand `cmd:"" help:"Allow a held order to be packed again."`
	Return  orderReturnCommand  `cmd:"" help:"Announce that delivered units are sent back."`
	Resume  orderResumeCommand  `cmd:"" help:"Continue a paid order whose workflow was terminated, from where it was."`
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
	keyFlag
	Order  string   `arg:"" help:"The order's id."`
	Line   []string `placeholder:"LINE=UNITS" help:"Cancel only these units of a paid order, such as 1=2; several separated by commas."`
	Reason string   `enum:"customer,operator,fraud,inventory,other" default:"operator" help:"Why: customer, operator, fraud, inventory or other."`
	Note   string   `help:"Note in the order's journal; customers see only their own notes."`
}

// Run cancels the order and prints its new state.
func (c *orderCancelCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	if len(c.Line) > 0 {
		units, err := unitsOf(c.Line)
		if err != nil {
			return err
		}
		o, err := gateway.CancelUnits(ctx, c.Order, c.key(), units, client.Cancellation{Reason: c.Reason, Note: c.Note})
		return printed(out, o, err)
	}
	answer, err := gateway.Cancel(ctx, c.Order, c.Key, client.Cancellation{Reason: c.Reason, Note: c.Note})
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
