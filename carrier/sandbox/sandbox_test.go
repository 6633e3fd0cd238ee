package sandbox_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/carrier"
	"holdfast/carrier/carriertest"
	"holdfast/carrier/sandbox"
	"holdfast/order"
)

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func newCarrier(t *testing.T) *sandbox.Carrier {
	t.Helper()
	c, err := sandbox.New(secret)
	require.NoError(t, err)
	return c
}

func TestCarrier(t *testing.T) {
	c := newCarrier(t)
	carriertest.Run(t, carriertest.Adapter{
		Carrier: c,
		Write: func(number string, events []order.PackageEvent) []byte {
			body, err := sandbox.Write(number, events)
			require.NoError(t, err)
			return body
		},
		Sign: func(body []byte, now time.Time) http.Header {
			h, err := c.Sign("msg-1", now, body)
			require.NoError(t, err)
			return h
		},
		Unrelated: []byte(`{"type": "account.updated", "data": {}}`),
		SignsTime: true,
	})
}

func TestAScanThatSaysNothingOrTooMuchIsMalformed(t *testing.T) {
	c := newCarrier(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, scan := range []string{
		`{"id": "1", "occurredAt": "2026-03-01T11:00:00Z"}`,
		`{"id": "1", "occurredAt": "2026-03-01T11:00:00Z", "node": "in_transit", "mark": "lost"}`,
		`{"id": "1", "occurredAt": "2026-03-01T11:00:00Z", "node": "packed"}`,
		`{"id": "1", "occurredAt": "2026-03-01T11:00:00Z", "node": "paid"}`,
		`{"id": "1", "occurredAt": "2026-03-01T11:00:00Z", "node": "beamed_up"}`,
		`{"id": "1", "occurredAt": "2026-03-01T11:00:00Z", "mark": "soggy"}`,
		`{"id": "", "occurredAt": "2026-03-01T11:00:00Z", "mark": "lost"}`,
		`{"id": "1", "mark": "lost"}`,
		`{"id": "1", "occurredAt": "yesterday", "mark": "lost"}`,
	} {
		body := []byte(`{"type": "tracking.updated", "data": {"trackingNumber": "1Z999", "scans": [` + scan + `]}}`)
		h, err := c.Sign("msg-1", now, body)
		require.NoError(t, err)
		_, err = c.Callback(h, body, now)
		require.ErrorIs(t, err, carrier.ErrMalformed, scan)
	}
}

func TestASecretThatIsNoneIsNotRepeated(t *testing.T) {
	_, err := sandbox.New("whsec_not base64")
	require.ErrorContains(t, err, "secret")
	require.NotContains(t, err.Error(), "not base64")
	_, err = sandbox.New("whsec_" + base64.StdEncoding.EncodeToString([]byte("guess me")))
	require.ErrorContains(t, err, "8 bytes, 24 to 64")
}

func TestThePublishedSecretIsRecognizedInAnySpelling(t *testing.T) {
	require.True(t, sandbox.IsPublished(sandbox.PublishedSecret))
	require.True(t, sandbox.IsPublished(strings.TrimPrefix(sandbox.PublishedSecret, "whsec_")))
	require.False(t, sandbox.IsPublished(secret))
	require.False(t, sandbox.IsPublished(""))
	_, err := sandbox.New(sandbox.PublishedSecret)
	require.NoError(t, err)
}
