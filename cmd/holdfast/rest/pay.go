package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// Offer is what a buyer needs to pay.
type Offer struct {
	Provider    string `json:"provider"`
	PaymentID   string `json:"paymentId"`
	Attempt     int    `json:"attempt"`
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
	RedirectURL string `json:"redirectUrl"`
}

// OpenPayment gets a payment to pay the order by at a provider, the same one as long as
// it is open.
func (c *Client) OpenPayment(ctx context.Context, orderID, provider string) (Offer, error) {
	body, err := json.Marshal(map[string]string{"provider": provider})
	if err != nil {
		return Offer{}, fmt.Errorf("write the request for a payment: %w", err)
	}
	a, err := c.do(ctx, call{method: http.MethodPost, path: orderPath(orderID, "/payment"), body: body})
	if err != nil {
		return Offer{}, fmt.Errorf("open a payment of order %s: %w", orderID, err)
	}
	var o Offer
	return o, a.Decode(&o)
}

// PayPage does on the sandbox's page what a buyer would: an action, and the amount in
// minor units where it isn't what is asked for.
func (c *Client) PayPage(ctx context.Context, o Offer, action string, amount int64) error {
	choice := map[string]any{"action": action}
	if amount > 0 {
		choice["amount"] = amount
	}
	body, err := json.Marshal(choice)
	if err != nil {
		return fmt.Errorf("write the buyer's choice: %w", err)
	}
	_, err = c.do(ctx, call{
		method: http.MethodPost, path: "the pay page", elsewhere: o.RedirectURL, body: body,
		header: http.Header{"Accept": {"application/json"}},
	})
	if err != nil {
		return fmt.Errorf("%s payment %s: %w", action, o.PaymentID, err)
	}
	return nil
}

// NewestPayment is the last payment that was opened for an order at a provider whose
// pages the gateway itself shows, also of an order that takes none any more.
func (c *Client) NewestPayment(ctx context.Context, orderID, provider, pages string) (Offer, error) {
	p, err := c.Payment(ctx, orderID)
	if err != nil {
		return Offer{}, err
	}
	for _, a := range slices.Backward(p.Attempts) {
		if a.Provider == provider {
			return Offer{
				Provider: provider, PaymentID: a.PaymentID, Amount: a.Amount, Currency: a.Currency,
				RedirectURL: c.base + pages + url.PathEscape(a.PaymentID),
			}, nil
		}
	}
	return Offer{}, fmt.Errorf("order %s has no payment at %s", orderID, provider)
}
