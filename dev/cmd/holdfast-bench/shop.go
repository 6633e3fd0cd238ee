package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"holdfast/client"
	"holdfast/dev/stack"
	"holdfast/order"
	"holdfast/payment/sandbox"
	"holdfast/product"
)

const (
	unitPrice = 1250
	currency  = "EUR"
)

// shop calls a gateway as its merchant, its customers and the payment provider do.
type shop struct {
	*client.Client
	provider *sandbox.Signer
	// undecided counts the orders that were undecided after 5 s.
	undecided atomic.Int64
}

// newShop returns the shop behind the gateway at url. The token is empty if the gateway
// requires none.
func newShop(url, token string, connections int) (*shop, error) {
	provider, err := sandbox.New(stack.DefaultSecret)
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.Config{URL: url, Token: token, Connections: connections})
	return &shop{Client: c, provider: provider}, err
}

// product creates a product of one variant with this much stock.
func (s *shop) product(ctx context.Context, id string, stock int64) error {
	body, err := json.Marshal(product.Spec{
		Description: product.Description{Title: "Benchmark " + id}, Currency: currency,
		Variants: []product.VariantSpec{{SKU: id + "-1", Price: unitPrice, Stock: &stock}},
	})
	if err != nil {
		return err
	}
	created, err := s.PutProduct(ctx, id, body)
	if err == nil && !created {
		err = fmt.Errorf("product %s existed before", id)
	}
	return err
}

// errNotDecided means that Temporal has the order, but the order has no stock yet.
var errNotDecided = errors.New("the order is undecided")

// place orders one unit and returns the order's id, even with errNotDecided. With a key, it
// finds the order that an earlier call placed.
func (s *shop) place(ctx context.Context, productID, key string) (string, error) {
	body, err := json.Marshal(map[string]any{
		"customerId": "bench", "lines": []any{map[string]any{"productId": productID, "sku": productID + "-1", "quantity": 1}},
	})
	if err != nil {
		return "", err
	}
	a, err := s.Place(ctx, key, body)
	if err != nil {
		return "", err
	}
	var o struct {
		ID string `json:"id"`
	}
	if err = a.Decode(&o); err == nil && a.Status == http.StatusAccepted {
		err = errNotDecided
	}
	return o.ID, err
}

// placeDecided orders one unit, and asks again while the order is undecided, which is a
// normal answer on a busy machine.
func (s *shop) placeDecided(ctx context.Context, productID string) (string, error) {
	for key := uuid.NewString(); ; s.undecided.Add(1) {
		id, err := s.place(ctx, productID, key)
		if !errors.Is(err, errNotDecided) {
			return id, err
		}
	}
}

// placeAny orders one unit; the order may be undecided.
func (s *shop) placeAny(ctx context.Context, productID string) (string, error) {
	id, err := s.place(ctx, productID, "")
	if errors.Is(err, errNotDecided) {
		err = nil
	}
	return id, err
}

// isSoldOut reports whether the gateway refused an order.
func isSoldOut(err error) bool {
	p, ok := errors.AsType[*client.Problem](err)
	return ok && p.Status == http.StatusConflict
}

// pay sends the provider's signed callback.
func (s *shop) pay(ctx context.Context, orderID string) error {
	return s.payAmount(ctx, orderID, unitPrice)
}

func (s *shop) payAmount(ctx context.Context, orderID string, amount int64) error {
	cb, err := s.provider.NewCallback(order.PaymentEvent{
		EventID: "evt-" + orderID, Provider: sandbox.Name, Type: order.PaymentSucceeded, OrderID: orderID,
		PaymentID: "pay-" + orderID, Amount: amount, Currency: currency, OccurredAt: time.Now(),
	})
	if err != nil {
		return err
	}
	return s.Callback(ctx, sandbox.Name, cb.Header, cb.Body)
}

// payAtProvider opens a payment and pays it on the provider's page.
func (s *shop) payAtProvider(ctx context.Context, orderID string) error {
	offer, err := s.OpenPayment(ctx, orderID, sandbox.Name)
	if err != nil {
		return err
	}
	return s.PayPage(ctx, offer, string(sandbox.ActionPay), 0)
}
