package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/dev/test/shoptest"
	"holdfast/order"
	"holdfast/webhook"
)

// rare are the events that nothing makes happen here at will; webhook/dispatch holds all of them
// against the contract.
var rare = []string{webhook.OrderRejected, webhook.RefundPending, webhook.PaymentDisputeUpdated}

// What is delivered is what the contract says, and at least one delivery of each type has
// exactly the fields of its example.
func TestDeliveredEventsAreWhatTheContractSays(t *testing.T) {
	shop := open(t)
	all, id := newReceiver(t, shop, 0, false)
	var test struct{ DeliveryID string }
	shop.Must(t, http.StatusAccepted, shoptest.Call{Method: http.MethodPost, Path: "/v1/webhooks/" + id + "/test"}).Into(t, &test)
	live(t, shop)
	wanted := slices.DeleteFunc(append(webhook.Types(), webhook.Test), func(name string) bool { return slices.Contains(rare, name) })
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		got := all.byType()
		assert.Empty(c, slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return len(got[name]) > 0 }))
	}, 30*time.Second, 50*time.Millisecond)
	require.Empty(t, all.bad)

	a := shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/openapi.yaml"})
	contract, err := openapi3.NewLoader().LoadFromData(a.Body)
	require.NoError(t, err)
	got := all.byType()
	for name, events := range got {
		require.NotNil(t, contract.Webhooks[name], name)
		media := contract.Webhooks[name].Post.RequestBody.Value.Content["application/json"]
		shapes := map[string]bool{}
		for _, event := range events {
			require.NoError(t, media.Schema.Value.VisitJSON(event), "%s: %v", name, event)
			shapes[shapeOf(event)] = true
		}
		require.Contains(t, shapes, shapeOf(media.Example), "no %s has the fields of its example", name)
	}

	var page struct{ Items []webhook.Logged }
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/v1/webhooks/" + id + "/deliveries?limit=100"}).Into(t, &page)
		i := slices.IndexFunc(page.Items, func(l webhook.Logged) bool { return l.ID == test.DeliveryID })
		if assert.GreaterOrEqual(c, i, 0, "the test is in the list") {
			assert.Equal(c, webhook.DeliveryDelivered, page.Items[i].Status)
		}
	}, 10*time.Second, 50*time.Millisecond)
}

// live has everything happen that can be made to.
func live(t *testing.T, shop *shoptest.Shop) {
	t.Helper()
	shop.Offer(t, "eventful", 50)
	line := shoptest.Line{ProductID: "eventful", Quantity: 1}
	decide := func(paymentID, refundID, choice, orderID string) {
		body := map[string]any{"paymentId": paymentID, "refundId": refundID, "choice": choice}
		if orderID != "" {
			body["orderId"] = orderID
		}
		shop.Decide(t, http.StatusOK, uuid.NewString(), body)
	}

	o := shop.Place(t, line)
	paid := shop.Open(t, o, http.StatusCreated)
	shop.Choose(t, paid, "decline")
	shop.AwaitPayment(t, o.ID, "the attempt failed", func(r shoptest.PaymentResult) bool {
		return slices.ContainsFunc(r.Attempts, func(a order.Attempt) bool { return a.Type == order.PaymentFailed })
	})
	shop.Choose(t, paid, "pay")
	shop.Await(t, o.ID, order.StatusAwaitingShipment)
	shop.Refund(t, o.ID, uuid.NewString(), 1, http.StatusCreated)
	refund := shop.AwaitRefund(t, o.ID, paid.PaymentID, order.RefundPaid)
	shop.Choose(t, paid, "fail_refund")
	shop.AwaitRefund(t, o.ID, paid.PaymentID, order.RefundFailed)
	decide(paid.PaymentID, refund.ID, "settled", "")
	shop.Must(t, http.StatusOK, shoptest.Delivery(o.ID))
	shop.Choose(t, paid, "dispute")
	shop.Choose(t, paid, "dispute_won")

	comesBack(t, shop, "eventful")

	shop.Choose(t, shop.Open(t, shop.Place(t, line), http.StatusCreated), "refuse")
	dropped := shop.Place(t, line)
	shop.Open(t, dropped, http.StatusCreated)
	shop.Must(t, http.StatusOK, shoptest.Cancellation(t, dropped.ID))
	unpaid := everything.hasty.Place(t, line)

	unknown := order.PaymentEvent{
		EventID: "evt-eventful", Type: order.PaymentSucceeded, OrderID: "eventful-unknown", PaymentID: "pay-eventful",
		Amount: shoptest.Price, Currency: "EUR",
	}
	shop.Tell(t, unknown)
	meant := shop.Place(t, line)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var page struct{ Items []order.Refund }
		shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/v1/refunds?status=case&limit=100"}).Into(t, &page)
		assert.True(c, slices.ContainsFunc(page.Items, func(r order.Refund) bool { return r.PaymentID == unknown.PaymentID }))
	}, 20*time.Second, 50*time.Millisecond)
	decide(unknown.PaymentID, order.FullRefund("sandbox", unknown.OrderID), "assign", meant.ID)
	shop.Await(t, meant.ID, order.StatusAwaitingShipment)
	shop.Await(t, unpaid.ID, order.StatusExpired)
	shop.Delist(t, "eventful")
}

