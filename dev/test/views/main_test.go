// Package views tests searches and lists over the whole stack, through REST, with each
// available index: the embedded one, and a real Elasticsearch if ELASTICSEARCH_URL names
// one.
package views_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
	"holdfast/audit"
	"holdfast/dev/stack"
	"holdfast/dev/test/shoptest"
	"holdfast/redisdb"
	"holdfast/worker/views"
)

var prefixes atomic.Int64

// each runs a test on a stack of its own for each index.
func each(t *testing.T, test func(t *testing.T, h house)) {
	t.Run("embedded", func(t *testing.T) { test(t, start(t, stack.Options{})) })
	t.Run("elasticsearch", func(t *testing.T) {
		test(t, start(t, stack.Options{ElasticsearchURL: elasticsearch(t), ElasticsearchPrefix: prefix()}))
	})
}

// elasticsearch is the real one at ELASTICSEARCH_URL. Without one the test is skipped,
// unless HOLDFAST_REQUIRE names elasticsearch.
func elasticsearch(t *testing.T) string {
	t.Helper()
	url := os.Getenv("ELASTICSEARCH_URL")
	switch {
	case url != "":
	case slices.Contains(strings.Split(os.Getenv("HOLDFAST_REQUIRE"), ","), "elasticsearch"):
		t.Fatal("elasticsearch is required, but ELASTICSEARCH_URL is not set")
	default:
		t.Skip("no elasticsearch: ELASTICSEARCH_URL is not set")
	}
	return url
}

func prefix() string {
	return "views-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(prefixes.Add(1), 10) + "-"
}

// house is a running stack and a customer of it.
type house struct {
	*shoptest.Shop
	stack *stack.Stack
}

func start(t *testing.T, opts stack.Options) house {
	t.Helper()
	opts.WithoutUI, opts.ReturnWindow = true, api.DefaultReturnWindow
	st, err := stack.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		require.NoError(t, st.Stop(ctx))
	})
	shop, err := shoptest.At(st.URL)
	require.NoError(t, err)
	t.Cleanup(shop.Close)
	return house{shop, st}
}

// audit compares the views with their entities.
func (h house) audit(t *testing.T) audit.ViewsReport {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), h.stack.RedisURL)
	require.NoError(t, err)
	defer rdb.Close() //nolint:errcheck // only read from
	report, err := audit.Views(t.Context(), audit.ViewsConfig{
		Index: h.stack.Index, Entities: views.NewEntities(rdb), Looks: 6, Pause: 100 * time.Millisecond,
	})
	require.NoError(t, err)
	return report
}

func (h house) requireSameAsEntities(t *testing.T) audit.ViewsReport {
	t.Helper()
	report := h.audit(t)
	require.Empty(t, report.Findings)
	return report
}

// readiness is what the gateway reports about each of its dependencies.
func (h house) readiness(t *testing.T) map[string]string {
	t.Helper()
	var ready struct {
		Checks map[string]string `json:"checks"`
	}
	h.Must(t, http.StatusOK, shoptest.Call{Method: http.MethodGet, Path: "/readyz"}).Into(t, &ready)
	return ready.Checks
}

// deleteIndexBehind deletes the index that an alias stands for.
func deleteIndexBehind(t *testing.T, alias string) error {
	t.Helper()
	call := func(method, path string) ([]byte, error) {
		req, err := http.NewRequestWithContext(t.Context(), method, elasticsearch(t)+path, http.NoBody)
		if err != nil {
			return nil, err
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close() //nolint:errcheck // read to its end
		body, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s %s: %s %s", method, path, res.Status, body)
		}
		return body, err
	}
	body, err := call(http.MethodGet, "/_alias/"+alias)
	if err != nil {
		return err
	}
	var indices map[string]any
	if err := json.Unmarshal(body, &indices); err != nil {
		return err
	}
	for index := range indices {
		_, err = call(http.MethodDelete, "/"+index)
	}
	return err
}

// stop ends the stack before the test does.
func (h house) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	require.NoError(t, h.stack.Stop(ctx))
}

// gate is a connection to a server that can be closed, as if its machine were gone.
type gate struct {
	url    string
	shut   atomic.Bool
	target string
}

func newGate(t *testing.T, target string) *gate {
	t.Helper()
	to, err := url.Parse(target)
	require.NoError(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g := &gate{url: strings.Replace(target, to.Host, listener.Addr().String(), 1), target: to.Host}
	t.Cleanup(func() { _ = listener.Close() })
	go g.accept(listener)
	return g
}

func (g *gate) accept(listener net.Listener) {
	for {
		in, err := listener.Accept()
		if err != nil {
			return
		}
		go g.carry(in)
	}
}

// carry passes bytes on, both ways, while the gate is open.
func (g *gate) carry(in net.Conn) {
	defer in.Close() //nolint:errcheck // nothing to lose
	if g.shut.Load() {
		return
	}
	out, err := net.DialTimeout("tcp", g.target, time.Second)
	if err != nil {
		return
	}
	defer out.Close() //nolint:errcheck // nothing to lose
	ended := make(chan struct{}, 2)
	copyWhileOpen := func(to, from net.Conn) {
		defer func() { ended <- struct{}{} }()
		buffer := make([]byte, 32<<10)
		for !g.shut.Load() {
			_ = from.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			n, err := from.Read(buffer)
			if n > 0 {
				if _, err := to.Write(buffer[:n]); err != nil {
					return
				}
			}
			if timeout, ok := err.(net.Error); err != nil && (!ok || !timeout.Timeout()) { //nolint:errorlint // straight from a connection
				return
			}
		}
	}
	go copyWhileOpen(out, in)
	go copyWhileOpen(in, out)
	<-ended
}
