package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"holdfast/client"
	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/product"
)

// payCommand acts as the sandbox payment provider.
type payCommand struct {
	gatewayFlags
	sandboxFlags
	Order    string `arg:"" help:"The order's id."`
	Page     string `xor:"what" placeholder:"ACTION" help:"Pay as a buyer on the sandbox's page instead: pay, decline, refuse, process, pay_late or pay_twice."`
	Fail     bool   `xor:"what" help:"Report that this attempt failed; the buyer may try again."`
	Refuse   bool   `xor:"what" help:"Report that the payment was refused; the order is cancelled."`
	Amount   int64  `help:"Amount in minor units, instead of the order's total."`
	Currency string `help:"Currency, instead of the order's."`
	Payment  string `help:"Payment id; using it again means the same payment. Default: derived from the order's id."`
}

// showsWithin is how long the order may take to show its payment.
const showsWithin = 5 * time.Second

// Run reads the order, sends the callback, and prints the order's new state.
func (c *payCommand) Run(ctx context.Context, out out) error {
	if c.Currency != "" && !product.CurrencyExists(c.Currency) {
		return usagef("--currency: %q is not an ISO 4217 currency such as EUR", c.Currency)
	}
	gateway, err := c.client(1)
	if err != nil {
		return err
	}
	if c.Page != "" {
		return c.onPage(ctx, gateway, out)
	}
	sign, err := c.signer()
	if err != nil {
		return err
	}
	before, err := gateway.Order(ctx, c.Order)
	if err != nil && !c.mayBeUnknown(err) {
		return err
	}
	event := c.event(before)
	header, body, err := sign(event)
	if err != nil {
		return err
	}
	if err := gateway.Callback(ctx, sandbox.Name, header, body); err != nil {
		return err
	}
	if before.ID == "" {
		_, _ = fmt.Fprintln(out.stdout, "accepted; the gateway doesn't know this order")
		return nil
	}
	after := before
	if !before.Closed() && !before.Status.TookPayment() {
		if after, err = gateway.OrderAbove(ctx, c.Order, before.Version, showsWithin); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(out.stdout, "order %s is %s, its payment is %s\n", after.ID, after.Status, after.Payment.Status)
	if goesBack(after, event) {
		_, _ = fmt.Fprintln(out.stdout, "the order doesn't take this payment: its refund is due")
	}
	return nil
}

// goesBack reports whether money arrived that the order has no use for.
func goesBack(o order.Order, e order.PaymentEvent) bool {
	switch {
	case e.Type != order.PaymentSucceeded:
		return false
	case o.Status.TookPayment():
		return o.Payment.ID != e.PaymentID
	}
	return o.Closed() || e.Amount != o.Amounts[order.AmountTotal] || e.Currency != o.Currency
}

// mayBeUnknown reports whether a payment for an unknown order can be tried: all of the
// payment's details must be given.
func (c *payCommand) mayBeUnknown(err error) bool {
	var p *client.Problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound && c.Amount > 0 && c.Currency != ""
}

func (c *payCommand) event(o order.Order) order.PaymentEvent {
	e := order.PaymentEvent{
		EventID: "evt-" + uuid.NewString(), Type: order.PaymentSucceeded, OrderID: c.Order,
		PaymentID: c.Payment, Amount: o.Amounts[order.AmountTotal], Currency: o.Currency,
	}
	switch {
	case c.Fail:
		e.Type = order.PaymentFailed
	case c.Refuse:
		e.Type = order.PaymentDeclined
	}
	if c.Amount != 0 {
		e.Amount = c.Amount
	}
	if c.Currency != "" {
		e.Currency = c.Currency
	}
	if e.PaymentID == "" {
		e.PaymentID = "pay-" + c.Order
	}
	return e
}
