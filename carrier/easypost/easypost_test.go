package easypost_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/carrier"
	"holdfast/carrier/carriertest"
	"holdfast/carrier/easypost"
	"holdfast/order"
)

const secret = "sécret of this test only"

// message writes a message as EasyPost's documentation shows it.
func message(t *testing.T, number string, details ...map[string]any) []byte {
	t.Helper()
	if details == nil {
		details = []map[string]any{}
	}
	body, err := json.Marshal(map[string]any{
		"object": "Event", "id": "evt_1", "mode": "test", "description": "tracker.updated",
		"previous_attributes": map[string]any{"status": "unknown"}, "pending_urls": []string{}, "completed_urls": []string{},
		"result": map[string]any{
			"object": "Tracker", "id": "trk_1", "tracking_code": number, "carrier": "UPS", "status": "in_transit",
			"tracking_details": details,
		},
	})
	require.NoError(t, err)
	return body
}

func detail(status, statusDetail, at string) map[string]any {
	return map[string]any{
		"object": "TrackingDetail", "message": "a scan", "status": status, "status_detail": statusDetail, "datetime": at,
		"source": "UPS", "tracking_location": map[string]any{"city": "HONG KONG"},
	}
}

func webhook(t *testing.T) *easypost.Webhook {
	t.Helper()
	w, err := easypost.New(secret)
	require.NoError(t, err)
	return w
}

func TestWebhook(t *testing.T) {
	w := webhook(t)
	carriertest.Run(t, carriertest.Adapter{
		Carrier: w,
		Write: func(number string, events []order.PackageEvent) []byte {
			var details []map[string]any
			for _, e := range events {
				d := detail(e.Node.String(), "", e.OccurredAt.Format(time.RFC3339)) // these two have the same names
				d["message"] = e.Detail
				details = append(details, d)
			}
			return message(t, number, details...)
		},
		Sign:      func(body []byte, _ time.Time) http.Header { return w.Sign(body) },
		Unrelated: []byte(`{"object": "Event", "description": "batch.updated", "result": {"object": "Batch", "id": "batch_1"}}`),
	})
}

// Each row of the table in docs/carriers.md.
func TestWhatEachStatusMeans(t *testing.T) {
	w := webhook(t)
	for _, c := range []struct {
		status, detail string
		node           order.Node
		mark           order.Mark
	}{
		{"unknown", "unknown", 0, ""},
		{"pre_transit", "label_created", 0, ""},
		{"pre_transit", "awaiting_information", 0, ""},
		{"pre_transit", "delayed", 0, ""},
		{"cancelled", "cancelled", 0, ""},
		{"error", "failure", 0, ""},
		{"teleported", "lost", 0, ""},
		{"in_transit", "", order.NodeInTransit, ""},
		{"in_transit", "in_transit", order.NodeInTransit, ""},
		{"in_transit", "received_at_origin_facility", order.NodeLeftWarehouse, ""},
		{"in_transit", "departed_origin_facility", order.NodeInTransit, ""},
		{"in_transit", "departed_facility", order.NodeInTransit, ""},
		{"in_transit", "arrived_at_facility", order.NodeInTransit, ""},
		{"in_transit", "received_at_destination_facility", order.NodeInTransit, ""},
		{"in_transit", "arrived_at_destination", order.NodeInTransit, ""},
		{"in_transit", "transferred_to_destination_carrier", order.NodeInTransit, ""},
		{"in_transit", "status_update", order.NodeInTransit, ""},
		{"in_transit", "delayed", 0, order.MarkDelayed},
		{"in_transit", "weather_delay", 0, order.MarkDelayed},
		{"in_transit", "missorted", 0, order.MarkDelayed},
		{"in_transit", "held", 0, order.MarkDelayed},
		{"in_transit", "transit_exception", 0, order.MarkDelayed},
		{"in_transit", "address_correction", 0, order.MarkDeliveryFailed},
		{"in_transit", "delivery_exception", 0, order.MarkDeliveryFailed},
		{"in_transit", "arrived_at_pickup_location", 0, order.MarkReadyForPickup},
		{"in_transit", "refused", 0, order.MarkRefused},
		{"in_transit", "lost", 0, order.MarkLost},
		{"in_transit", "damaged", 0, order.MarkDamaged},
		{"in_transit", "return", 0, order.MarkReturnedToSender},
		{"out_for_delivery", "out_for_delivery", order.NodeOutForDelivery, ""},
		{"delivered", "arrived_at_destination", order.NodeDelivered, ""},
		{"delivered", "damaged", order.NodeDelivered, ""},
		{"available_for_pickup", "arrived_at_pickup_location", 0, order.MarkReadyForPickup},
		{"return_to_sender", "refused", 0, order.MarkReturnedToSender},
		{"return_to_sender", "return", 0, order.MarkReturnedToSender},
		{"failure", "failure", 0, order.MarkDeliveryFailed},
		{"failure", "lost", 0, order.MarkLost},
		{"failure", "refused", 0, order.MarkRefused},
		{"failure", "expired", 0, order.MarkDeliveryFailed},
	} {
		body := message(t, "EZ1000000001", detail(c.status, c.detail, "2026-03-01T10:00:00Z"))
		scans, err := w.Callback(w.Sign(body), body, time.Now())
		if c.node == 0 && c.mark == "" {
			require.ErrorIs(t, err, carrier.ErrIgnored, "%s, %s", c.status, c.detail)
			continue
		}
		require.NoError(t, err, "%s, %s", c.status, c.detail)
		require.Len(t, scans, 1)
		require.Equal(t, c.node, scans[0].Event.Node, "%s, %s", c.status, c.detail)
		require.Equal(t, c.mark, scans[0].Event.Mark, "%s, %s", c.status, c.detail)
	}
}

// The signature that EasyPost's own client makes of this body and this secret, whose é it
// writes as two characters first: hmac.new(unicodedata.normalize("NFKD", secret).encode(),
// body, hashlib.sha256).hexdigest().
func TestASignatureOfEasyPostsOwnMaking(t *testing.T) {
	body := []byte(`{"description":"tracker.updated"}`)
	require.Equal(t, "hmac-sha256-hex=ea04e8aa4484278797deb039b36f04e68669808a5d63b7b171a318b473f4eacb", webhook(t).Sign(body).Get("X-Hmac-Signature"))
}

func TestAShortSecretIsRefused(t *testing.T) {
	_, err := easypost.New("guess me")
	require.ErrorContains(t, err, "8 bytes, at least 16")
}
