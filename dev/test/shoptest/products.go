package shoptest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Price of everything that Offer offers, in cents.
const Price = 250

// Variant is one variant of a product as the gateway shows it.
type Variant struct {
	SKU       string `json:"sku"`
	Price     int64  `json:"price"`
	OnHand    int64  `json:"onHand"`
	Held      int64  `json:"held"`
	Available int64  `json:"available"`
}

// Product is a product as the gateway shows it.
type Product struct {
	ID       string    `json:"id"`
	Status   string    `json:"status"`
	Variants []Variant `json:"variants"`
}

// Offer puts a product with one variant on sale.
func (s *Shop) Offer(t testing.TB, id string, stock int64) {
	t.Helper()
	s.Must(t, http.StatusCreated, Call{Method: http.MethodPut, Path: "/v1/products/" + id, Body: JSON(t, map[string]any{
		"title": "Product " + id, "currency": "EUR",
		"variants": []map[string]any{{"sku": id + "-1", "price": Price, "stock": stock}},
	})})
}

// Product reads a product.
func (s *Shop) Product(t testing.TB, id string) Product {
	t.Helper()
	var p Product
	s.Must(t, http.StatusOK, Call{Method: http.MethodGet, Path: "/v1/products/" + id}).Into(t, &p)
	return p
}

// RequireStock checks the one variant of a product.
func (s *Shop) RequireStock(t testing.TB, id string, onHand, held int64) {
	t.Helper()
	v := s.Product(t, id).Variants
	require.Len(t, v, 1)
	require.Equal(t, [2]int64{onHand, held}, [2]int64{v[0].OnHand, v[0].Held}, "%s: onHand, held", id)
}

// AwaitStock waits until the one variant of a product has this stock, for units that are
// returned only after their order was answered.
func (s *Shop) AwaitStock(t testing.TB, id string, onHand, held int64) {
	t.Helper()
	Until(t, "the stock of "+id, func(ctx context.Context) error {
		a, err := s.Do(ctx, Call{Method: http.MethodGet, Path: "/v1/products/" + id})
		if err != nil {
			return err
		}
		var p Product
		if err := json.Unmarshal(a.Body, &p); err != nil {
			return err
		}
		if len(p.Variants) != 1 || p.Variants[0].OnHand != onHand || p.Variants[0].Held != held {
			return fmt.Errorf("it is %+v, not %d with %d held", p.Variants, onHand, held)
		}
		return nil
	})
}

// Delist takes a product off sale and returns the id of the workflow that does it.
func (s *Shop) Delist(t testing.TB, id string) string {
	t.Helper()
	var started struct {
		WorkflowID string `json:"workflowId"`
	}
	s.Must(t, http.StatusAccepted, Call{Method: http.MethodPost, Path: "/v1/products/" + id + "/delist"}).Into(t, &started)
	require.NotEmpty(t, started.WorkflowID)
	return started.WorkflowID
}

// List puts a product on sale again.
func (s *Shop) List(t testing.TB, id string) {
	t.Helper()
	s.Must(t, http.StatusOK, Call{Method: http.MethodPost, Path: "/v1/products/" + id + "/list"})
}

// Adjust changes the stock of a product's one variant.
func (s *Shop) Adjust(t testing.TB, id string, delta int64) {
	t.Helper()
	s.Must(t, http.StatusOK, Call{
		Method: http.MethodPost, Path: "/v1/products/" + id + "/stock", Body: JSON(t, map[string]any{"delta": delta}),
	})
}
