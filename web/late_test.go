package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A refund that came to nothing, since less is left of the payment, is not promised to the buyer.
func TestOnlyWhatGoesBackIsPromised(t *testing.T) {
	p, gateway := &provider{}, withOrders()
	at, v := signer(t, p, gateway)
	post, key := shopping(t, at, v, gateway)
	post("/checkout/order", url.Values{"key": {key}, "total": {"1250"}})
	gateway.answers["GET /v1/orders/o-1"] = says(http.StatusOK, `{"id": "o-1", "shape": 2, "status": "expired", "version": 3, "currency": "EUR", "closedAt": "2026-11-29T11:00:00Z",
		"amounts": {"total": 1250}, "lines": [], "payment": {"status": "expired"}}`)
	gateway.answers["GET /v1/orders/o-1/payment"] = says(http.StatusOK, `{"orderId": "o-1", "refunds": [
		{"id": "a", "amount": 1250, "currency": "EUR", "reason": "late", "status": "pending"},
		{"id": "b", "amount": 1100, "currency": "EUR", "reason": "late", "status": "too_large"},
		{"id": "c", "amount": 1000, "currency": "EUR", "reason": "late", "status": "paid", "paidAt": "2026-11-29T12:00:00Z"}]}`)
	_, page := get(t, at, v, "/orders/o-1")
	require.Contains(t, page, "€12.50 arrived when the order had already ended. It goes back to you.")
	require.Contains(t, page, "€10.00 arrived when the order had already ended. It went back to you")
	require.NotContains(t, page, "€11.00")
	require.Equal(t, 2, strings.Count(page, "data-returned"))
}
