package console

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A gateway allows a caller 50 units per second, unless it is told otherwise; see x-cost in the contract. The
// inbox of a busy shop costs more, and is read all the same.
func TestTheInboxIsReadWithinTheAllowanceOfACaller(t *testing.T) {
	answers := map[string]string{
		"GET /v1/orders/counts":      `{"total": 7654, "statuses": {"awaiting_payment": 7654}, "hours": []}`,
		"GET /v1/audits/latest":      `404 {"type": "/problems/unknown-audit", "title": "No audit yet", "status": 404}`,
		"GET /v1/refunds":            `{"items": []}`,
		"GET /v1/disputes":           `{"items": []}`,
		"GET /v1/carriers/unmatched": `{"items": []}`,
	}
	costs := map[string]int{"/v1/orders": 5, "/v1/refunds": 5, "/v1/orders/counts": 5}
	var orders, webhooks []string
	for i := range mostHeld {
		id := fmt.Sprint("held-", i)
		orders = append(orders, fmt.Sprintf(`{"id": %q, "status": "paid", "amounts": {}, "payment": {}, "hold": {"actor": "command:watch", "at": "2026-11-29T11:00:00Z"}}`, id))
		answers["GET /v1/orders/"+id] = fmt.Sprintf(`{"id": %q, "shape": 2, "status": "paid", "version": 3, "amounts": {}, "lines": [], "payment": {},
			"hold": {"actor": "command:watch", "at": "2026-11-29T11:00:00Z"}}`, id)
	}
	for i := range mostWebhooks {
		id := fmt.Sprint("wh_", i)
		webhooks = append(webhooks, fmt.Sprintf(`{"id": %q, "url": "https://erp.example/", "status": "active"}`, id))
		answers["GET /v1/webhooks/"+id+"/deliveries"] = `{"items": []}`
		costs["/v1/webhooks/"+id+"/deliveries"] = 2
	}
	answers["GET /v1/orders"] = `{"total": 10, "items": [` + strings.Join(orders, ",") + `]}`
	answers["GET /v1/webhooks"] = `{"items": [` + strings.Join(webhooks, ",") + `]}`
	g := &told{answers: answers}
	var mu sync.Mutex
	left, until, refused := 50, time.Now().Add(time.Second), 0
	d := newDesk(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if now := time.Now(); now.After(until) {
			left, until = 50, now.Add(time.Second)
		}
		left -= max(1, costs[r.URL.Path])
		over := left < 0
		if over {
			refused++
		}
		mu.Unlock()
		if over {
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = fmt.Fprint(w, `{"type":"/problems/too-many-requests","title":"Too many requests","status":429}`) // to a test
			return
		}
		g.ServeHTTP(w, r)
	}).become("operator")
	page := d.send(http.MethodGet, "/console", nil).Body.String()
	require.NotZero(t, refused)
	require.NotContains(t, page, "This can&#39;t be read at present, so something may be missing:")
	require.Contains(t, page, "7,654")
	require.Contains(t, page, "held-9")
}
