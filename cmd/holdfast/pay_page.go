package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"holdfast/client"
	"holdfast/payment/sandbox"
)

// onPage acts as the buyer on the sandbox's page: it gets a payment, or uses one from
// before the order closed, makes the choice, and reads the order's new state.
func (c *payCommand) onPage(ctx context.Context, gateway *client.Client, out out) error {
	actions := []string{"pay", "decline", "refuse", "process", "pay_late", "pay_twice"}
	if !slices.Contains(actions, c.Page) {
		return usagef("--page: %q must be one of %s", c.Page, strings.Join(actions, ", "))
	}
	if c.Currency != "" || c.Payment != "" {
		return usagef("--page can only be combined with --amount")
	}
	before, err := gateway.Order(ctx, c.Order)
	if err != nil {
		return err
	}
	offer, err := gateway.OpenPayment(ctx, c.Order, sandbox.Name)
	var closed *client.Problem
	if errors.As(err, &closed) && closed.Status == http.StatusConflict {
		offer, err = gateway.NewestPayment(ctx, c.Order, sandbox.Name, sandbox.Path+"pay/")
	}
	if err != nil {
		return err
	}
	if err := gateway.PayPage(ctx, offer, c.Page, c.Amount); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out.stdout, "payment %s: %s\n", offer.PaymentID, c.Page)
	after := before
	if !before.Closed() {
		if after, err = gateway.OrderAbove(ctx, c.Order, before.Version, showsWithin); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(out.stdout, "order %s is %s, its payment is %s\n", after.ID, after.Status, after.Payment.Status)
	return nil
}
