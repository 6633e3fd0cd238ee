// Package e2e tests the whole of Holdfast, as it runs in one process, through REST alone.
// One stack serves all tests; each has products of its own. The audit reads the books
// behind the gateway's back, once after each test.
package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	sagaclient "holdfast/saga/client"
	"holdfast/settings"
)

// everything that the tests share.
var everything struct {
	stack *stack.Stack
	// shop has the usual payment window, hasty a short one: a second gateway on the same
	// Redis and Temporal.
	shop, hasty *shoptest.Shop
	// logs is all that gateways, workers and Temporal's SDK have logged.
	logs written
}

// written is a text that many write at the same time.
type written struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// hastyWindow is long enough to place an order and read it.
const hastyWindow = 2 * time.Second

// stopTimeout bounds the stop of a stack.
const stopTimeout = 30 * time.Second

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx := context.Background()
	log := slog.New(slog.NewJSONHandler(&everything.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	slog.SetDefault(slog.New(slog.NewTextHandler(io.MultiWriter(os.Stderr, &everything.logs), nil))) // Temporal's SDK
	main, err := stack.Start(ctx, stack.Options{WithoutUI: true, Log: log})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, stop(main)) }()
	second, err := stack.Start(ctx, stack.Options{
		RedisURL: main.RedisURL, Shop: settings.Shop{PaymentWindow: hastyWindow}, WithoutSearch: true, Log: log,
		Temporal: &client.Options{HostPort: main.TemporalAddress, Namespace: main.Namespace},
	})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, stop(second)) }()
	everything.stack = main
	if everything.shop, err = shoptest.At(main.URL); err != nil {
		return 1, err
	}
	if everything.hasty, err = shoptest.At(second.URL); err != nil {
		return 1, err
	}
	defer everything.shop.Close()
	defer everything.hasty.Close()
	return m.Run(), nil
}

func stop(s *stack.Stack) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return s.Stop(ctx)
}

// open gives a test the shop, and audits the books when the test is over.
func open(t *testing.T) *shoptest.Shop {
	t.Helper()
	t.Cleanup(func() {
		report := booksOf(everything.stack).RequireClean(untilCleanup{t})
		t.Logf("audit: %d products, %d holds, %d orders in %.1f s", report.Products, report.Holds, report.Orders, report.Seconds)
	})
	return everything.shop
}

func booksOf(s *stack.Stack) shoptest.Books {
	return shoptest.Books{RedisURL: s.RedisURL, Orders: sagaclient.New(s.Temporal, s.Namespace)}
}

// untilCleanup is a test whose context outlives its end: that of a test is
// cancelled just before its cleanups run.
type untilCleanup struct{ testing.TB }

// Context never ends by itself; the audit bounds each of its queries.
func (untilCleanup) Context() context.Context { return context.Background() }
