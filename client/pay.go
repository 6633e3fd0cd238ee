package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// Offer is an open payment: what a buyer needs to pay an order.
type Offer struct {
	Provider  string `json:"provider"`
	PaymentID string `json:"paymentId"`
	Attempt   int    `json:"attempt"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	// RedirectURL is the provider's pay page. A provider whose script is part of the shop's page has a
	// ClientSecret instead: whoever has it can pay, so it goes to the buyer alone, and into no log.
	RedirectURL  string `json:"redirectUrl"`
	ClientSecret string `json:"clientSecret"`
}

// OpenPayment opens a payment for an order at a provider. While that payment is open,
// further calls return the same one.
func (c *Client) OpenPayment(ctx context.Context, orderID, provider string) (Offer, error) {
	body, err := json.Marshal(map[string]string{"provider": provider})
	if err != nil {
		return Offer{}, fmt.Errorf("encode the request for a payment: %w", err)
	}
	a, err := c.do(ctx, call{method: http.MethodPost, path: orderPath(orderID, "/payment"), body: body})
	if err != nil {
		return Offer{}, fmt.Errorf("open a payment of order %s: %w", orderID, err)
	}
	var o Offer
	return o, a.Decode(&o)
}

// PayPage does what a buyer does on the sandbox's pay page: action is one of its buttons,
// such as "pay" or "decline". A positive amount, in minor units, is paid instead of the
// amount that the offer asks for.
func (c *Client) PayPage(ctx context.Context, o Offer, action string, amount int64) error {
	choice := map[string]any{"action": action}
	if amount > 0 {
		choice["amount"] = amount
	}
	body, err := json.Marshal(choice)
	if err != nil {
		return fmt.Errorf("encode the buyer's choice: %w", err)
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

// NewestPayment returns the payment that was opened last for an order at a provider whose
// pay pages the gateway itself serves, below the path pages. It works for closed orders too.
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
