package replay

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/client"
	"holdfast/client/gatewaytest"
	"holdfast/order"
	"holdfast/payment/sandbox"
)

func config(t *testing.T, g *gatewaytest.Gateway) Config {
	t.Helper()
	gateway, err := client.New(client.Config{URL: g.URL, Connections: 4})
	require.NoError(t, err)
	provider, err := sandbox.New(gatewaytest.Secret)
	require.NoError(t, err)
	return Config{
		Gateway: gateway, Provider: sandbox.Name, Seed: 7, Concurrency: 4, Patience: 10 * time.Second,
		Sign: func(e order.PaymentEvent) (http.Header, []byte, error) {
			e.OccurredAt = time.Now()
			c, err := provider.NewCallback(e)
			return c.Header, c.Body, err
		},
		Shares: Shares{Paid: 0.5, Delivered: 0.5, Refused: 0.2, Abandoned: 0.1, Cancelled: 0.2, Adjusted: 0.3},
	}
}

func file(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"key":"k%d","customerId":"c","lines":[{"productId":"lamp","quantity":%d}]}`+"\n", i, i+1)
	}
	return b.String()
}

func TestEachOrderMeetsTheFateThatItsSeedGives(t *testing.T) {
	g := gatewaytest.Start(t)
	cfg := config(t, g)
	want := map[string]int{}
	for n := 1; n <= 200; n++ {
		switch f := cfg.Shares.fateOf(cfg.Seed, n); {
		case f.delivered:
			want["delivered"]++
		case f.end == pay:
			want["awaiting_shipment"]++
		case f.end == refuse:
			want["cancelled/payment_refused"]++
		case f.end == cancel:
			want["cancelled/customer"]++
		default:
			want["awaiting_payment"]++
		}
	}
	require.Len(t, want, 5, "every fate occurs")
	report, err := Run(t.Context(), cfg, strings.NewReader(file(200)))
	require.NoError(t, err)
	assert.Equal(t, want, report.Outcomes)
	assert.Equal(t, 200, report.Orders)
	assert.Zero(t, report.Failed)
	assert.Len(t, g.Orders, 200)
	assert.Equal(t, int64(200), report.Latencies[placing].Count)
	assert.LessOrEqual(t, report.Latencies[placing].P50, report.Latencies[placing].Max)
	assert.Positive(t, report.OrdersPerSecond)

	again, err := Run(t.Context(), cfg, strings.NewReader(file(200)))
	require.NoError(t, err)
	assert.Len(t, g.Orders, 200, "the same keys are the same orders")
	assert.Zero(t, again.Failed)
	cfg.KeyPrefix, cfg.Limit = "again-", 3
	_, err = Run(t.Context(), cfg, strings.NewReader(file(200)))
	require.NoError(t, err)
	assert.Len(t, g.Orders, 203, "other keys are other orders")
}

// A gateway that breaks connections, is down, or has not decided yet gets the same call
// again, until it answers.
func TestCallsAreRepeatedAndCountOnce(t *testing.T) {
	g := gatewaytest.Start(t)
	calls := 0
	g.Fail = func(r *http.Request) (int, bool) {
		calls++
		switch calls % 5 {
		case 1:
			return 0, true
		case 2:
			return http.StatusServiceUnavailable, true
		case 3: // only calls on orders may be accepted without being decided
			return http.StatusAccepted, r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/v1/orders")
		}
		return 0, false
	}
	cfg := config(t, g)
	var journal bytes.Buffer
	cfg.Journal = NewJournal(&journal)
	report, err := Run(t.Context(), cfg, strings.NewReader(file(20)))
	require.NoError(t, err)
	assert.Zero(t, report.Failed, "%v", report.Failures)
	assert.Len(t, g.Orders, 20)
	assert.Positive(t, report.Repeats)
	g.Fail = nil
	acks, err := ReadJournal(&journal)
	require.NoError(t, err)
	v, err := Verify(t.Context(), VerifyConfig{Gateway: cfg.Gateway, Concurrency: 4, Patience: time.Second}, acks)
	require.NoError(t, err)
	assert.Empty(t, v.Violations)
	assert.Equal(t, 20, v.Orders)
}

func TestRefusalIsAnOutcomeAndSilenceAFailure(t *testing.T) {
	g := gatewaytest.Start(t)
	cfg := config(t, g)
	report, err := Run(t.Context(), cfg,
		strings.NewReader(`{"customerId":"c","lines":[{"productId":"`+gatewaytest.SoldOut+`","quantity":1}]}`))
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"refused/insufficient-stock": 1}, report.Outcomes)

	g.Fail = func(*http.Request) (int, bool) { return http.StatusServiceUnavailable, true }
	cfg.Patience = 100 * time.Millisecond
	report, err = Run(t.Context(), cfg, strings.NewReader(file(1)))
	require.NoError(t, err)
	assert.Equal(t, 1, report.Failed)
	require.Len(t, report.Failures, 1)
	assert.Contains(t, report.Failures[0].Error, "503")
	var out strings.Builder
	report.Print(&out)
	assert.Contains(t, out.String(), "line 1: ")
}

func TestFilesAndSharesThatMakeNoSense(t *testing.T) {
	g := gatewaytest.Start(t)
	for _, in := range []string{"{\n", `{"key":7}`, `{"key":""}`, "[]"} {
		_, err := Run(t.Context(), config(t, g), strings.NewReader(in))
		require.ErrorContains(t, err, "line 1", in)
	}
	for _, s := range []Shares{{Paid: 0.5}, {Paid: 1.2, Abandoned: -0.2}, {Paid: 1, Delivered: 2}} {
		cfg := config(t, g)
		cfg.Shares = s
		_, err := Run(t.Context(), cfg, strings.NewReader(file(1)))
		require.Error(t, err, "%+v", s)
	}
	assert.Empty(t, g.Orders)
}

// broken is a journal whose disk is full.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk is full") }

func TestReplayEndsWithItsJournal(t *testing.T) {
	cfg := config(t, gatewaytest.Start(t))
	cfg.Journal = NewJournal(broken{})
	_, err := Run(t.Context(), cfg, strings.NewReader(file(5)))
	assert.ErrorContains(t, err, "disk is full")
}
