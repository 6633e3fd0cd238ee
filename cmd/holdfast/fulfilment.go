package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"holdfast/client"
	"holdfast/order"
)

// keyFlag makes a repeated command the same request.
type keyFlag struct {
	Key string `help:"Idempotency-Key: repeating the command with the same key changes nothing. Default: a new one."`
}

func (f keyFlag) key() string {
	if f.Key != "" {
		return f.Key
	}
	return uuid.NewString()
}

type orderPackCommand struct {
	gatewayFlags
	keyFlag
	Order   string   `arg:"" help:"The order's id."`
	Line    []string `required:"" placeholder:"LINE=UNITS" help:"Units of a line, such as 1=2; several separated by commas."`
	Carrier string   `help:"Carrier integration that follows the package, such as easypost."`
	Service string   `help:"The carrier's service, such as express."`
	Courier string   `help:"The company that delivers the package."`
	Number  []string `help:"Tracking numbers, separated by commas."`
	Left    bool     `help:"The package has left the warehouse already."`
}

// Run packs the units and prints the package.
func (c *orderPackCommand) Run(ctx context.Context, out out) error {
	units, err := unitsOf(c.Line)
	if err != nil {
		return err
	}
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	parcel := client.Parcel{Items: units, Carrier: c.Carrier, Service: c.Service, Courier: c.Courier, TrackingNumbers: c.Number}
	if c.Left {
		parcel.Node = order.NodeLeftWarehouse
	}
	p, err := gateway.Pack(ctx, c.Order, c.key(), parcel)
	return printed(out, p, err)
}

// unitsOf parses units of lines, such as 1=2.
func unitsOf(texts []string) ([]order.LineUnits, error) {
	units := make([]order.LineUnits, len(texts))
	for i, text := range texts {
		line, number, ok := strings.Cut(text, "=")
		n, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil || n < 1 || line == "" {
			return nil, usagef("--line: %q must be a line and how many units of it, such as 1=2", text)
		}
		units[i] = order.LineUnits{LineID: line, Quantity: n}
	}
	return units, nil
}

type orderEventCommand struct {
	gatewayFlags
	Order   string    `arg:"" help:"The order's id."`
	Package string    `arg:"" help:"The package's id."`
	What    string    `arg:"" help:"A node (left_warehouse, in_transit, out_for_delivery, delivered) or a mark (delayed, delivery_failed, ready_for_pickup, refused, lost, damaged, returned_to_sender)."`
	At      time.Time `help:"When it happened, such as 2026-03-01T12:00:00Z. Default: now."`
	ID      string    `help:"Id of the message, so that it counts once. Default: a new one."`
	Detail  string    `help:"What the sender says about it."`
}

// Run reports the message and prints the order.
func (c *orderEventCommand) Run(ctx context.Context, out out) error {
	e := client.Event{ID: c.ID, OccurredAt: c.At, Detail: c.Detail}
	if e.ID == "" {
		e.ID = uuid.NewString()
	}
	if e.OccurredAt.IsZero() {
		e.OccurredAt = time.Now()
	}
	if node, known := order.ParseNode(c.What); known {
		e.Node = node
	} else if e.Mark = order.Mark(c.What); !e.Mark.Known() {
		return usagef("%q is neither a node nor a mark of a package", c.What)
	}
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	o, err := gateway.Report(ctx, c.Order, c.Package, e)
	return printed(out, o, err)
}

type orderStrikeCommand struct {
	gatewayFlags
	Order   string `arg:"" help:"The order's id."`
	Package string `arg:"" help:"The package's id."`
	Event   string `arg:"" help:"Id of the wrong message."`
	Note    string `help:"Note in the order's journal, for staff."`
}

// Run takes the message back and prints the order.
func (c *orderStrikeCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	o, err := gateway.Strike(ctx, c.Order, c.Package, c.Event, c.Note)
	return printed(out, o, err)
}

type orderReturnCommand struct {
	gatewayFlags
	keyFlag
	Order   string   `arg:"" help:"The order's id."`
	Line    []string `required:"" placeholder:"LINE=UNITS" help:"Units of a line that are sent back, such as 1=2; several separated by commas."`
	Reason  string   `help:"Why, in the buyer's words."`
	Approve bool     `help:"Approve the return at once."`
}

// Run opens the return and prints it.
func (c *orderReturnCommand) Run(ctx context.Context, out out) error {
	units, err := unitsOf(c.Line)
	if err != nil {
		return err
	}
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	a := client.Announcement{Approve: c.Approve}
	for _, u := range units {
		a.Lines = append(a.Lines, order.ReturnLine{LineUnits: u, Reason: c.Reason})
	}
	r, err := gateway.OpenReturn(ctx, c.Order, c.key(), a)
	return printed(out, r, err)
}

type orderHoldCommand struct {
	gatewayFlags
	Order string `arg:"" help:"The order's id."`
	Note  string `help:"Note in the order's journal, for staff."`
}

// Run holds the order and prints it.
func (c *orderHoldCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	o, err := gateway.Hold(ctx, c.Order, c.Note)
	return printed(out, o, err)
}

type orderReleaseCommand struct{ orderHoldCommand }

// Run releases the order and prints it.
func (c *orderReleaseCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	o, err := gateway.Release(ctx, c.Order, c.Note)
	return printed(out, o, err)
}

type orderAddressCommand struct {
	gatewayFlags
	Order      string `arg:"" help:"The order's id."`
	Recipient  string `required:"" help:"Who receives it."`
	Line1      string `name:"line1" required:"" help:"Street and number."`
	Line2      string `name:"line2" help:"More of the street, such as a floor."`
	City       string `required:"" help:"City."`
	Region     string `help:"Region or state."`
	PostalCode string `help:"Postal code."`
	Country    string `required:"" help:"Country, as in the order."`
	Phone      string `help:"Phone of the recipient."`
	Email      string `help:"Email of the recipient."`
	Override   bool   `help:"Allow another country or region after the payment; needs --note."`
	Note       string `help:"Note for staff."`
}

// Run changes the address and prints the order.
func (c *orderAddressCommand) Run(ctx context.Context, out out) error {
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	o, err := gateway.Redirect(ctx, c.Order, client.Redirection{
		Address: order.Address{
			Recipient: c.Recipient, Phone: c.Phone, Email: c.Email, Line1: c.Line1, Line2: c.Line2, City: c.City,
			Region: c.Region, PostalCode: c.PostalCode, Country: c.Country,
		},
		Override: c.Override, Note: c.Note,
	})
	return printed(out, o, err)
}

// printed prints what a call returned.
func printed(out out, v any, err error) error {
	if err != nil {
		return fmt.Errorf("the gateway refused: %w", err)
	}
	return printJSON(out, v)
}
