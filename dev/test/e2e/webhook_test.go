package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/webhook"
)

// receiver is a merchant's server.
type receiver struct {
	*httptest.Server
	mu sync.Mutex
	// got are the messages that it accepted, by id; tries counts all requests for one.
	got   map[string][]message
	tries map[string]int
	// secret that messages are verified with, and how often each is refused first.
	secret  string
	refuse  int
	unmoved bool // it hangs
	bad     []string
	release chan struct{}
}

type message struct {
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

func newReceiver(t *testing.T, shop *shoptest.Shop, refuse int, unmoved bool, events ...string) (*receiver, string) {
	t.Helper()
	r := &receiver{got: map[string][]message{}, tries: map[string]int{}, refuse: refuse, unmoved: unmoved, release: make(chan struct{})}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	t.Cleanup(func() { close(r.release) })
	var w struct{ ID, Secret string }
	shop.Must(t, http.StatusCreated, shoptest.Call{Method: http.MethodPost, Path: "/v1/webhooks", Body: shoptest.JSON(t, map[string]any{
		"url": r.URL + "/hooks?of=merchant", "events": append([]string{}, events...),
	})}).Into(t, &w)
	r.mu.Lock()
	r.secret = w.Secret
	r.mu.Unlock()
	t.Cleanup(func() {
		shop.Must(untilCleanup{t}, http.StatusNoContent, shoptest.Call{Method: http.MethodDelete, Path: "/v1/webhooks/" + w.ID})
	})
	return r, w.ID
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if r.unmoved {
		select {
		case <-r.release:
		case <-req.Context().Done():
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	body, err := io.ReadAll(req.Body)
	id := req.Header.Get("webhook-id")
	var m message
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err == nil {
		var hook *standardwebhooks.Webhook
		if hook, err = standardwebhooks.NewWebhook(r.secret); err == nil {
			err = hook.Verify(body, req.Header)
		}
	}
	if err != nil {
		r.bad = append(r.bad, err.Error())
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if r.tries[id]++; r.tries[id] <= r.refuse {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.got[id] = append(r.got[id], m)
	w.WriteHeader(http.StatusNoContent)
}

// about counts the messages about an entity that were accepted, by type.
func (r *receiver) about(id string) map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string]int{}
	for _, messages := range r.got {
		for _, m := range messages {
			if strings.Contains(string(m.Data), `"`+id+`"`) {
				all[m.Type]++
			}
		}
	}
	return all
}

// Every event reaches each endpoint that wants it once, even one that refuses it twice, and
// a hanging one holds up no other.
func TestWebhooksTellWhatHappens(t *testing.T) {
	shop := open(t)
	hangs, _ := newReceiver(t, shop, 0, true)
	all, _ := newReceiver(t, shop, 0, false)
	orders, ordersID := newReceiver(t, shop, 2, false, "order.*")
	shop.Offer(t, "told", 5)
	o := shop.Pay(t, shop.Place(t, shoptest.Line{ProductID: "told", Quantity: 2}))
	shop.Must(t, http.StatusOK, shoptest.Delivery(o.ID))
	shop.Delist(t, "told")

	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, map[string]int{
			"order.placed": 1, "order.paid": 1, "order.delivered": 1, "order.closed": 1, "payment.succeeded": 1, "stock.changed": 2,
			"order.node_reached": 8, // the order's six from awaiting_shipment on, and its package's packed and delivered
		}, all.about(o.ID))
		assert.Equal(c, map[string]int{"product.listed": 1, "product.delisted": 1, "stock.changed": 3}, all.about("told"))
	}, 20*time.Second, 50*time.Millisecond)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, map[string]int{
			"order.placed": 1, "order.paid": 1, "order.delivered": 1, "order.closed": 1, "order.node_reached": 8,
		}, orders.about(o.ID))
	}, 60*time.Second, 50*time.Millisecond)
	require.Empty(t, all.bad)
	require.Empty(t, orders.bad)
	require.Empty(t, hangs.got)

	var page struct{ Items []webhook.Logged }
	log := shoptest.Call{Method: http.MethodGet, Path: "/v1/webhooks/" + ordersID + "/deliveries"}
	var paid webhook.Logged
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		shop.Must(t, http.StatusOK, log).Into(t, &page)
		for _, d := range page.Items {
			if d.Type == webhook.OrderPaid {
				paid = d
			}
			assert.Equal(c, webhook.DeliveryDelivered, d.Status)
		}
		if assert.Len(c, paid.Attempts, 3) {
			assert.Equal(c, http.StatusServiceUnavailable, paid.Attempts[0].Status)
			assert.Equal(c, http.StatusNoContent, paid.Attempts[2].Status)
		}
	}, 10*time.Second, 50*time.Millisecond)

	replay := shoptest.Call{Method: http.MethodPost, Path: "/v1/webhooks/" + ordersID + "/deliveries/" + paid.ID + "/replay"}
	shop.Must(t, http.StatusAccepted, replay)
	require.Eventually(t, func() bool {
		orders.mu.Lock()
		defer orders.mu.Unlock()
		return len(orders.got[paid.ID]) == 2
	}, 20*time.Second, 50*time.Millisecond, "a replay has the id of the event")

	counts := string(shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/metrics"}).Body)
	require.Regexp(t, `holdfast_webhook_deliveries_total\{status="delivered"\} [1-9]`, counts)
	require.Regexp(t, `holdfast_webhook_deliveries_total\{status="pending"\} [1-9]`, counts)

	var shown map[string]any
	shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/v1/webhooks/" + ordersID}).Into(t, &shown)
	require.NotContains(t, shown, "secret")
	require.NotContains(t, shown, "secrets")
}
