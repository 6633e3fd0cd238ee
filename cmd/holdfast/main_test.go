package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"holdfast/client/gatewaytest"
	"holdfast/cmd/holdfast/replay"
	"holdfast/order"
)

// holdfast runs one command line.
func holdfast(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var o, e strings.Builder
	code = run(t.Context(), args, &o, &e)
	return code, o.String(), e.String()
}

// call runs one command line against the gateway, which has one open order.
func gateway(t *testing.T) (*gatewaytest.Gateway, *order.Order) {
	t.Helper()
	g := gatewaytest.Start(t)
	t.Setenv("HOLDFAST_URL", g.URL)
	t.Setenv("HOLDFAST_WEBHOOK_SECRET", gatewaytest.Secret)
	t.Setenv("HOLDFAST_SANDBOX", "true")
	o := order.New(order.Placement{
		OrderID: "o1", CustomerID: "c", PaymentWindow: time.Hour,
		Lines: []order.LineRequest{{ProductID: "lamp", Quantity: 2}},
	}, time.Now())
	require.NoError(t, o.Hold(order.Holding{
		Held: true, Currency: "EUR", Items: []order.PricedItem{{SKU: "lamp", Price: 250}},
	}, time.Now()))
	g.Orders[o.ID] = &o
	return g, &o
}

func TestExitCodes(t *testing.T) {
	gateway(t)
	for _, c := range []struct {
		name, args string
		code       int
		stderr     string
	}{
		{"no command", "", exitUsage, "expected one of"},
		{"unknown command", "fly", exitUsage, "unexpected argument fly"},
		{"unknown flag", "order show o1 --loud", exitUsage, "unknown flag --loud"},
		{"help", "--help", exitOK, ""},
		{"help of a command", "replay --help", exitOK, ""},
		{"bad URL", "order show o1 --url ftp://x", exitUsage, "not the URL of a gateway"},
		{"two outcomes", "pay o1 --fail --refuse", exitUsage, "can't be used together"},
		{"unknown order", "order show nobody", exitFindings, "404"},
		{"missing file", "import nowhere.jsonl", exitUsage, "nowhere.jsonl"},
		{"shares", "replay go.mod --paid 2", exitFindings, "share"},
		{"fine", "order show o1", exitOK, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := strings.Fields(c.args)
			if len(args) > 1 && args[1] == "go.mod" {
				args[1] = filepath.Join("..", "..", "go.mod")
			}
			code, _, stderr := holdfast(t, args...)
			assert.Equal(t, c.code, code, stderr)
			assert.Contains(t, stderr, c.stderr)
		})
	}
}

func TestServicesThatAreAway(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	t.Setenv("HOLDFAST_WEBHOOK_SECRET", gatewaytest.Secret)
	t.Setenv("HOLDFAST_SANDBOX", "true")
	t.Setenv("HOLDFAST_AUTH", "off")
	for _, command := range []string{"api", "worker", "setup", "audit"} {
		code, _, stderr := holdfast(t, command, "--wait", "100ms")
		assert.Equal(t, exitFindings, code, command)
		assert.Contains(t, stderr, "TEMPORAL_ADDRESS", command)
	}
}

// A mistake in the settings is reported at once, whatever service is down.
func TestBadListenAddressIsRefusedBeforeTheWait(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	t.Setenv("HOLDFAST_WEBHOOK_SECRET", gatewaytest.Secret)
	t.Setenv("HOLDFAST_SANDBOX", "true")
	t.Setenv("HOLDFAST_AUTH", "off")
	for addr, says := range map[string]string{
		"0.0.0.0:8080": "HOLDFAST_AUTH", ":8080": "HOLDFAST_AUTH",
		"example.com:8080": "HOLDFAST_AUTH", "nonsense": "HOLDFAST_HTTP_ADDR", "127.0.0.1:http-x": "HOLDFAST_HTTP_ADDR",
	} {
		code, _, stderr := holdfast(t, "api", "--http-addr", addr, "--wait", "1h")
		assert.Equal(t, exitUsage, code, addr)
		assert.Contains(t, stderr, says, addr)
		assert.NotContains(t, stderr, "TEMPORAL_ADDRESS", addr)
	}
	t.Setenv("HOLDFAST_AUTH", "jwt")
	t.Setenv("HOLDFAST_JWT_SECRET", jwtSecret)
	for _, addr := range []string{"0.0.0.0:8080", "127.0.0.1:0"} {
		_, _, stderr := holdfast(t, "api", "--http-addr", addr, "--wait", "100ms")
		assert.Contains(t, stderr, "TEMPORAL_ADDRESS", addr)
	}
}

func TestAPaymentWindowThatIsNoneIsRefused(t *testing.T) {
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
	t.Setenv("HOLDFAST_WEBHOOK_SECRET", gatewaytest.Secret)
	t.Setenv("HOLDFAST_SANDBOX", "true")
	t.Setenv("HOLDFAST_AUTH", "off")
	for _, window := range []string{"-1s", "0s", "999ms", "soon"} {
		t.Setenv("HOLDFAST_PAYMENT_WINDOW", window)
		code, _, stderr := holdfast(t, "api", "--wait", "1h")
		assert.Equal(t, exitUsage, code, window)
		assert.Contains(t, stderr, "--payment-window", window)
		assert.NotContains(t, stderr, "TEMPORAL_ADDRESS", window)
	}
	t.Setenv("HOLDFAST_PAYMENT_WINDOW", "1s")
	_, _, stderr := holdfast(t, "api", "--wait", "100ms")
	assert.Contains(t, stderr, "TEMPORAL_ADDRESS")
}

