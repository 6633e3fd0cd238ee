package client_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/client"
)

// sent is a request as a gateway gets it.
type sent struct{ method, path, key, match, body string }

// answering is a gateway that answers everything in one way, and keeps the last request.
func answering(t *testing.T, status int, body string) (*client.Client, *sent) {
	t.Helper()
	last := &sent{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*last = sent{
			r.Method, r.URL.RequestURI(), r.Header.Get("Idempotency-Key"), r.Header.Get("If-Match") + r.Header.Get("If-None-Match"), string(b),
		}
		w.Header().Set("ETag", `"3-abc"`)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // a client that is gone
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{URL: server.URL})
	require.NoError(t, err)
	return c, last
}

func TestCallsOfStaffAreWhatTheContractSays(t *testing.T) {
	minus := int64(-2)
	for name, row := range map[string]struct {
		call func(context.Context, *client.Client) error
		want sent
	}{
		"refunds": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Refunds(ctx, "failed", 5, "next")
			return err
		}, sent{method: "GET", path: "/v1/refunds?cursor=next&limit=5&status=failed"}},
		"refund": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Refund(ctx, "o/1", "k", 1250, "scratched")
			return err
		}, sent{method: "POST", path: "/v1/orders/o%2F1/refunds", key: "k", body: `{"amount":1250,"note":"scratched"}`}},
		"refund of all": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Refund(ctx, "o1", "k", 0, "")
			return err
		}, sent{method: "POST", path: "/v1/orders/o1/refunds", key: "k", body: `{}`}},
		"decision": {func(ctx context.Context, c *client.Client) error {
			_, err := c.DecideRefund(ctx, "k", client.Decision{PaymentID: "p", RefundID: "r", Choice: "settled", Status: "case"})
			return err
		}, sent{method: "POST", path: "/v1/refunds/decide", key: "k", body: `{"paymentId":"p","refundId":"r","choice":"settled","status":"case"}`}},
		"disputes": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Disputes(ctx, 0, "")
			return err
		}, sent{method: "GET", path: "/v1/disputes"}},
		"dismissed dispute": {
			func(ctx context.Context, c *client.Client) error { return c.DismissDispute(ctx, "sandbox", "d1") },
			sent{method: "POST", path: "/v1/disputes/dismiss", body: `{"disputeId":"d1","provider":"sandbox"}`},
		},
		"scans": {func(ctx context.Context, c *client.Client) error {
			_, err := c.UnmatchedScans(ctx, 3, "")
			return err
		}, sent{method: "GET", path: "/v1/carriers/unmatched?limit=3"}},
		"assigned scan": {
			func(ctx context.Context, c *client.Client) error { return c.AssignScan(ctx, "s1", "k", "o1", "p1") },
			sent{method: "POST", path: "/v1/carriers/unmatched/s1/assign", key: "k", body: `{"orderId":"o1","packageId":"p1"}`},
		},
		"webhooks": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Webhooks(ctx)
			return err
		}, sent{method: "GET", path: "/v1/webhooks"}},
		"webhook": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Webhook(ctx, "wh")
			return err
		}, sent{method: "GET", path: "/v1/webhooks/wh"}},
		"new webhook": {func(ctx context.Context, c *client.Client) error {
			_, err := c.RegisterWebhook(ctx, "k", client.WebhookSpec{URL: "https://a.example", Events: []string{"order.*"}})
			return err
		}, sent{method: "POST", path: "/v1/webhooks", key: "k", body: `{"url":"https://a.example","events":["order.*"]}`}},
		"disabled webhook": {func(ctx context.Context, c *client.Client) error {
			_, err := c.SetWebhookStatus(ctx, "wh", "disabled")
			return err
		}, sent{method: "PATCH", path: "/v1/webhooks/wh", body: `{"status":"disabled"}`}},
		"deliveries": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Deliveries(ctx, "wh", 10, "")
			return err
		}, sent{method: "GET", path: "/v1/webhooks/wh/deliveries?limit=10"}},
		"replay":       {func(ctx context.Context, c *client.Client) error { return c.ReplayDelivery(ctx, "wh", "d1", "k") }, sent{method: "POST", path: "/v1/webhooks/wh/deliveries/d1/replay", key: "k"}},
		"webhook test": {func(ctx context.Context, c *client.Client) error { return c.TestWebhook(ctx, "wh", "k") }, sent{method: "POST", path: "/v1/webhooks/wh/test", key: "k"}},
		"events": {func(ctx context.Context, c *client.Client) error {
			_, err := c.ProductEvents(ctx, "mug", []string{"hold.made"}, 7, "")
			return err
		}, sent{method: "GET", path: "/v1/products/mug/events?limit=7&type=hold.made"}},
		"adjustment": {func(ctx context.Context, c *client.Client) error {
			_, err := c.AdjustStock(ctx, "mug", "k", client.StockAdjustment{SKU: "blue", Delta: &minus, Reason: "broken"})
			return err
		}, sent{method: "POST", path: "/v1/products/mug/stock", key: "k", body: `{"sku":"blue","delta":-2,"reason":"broken"}`}},
		"listing": {func(ctx context.Context, c *client.Client) error { return c.ListProduct(ctx, "mug") }, sent{method: "POST", path: "/v1/products/mug/list"}},
		"patch": {func(ctx context.Context, c *client.Client) error {
			return c.PatchProduct(ctx, "mug", `"3"`, map[string]string{"title": "Mug"})
		}, sent{method: "PATCH", path: "/v1/products/mug", match: `"3"`, body: `{"title":"Mug"}`}},
		"price book": {func(ctx context.Context, c *client.Client) error {
			_, err := c.PriceBook(ctx, 0)
			return err
		}, sent{method: "GET", path: "/v1/price-book"}},
		"old price book": {func(ctx context.Context, c *client.Client) error {
			_, err := c.PriceBook(ctx, 7)
			return err
		}, sent{method: "GET", path: "/v1/price-book/versions/7"}},
		"versions": {func(ctx context.Context, c *client.Client) error {
			_, err := c.PriceBooks(ctx, 2, "")
			return err
		}, sent{method: "GET", path: "/v1/price-book/versions?limit=2"}},
		"check": {func(ctx context.Context, c *client.Client) error {
			_, err := c.CheckPriceBook(ctx, []byte(`{"levels":[]}`))
			return err
		}, sent{method: "POST", path: "/v1/price-book/check", body: `{"levels":[]}`}},
		"publication": {func(ctx context.Context, c *client.Client) error {
			_, err := c.ReplacePriceBook(ctx, `"2"`, []byte(`{}`))
			return err
		}, sent{method: "PUT", path: "/v1/price-book", match: `"2"`, body: `{}`}},
		"counts": {func(ctx context.Context, c *client.Client) error {
			_, err := c.OrderCounts(ctx, 24)
			return err
		}, sent{method: "GET", path: "/v1/orders/counts?hours=24"}},
		"audit": {func(ctx context.Context, c *client.Client) error {
			_, err := c.LatestAudit(ctx, client.AuditOfViews)
			return err
		}, sent{method: "GET", path: "/v1/audits/latest?subject=views"}},
		"coupons": {func(ctx context.Context, c *client.Client) error {
			_, err := c.Coupons(ctx, 4, "")
			return err
		}, sent{method: "GET", path: "/v1/coupons?limit=4"}},
		"new coupon": {func(ctx context.Context, c *client.Client) error {
			_, err := c.NewCoupon(ctx, "SPRING", []byte(`{"action":{"rate":1000}}`))
			return err
		}, sent{method: "PUT", path: "/v1/coupons/SPRING", match: "*", body: `{"action":{"rate":1000}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			c, last := answering(t, http.StatusOK, `{}`)
			require.NoError(t, row.call(t.Context(), c))
			require.Equal(t, row.want, *last)
			c, _ = answering(t, http.StatusConflict, `{"type":"/problems/stale","title":"Changed"}`)
			err := row.call(t.Context(), c)
			var p *client.Problem
			require.ErrorAs(t, err, &p)
			require.Equal(t, "stale", p.Kind())
		})
	}
}
