package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"holdfast/dev/stack"
	"holdfast/order"
	"holdfast/payment/sandbox"
)

const (
	unitPrice = 1250
	currency  = "EUR"
)

// shop speaks REST with a gateway, as its customers do.
type shop struct {
	url string
	// token is the bearer token of every call; empty where the gateway asks for none.
	token    string
	http     *http.Client
	provider *sandbox.Signer
	// undecided counts the orders that were so after 5 s.
	undecided atomic.Int64
}

func newShop(url string, connections int) (*shop, error) {
	provider, err := sandbox.New(stack.DefaultSecret)
	if err != nil {
		return nil, err
	}
	return &shop{url: url, provider: provider, http: &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections},
	}}, nil
}

// product puts a product of one variant with so much stock.
func (s *shop) product(ctx context.Context, id string, stock int64) error {
	body := map[string]any{
		"title": "Benchmark " + id, "currency": currency,
		"variants": []any{map[string]any{"sku": id + "-1", "price": unitPrice, "stock": stock}},
	}
	_, err := s.call(ctx, http.MethodPut, "/v1/products/"+id, body, nil, http.StatusCreated)
	return err
}

// place orders one unit and returns the answer's status.
func (s *shop) place(ctx context.Context, productID string, want ...int) (int, string, error) {
	body := map[string]any{
		"customerId": "bench", "lines": []any{map[string]any{"productId": productID, "sku": productID + "-1", "quantity": 1}},
	}
	var o struct {
		ID string `json:"id"`
	}
	status, err := s.call(ctx, http.MethodPost, "/v1/orders", body, &o, want...)
	return status, o.ID, err
}

// errNotDecided is the answer to an order that Temporal took, and that has no stock yet.
var errNotDecided = errors.New("the order is undecided")

// placeUnder orders one unit under an idempotency key and returns the order's id, also
// where an earlier call had placed it.
func (s *shop) placeUnder(ctx context.Context, productID, key string) (string, error) {
	b, err := json.Marshal(map[string]any{
		"customerId": "bench", "lines": []any{map[string]any{"productId": productID, "sku": productID + "-1", "quantity": 1}},
	})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/orders", bytes.NewReader(b))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	var o struct {
		ID string `json:"id"`
	}
	status, err := s.do(req, &o, http.StatusCreated, http.StatusAccepted)
	if err == nil && status == http.StatusAccepted {
		err = errNotDecided
	}
	return o.ID, err
}

// placeDecided orders one unit, and asks again as long as the order is undecided: on a
// busy machine that is an answer like others.
func (s *shop) placeDecided(ctx context.Context, productID string) (string, error) {
	for key := uuid.NewString(); ; s.undecided.Add(1) {
		id, err := s.placeUnder(ctx, productID, key)
		if !errors.Is(err, errNotDecided) {
			return id, err
		}
	}
}

// pay sends the provider's signed callback.
func (s *shop) pay(ctx context.Context, orderID string) error {
	cb, err := s.provider.NewCallback(order.PaymentEvent{
		EventID: "evt-" + orderID, Provider: "sandbox", Type: order.PaymentSucceeded, OrderID: orderID,
		PaymentID: "pay-" + orderID, Amount: unitPrice, Currency: currency, OccurredAt: time.Now(),
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/v1/payments/callbacks/sandbox", bytes.NewReader(cb.Body))
	if err != nil {
		return err
	}
	req.Header = cb.Header.Clone()
	_, err = s.do(req, nil, http.StatusNoContent)
	return err
}

// payAtProvider opens a payment and pays it on the provider's page.
func (s *shop) payAtProvider(ctx context.Context, orderID string) error {
	var offer struct {
		RedirectURL string `json:"redirectUrl"`
	}
	if _, err := s.call(ctx, http.MethodPost, "/v1/orders/"+orderID+"/payment", struct{}{}, &offer, http.StatusCreated); err != nil {
		return err
	}
	page, ours := strings.CutPrefix(offer.RedirectURL, s.url)
	if !ours {
		return fmt.Errorf("order %s is paid at %s, which is not this stack", orderID, offer.RedirectURL)
	}
	_, err := s.call(ctx, http.MethodPost, page, map[string]string{"action": string(sandbox.Pay)}, nil, http.StatusOK)
	return err
}

func (s *shop) call(ctx context.Context, method, path string, body, answer any, want ...int) (int, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(b))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	return s.do(req, answer, want...)
}

func (s *shop) do(req *http.Request, answer any, want ...int) (int, error) {
	res, err := s.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return res.StatusCode, err
	}
	for _, w := range want {
		if res.StatusCode != w {
			continue
		}
		if answer != nil {
			err = json.Unmarshal(b, answer)
		}
		return res.StatusCode, err
	}
	return res.StatusCode, fmt.Errorf("%s %s: %s: %s", req.Method, req.URL.Path, res.Status, b)
}