func TestOrderShowAndCancel(t *testing.T) {
	_, o := gateway(t)
	code, stdout, _ := holdfast(t, "order", "show", "o1")
	require.Equal(t, exitOK, code)
	var shown order.Order
	require.NoError(t, json.Unmarshal([]byte(stdout), &shown))
	assert.Equal(t, o.Lines, shown.Lines)

	code, stdout, _ = holdfast(t, "order", "cancel", "o1")
	assert.Equal(t, exitOK, code)
	assert.Contains(t, stdout, `"status": "cancelled"`)
	assert.Equal(t, order.StatusCancelled, o.Status)
	code, stdout, _ = holdfast(t, "order", "cancel", "o1", "--reason", "no_stock")
	assert.Equal(t, exitUsage, code)
	assert.Empty(t, stdout)
}

func TestPay(t *testing.T) {
	for _, c := range []struct {
		flags  string
		status order.Status
		last   string // the journal's last entry
	}{
		{"", order.StatusAwaitingShipment, "awaiting_shipment"},
		{"--payment p7", order.StatusAwaitingShipment, "awaiting_shipment"},
		{"--fail", order.StatusAwaitingPayment, "payment.failed"},
		{"--refuse", order.StatusCancelled, "cancelled"},
		{"--amount 1", order.StatusAwaitingPayment, "payment.succeeded"},
	} {
		t.Run(c.flags, func(t *testing.T) {
			_, o := gateway(t)
			code, stdout, stderr := holdfast(t, append([]string{"pay", "o1"}, strings.Fields(c.flags)...)...)
			require.Equal(t, exitOK, code, stderr)
			assert.Contains(t, stdout, "order o1 is "+string(c.status))
			assert.Equal(t, c.status, o.Status)
			assert.Equal(t, c.last, o.Journal[len(o.Journal)-1].Node)
			if c.flags == "--payment p7" {
				assert.Equal(t, "p7", o.Payment.ID)
			}
		})
	}
}

func TestPayTellsOfARefund(t *testing.T) {
	const refund = "refund is due"
	g, o := gateway(t)
	pay := func(args ...string) string {
		code, stdout, stderr := holdfast(t, append([]string{"pay"}, args...)...)
		require.Equal(t, exitOK, code, stderr)
		return stdout
	}
	assert.Contains(t, pay("o1", "--amount", "1", "--payment", "p1"), refund, "a wrong amount")
	assert.NotContains(t, pay("o1"), refund)
	assert.NotContains(t, pay("o1"), refund, "the same payment again")
	assert.Contains(t, pay("o1", "--payment", "p2"), refund, "a second one")

	closed := order.New(order.Placement{OrderID: "o2", Lines: []order.LineRequest{{ProductID: "lamp", Quantity: 1}}}, time.Now())
	closed.Close(order.StatusCancelled, order.ReasonCustomer, "customer", time.Now())
	closed.Currency = o.Currency
	g.Orders["o2"] = &closed
	assert.Contains(t, pay("o2", "--amount", "5"), refund)
	assert.NotContains(t, pay("o2", "--amount", "5", "--fail"), refund)
}

func TestPayAnOrderThatNobodyKnows(t *testing.T) {
	gateway(t)
	code, _, stderr := holdfast(t, "pay", "nobody")
	assert.Equal(t, exitFindings, code)
	assert.Contains(t, stderr, "404")
	code, stdout, stderr := holdfast(t, "pay", "nobody", "--amount", "100", "--currency", "EUR")
	assert.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "doesn't know this order")
}

func TestPayWithAnotherSecretIsRefused(t *testing.T) {
	_, o := gateway(t)
	t.Setenv("HOLDFAST_WEBHOOK_SECRET", "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcyE=")
	code, _, stderr := holdfast(t, "pay", "o1")
	assert.Equal(t, exitFindings, code)
	assert.Contains(t, stderr, "401")
	assert.Equal(t, order.StatusAwaitingPayment, o.Status)
}

func TestReplayPrintsJSONAndVerifies(t *testing.T) {
	g, _ := gateway(t)
	dir := t.TempDir()
	name, journal := filepath.Join(dir, "orders.jsonl"), filepath.Join(dir, "journal.jsonl")
	line := `{"customerId":"c","lines":[{"productId":"lamp","quantity":1}]}` + "\n"
	require.NoError(t, os.WriteFile(name, []byte(strings.Repeat(line, 30)), 0o600))
	code, stdout, stderr := holdfast(t, "replay", name, "--json", "--journal", journal)
	require.Equal(t, exitOK, code, stderr)
	var report replay.Report
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.Equal(t, 30, report.Orders)

	code, stdout, stderr = holdfast(t, "replay", "verify", journal)
	assert.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stdout, "of 30 orders, 0 no longer true")

	for id := range g.Orders {
		if id != "o1" {
			delete(g.Orders, id)
			break
		}
	}
	code, stdout, _ = holdfast(t, "replay", "verify", journal)
	assert.Equal(t, exitFindings, code)
	assert.Contains(t, stdout, "the order is gone")

	g.Fail = func(*http.Request) (int, bool) { return http.StatusServiceUnavailable, true }
	code, stdout, _ = holdfast(t, "replay", name, "--limit", "1", "--key-prefix", "x", "--patience", "50ms")
	assert.Equal(t, exitFindings, code)
	assert.Contains(t, stdout, "1 lines failed")
}
