// Package carriertest is the test suite that every carrier adapter has to pass.
package carriertest

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"holdfast/carrier"
	"holdfast/order"
)

// Adapter is a carrier under test, with functions that make its messages.
type Adapter struct {
	carrier.Carrier
	// Write returns a body that reports events of the nodes in_transit and delivered, at the
	// times that they have. Their ids and details may be lost.
	Write func(trackingNumber string, events []order.PackageEvent) []byte
	// Sign returns the headers of a body that is sent now.
	Sign func(body []byte, now time.Time) http.Header
	// Unrelated is a body that reports nothing about a parcel.
	Unrelated []byte
	// SignsTime means that the signature covers the time at which the message was sent.
	SignsTime bool
}

const number = "1Z 999-aa1.0123456784"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func event(id string, n order.Node, at time.Time) order.PackageEvent {
	return order.PackageEvent{ID: id, Node: n, OccurredAt: at, Detail: "left\x00 the\n depot " + strings.Repeat("ü", order.MaxFieldBytes)}
}

// Run runs the suite.
func Run(t *testing.T, a Adapter) {
	transit := event("transit", order.NodeInTransit, now.Add(-2*time.Hour))
	delivered := event("delivered", order.NodeDelivered, now.Add(-time.Hour))
	body := a.Write(number, []order.PackageEvent{delivered, transit})
	signed := a.Sign(body, now)

	t.Run("a signed message is translated, sorted by when things occurred", func(t *testing.T) {
		scans, err := a.Callback(signed, body, now)
		require.NoError(t, err)
		require.Len(t, scans, 2)
		for i, want := range []order.PackageEvent{transit, delivered} {
			e := scans[i].Event
			require.Equal(t, "1Z999AA10123456784", scans[i].TrackingNumber)
			require.Equal(t, want.Node, e.Node)
			require.Empty(t, e.Mark)
			require.Equal(t, want.OccurredAt, e.OccurredAt)
			require.True(t, order.ValidName(e.ID), e.ID)
			require.LessOrEqual(t, len(e.Detail), order.MaxFieldBytes)
			require.Equal(t, -1, strings.IndexFunc(e.Detail, unicode.IsControl))
		}
		require.NotEqual(t, scans[0].Event.ID, scans[1].Event.ID)
	})
	t.Run("the same message, or a longer one, has the same ids", func(t *testing.T) {
		first, err := a.Callback(signed, body, now)
		require.NoError(t, err)
		longer := a.Write(number, []order.PackageEvent{transit, delivered, event("again", order.NodeDelivered, now)})
		again, err := a.Callback(a.Sign(longer, now), longer, now)
		require.NoError(t, err)
		require.Equal(t, first, again[:2])
	})
	t.Run("a sender without the secret is refused", func(t *testing.T) {
		for name, h := range map[string]http.Header{
			"no signature": {}, "another message's": a.Sign([]byte("{}"), now), "nonsense": nonsense(signed),
		} {
			_, err := a.Callback(h, body, now)
			require.ErrorIs(t, err, carrier.ErrSignature, name)
		}
	})
	t.Run("a replayed message is refused if its time is signed", func(t *testing.T) {
		_, err := a.Callback(signed, body, now.Add(carrier.Tolerance+2*time.Second))
		if a.SignsTime {
			require.ErrorIs(t, err, carrier.ErrStale)
			return
		}
		require.NoError(t, err, "it only repeats what is known")
	})
	t.Run("what isn't a message is malformed", func(t *testing.T) {
		for _, b := range [][]byte{
			[]byte("not JSON"), a.Write("no number!", []order.PackageEvent{transit}), a.Write("", []order.PackageEvent{transit}),
		} {
			_, err := a.Callback(a.Sign(b, now), b, now)
			require.ErrorIs(t, err, carrier.ErrMalformed, "%s", b)
		}
	})
	t.Run("a message about something else is ignored", func(t *testing.T) {
		for _, b := range [][]byte{a.Unrelated, []byte("{}"), a.Write(number, nil)} {
			_, err := a.Callback(a.Sign(b, now), b, now)
			require.ErrorIs(t, err, carrier.ErrIgnored, "%s", b)
		}
	})
	t.Run("a long history is reduced to its newest scans", func(t *testing.T) {
		var story []order.PackageEvent
		for i := range carrier.MaxScans + 20 {
			story = append(story, event(strings.Repeat("x", i+1), order.NodeInTransit, now.Add(time.Duration(i)*time.Minute)))
		}
		b := a.Write(number, story)
		scans, err := a.Callback(a.Sign(b, now), b, now)
		require.NoError(t, err)
		require.Len(t, scans, carrier.MaxScans)
		require.Equal(t, story[len(story)-1].OccurredAt, scans[len(scans)-1].Event.OccurredAt)
	})
}

func nonsense(h http.Header) http.Header {
	c := h.Clone()
	for name := range c {
		if strings.Contains(strings.ToLower(name), "signature") {
			c.Set(name, "v1,nonsense")
		}
	}
	return c
}