// comesBack has an order redirected, cancelled in part and packed. Its package is refused and comes back.
func comesBack(t *testing.T, shop *shoptest.Shop, product string) {
	t.Helper()
	o := shop.Place(t, shoptest.Line{ProductID: product, Quantity: 2})
	shop.Choose(t, shop.Open(t, o, http.StatusCreated), "pay")
	shop.Await(t, o.ID, order.StatusAwaitingShipment)
	ask := func(method, path string, status int, body any) shoptest.Answer {
		t.Helper()
		return shop.Must(t, status, shoptest.Call{Method: method, Path: "/v1/orders/" + o.ID + path, Key: uuid.NewString(), Body: shoptest.JSON(t, body)})
	}
	type fields = map[string]any
	one := []fields{{"lineId": "1", "quantity": 1}}
	for _, street := range []string{"1 Harbour Street", "7 Canal Street"} {
		ask(http.MethodPut, "/address", http.StatusOK, fields{"address": hamburg(street)})
	}
	ask(http.MethodPost, "/cancel", http.StatusOK, fields{"lines": one})
	var p order.Package
	ask(http.MethodPost, "/packages", http.StatusCreated, fields{"items": one}).Into(t, &p)
	parcel, now := "/packages/"+p.ID, time.Now().UTC().Format(time.RFC3339Nano)
	ask(http.MethodPost, parcel+"/events", http.StatusOK, fields{"events": []fields{
		{"id": "wrong", "node": "in_transit", "occurredAt": now}, {"id": "refused", "mark": "refused", "occurredAt": now},
	}})
	ask(http.MethodPost, parcel+"/strike", http.StatusOK, fields{"eventId": "wrong"})
	ask(http.MethodPost, parcel+"/resolve", http.StatusOK, fields{"action": "refund"})
	back := shop.Order(t, o.ID).Returns
	require.Len(t, back, 1)
	ask(http.MethodPost, "/returns/"+back[0].ID+"/receive", http.StatusOK, fields{
		"lines": []fields{{"lineId": "1", "quantity": 1, "condition": "restock"}},
	})
	shop.Await(t, o.ID, order.StatusCancelled)
}

// byType are the bodies of all messages.
func (r *receiver) byType() map[string][]any {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[string][]any{}
	for _, messages := range r.got {
		for _, m := range messages {
			var data any
			if err := json.Unmarshal(m.Data, &data); err != nil {
				continue // it was read before
			}
			all[m.Type] = append(all[m.Type], map[string]any{"type": m.Type, "timestamp": m.Timestamp.Format(time.RFC3339Nano), "data": data})
		}
	}
	return all
}

// shapeOf names the fields of a document and the types of their values.
func shapeOf(v any) string {
	switch v := v.(type) {
	case map[string]any:
		fields := ""
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if name == "amounts" { // which there are is open
				fields += " amounts"
				continue
			}
			fields += " " + name + ":" + shapeOf(v[name])
		}
		return "{" + fields + " }"
	case []any:
		shapes := map[string]bool{}
		for _, item := range v {
			shapes[shapeOf(item)] = true
		}
		return fmt.Sprint(slices.Sorted(maps.Keys(shapes)))
	case int, int64, uint64, float64:
		return "number"
	}
	return fmt.Sprintf("%T", v)
}

// A message that is being retried goes to the new URL, and is dropped if its webhook is
// disabled at its next attempt. A webhook that answered 410 can be enabled again.
func TestAWebhookIsMovedDisabledAndEnabledAgain(t *testing.T) {
	shop := open(t)
	all, id := newReceiver(t, shop, 0, false, "order.*")
	path := "/v1/webhooks/" + id
	var now webhook.Endpoint
	patch := func(body map[string]any) {
		now = webhook.Endpoint{}
		shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodPatch, Path: path, Body: shoptest.JSON(t, body)}).Into(t, &now)
	}
	answers := func(status int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		return server.URL
	}
	attempted := func(eventType string, status webhook.DeliveryStatus) {
		t.Helper()
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			var page struct{ Items []webhook.Logged }
			shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: path + "/deliveries"}).Into(t, &page)
			if assert.NotEmpty(c, page.Items) {
				assert.Equal(c, eventType, page.Items[0].Type)
				assert.Equal(c, status, page.Items[0].Status)
			}
		}, 30*time.Second, 50*time.Millisecond)
	}
	shop.Offer(t, "moved", 9)
	line := shoptest.Line{ProductID: "moved", Quantity: 1}

	good := all.URL + "/moved"
	patch(map[string]any{"url": answers(http.StatusServiceUnavailable)})
	first := shop.Place(t, line)
	attempted(webhook.OrderPlaced, webhook.DeliveryPending)
	patch(map[string]any{"url": good})
	attempted(webhook.OrderPlaced, webhook.DeliveryDelivered)
	require.Equal(t, map[string]int{webhook.OrderPlaced: 1}, all.about(first.ID), "with the same secret")

	patch(map[string]any{"url": answers(http.StatusServiceUnavailable)})
	second := shop.Place(t, line)
	attempted(webhook.OrderPlaced, webhook.DeliveryPending)
	patch(map[string]any{"status": "disabled"})
	attempted(webhook.OrderPlaced, webhook.DeliveryDropped)
	shop.Must(t, http.StatusOK, shoptest.Cancellation(t, second.ID))
	patch(map[string]any{"status": "active", "url": answers(http.StatusGone)})
	third := shop.Place(t, line)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		shop.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: path}).Into(t, &now)
		assert.Equal(c, webhook.StatusDisabled, now.Status)
	}, 30*time.Second, 50*time.Millisecond)
	patch(map[string]any{"status": "active", "url": good})
	require.Equal(t, webhook.StatusActive, now.Status)
	shop.Must(t, http.StatusOK, shoptest.Cancellation(t, third.ID))
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, map[string]int{webhook.OrderCancelled: 1, webhook.OrderClosed: 1}, all.about(third.ID))
	}, 30*time.Second, 50*time.Millisecond)
	require.Empty(t, all.about(second.ID), "what happened while it was disabled")
	require.Empty(t, all.bad)
}
