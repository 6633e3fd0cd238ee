package api_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/api"
)

// heap returns the size of live objects on the heap.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestPromisedBodiesCostNoMemory(t *testing.T) {
	const connections = 500
	g := newGateway(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	cfg := g.config()
	cfg.Listener = l
	server, err := api.New(cfg)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()

	before := heap()
	open := make([]net.Conn, connections)
	for i := range open {
		open[i], err = new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
		require.NoError(t, err)
		_, err = fmt.Fprintf(open[i], "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
			"Content-Length: %d\r\n\r\n", 1<<20)
		require.NoError(t, err)
	}
	g.server = server // whose metrics are read
	require.Eventually(t, func() bool { return g.metric("holdfast_http_reading") == fmt.Sprint(connections) },
		10*time.Second, 10*time.Millisecond, "all of them are read at the same time")
	require.Less(t, heap()-before, int64(connections*64<<10), "nothing has arrived yet")
	for _, conn := range open {
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, func() bool { return g.metric("holdfast_http_body_bytes") == "0" }, 10*time.Second, 10*time.Millisecond)
	stop()
	require.NoError(t, <-ended)
}

// untouched is a body that must not be read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}
func (untouched) Close() error { return nil }

func TestBodiesThatNothingReadsAreRefusedUnread(t *testing.T) {
	g := newGateway(t)
	for _, c := range []struct {
		call    call
		length  int64
		status  int
		problem string
	}{
		{call{method: http.MethodGet, path: "/v1/orders"}, 10, 400, "malformed-request"},
		{call{method: http.MethodGet, path: "/v1/orders/x"}, -1, 400, "malformed-request"},
		{call{method: http.MethodGet, path: "/openapi.yaml"}, 10, 400, "malformed-request"},
		{call{method: http.MethodHead, path: "/healthz"}, 10, 400, "malformed-request"},
		{call{method: http.MethodDelete, path: "/v1/webhooks/x"}, 10, 400, "malformed-request"},
		{call{method: http.MethodPost, path: "/v1/payments/callbacks/nobody"}, 10, 404, "unknown-provider"},
		{call{method: http.MethodPost, path: "/v1/payments/callbacks/sandbox"}, 64<<10 + 1, 413, "body-too-large"},
		{call{method: http.MethodPost, path: "/sandbox/pay/x"}, 64<<10 + 1, 413, "body-too-large"},
		{call{method: http.MethodPost, path: "/v1/orders"}, 1<<20 + 1, 413, "body-too-large"},
	} {
		r := c.call.request(t.Context(), t)
		r.Body, r.ContentLength = untouched{t}, c.length
		a := g.serve(r)
		require.Equal(t, c.status, a.status, "%s %s: %s", c.call.method, c.call.path, a.body)
		require.Equal(t, "/problems/"+c.problem, a.problem(t).Type)
		require.Equal(t, "close", a.header.Get("Connection"), "else the server reads what is left of the body")
	}
}

func TestACallbackWithoutALengthIsReadOnlyUpToItsLimit(t *testing.T) {
	g := newGateway(t)
	for size, status := range map[int]int{64 << 10: http.StatusUnauthorized, 64<<10 + 1: http.StatusRequestEntityTooLarge} {
		k := call{method: http.MethodPost, path: "/v1/payments/callbacks/sandbox", body: strings.Repeat(" ", size)}
		r := k.request(t.Context(), t)
		r.ContentLength = -1
		a := g.serve(r)
		require.Equal(t, status, a.status, "%s", a.body)
		g.holdAgainstContract(k, a)
	}
}

// slowSenders have each sent part of a body, and don't send the rest.
type slowSenders struct {
	g     *gateway
	pipes []*io.PipeWriter
	ended []chan answer
}

func (s *slowSenders) send(k call, address string, length int64, arrived int) {
	r := k.request(s.g.t.Context(), s.g.t)
	r.RemoteAddr = address
	out, in := io.Pipe()
	r.Body, r.ContentLength = out, length
	ended := make(chan answer, 1)
	s.pipes, s.ended = append(s.pipes, in), append(s.ended, ended)
	go func() {
		ended <- s.g.serve(r)
		_ = out.Close() // as the server does with what is left
	}()
	_, _ = in.Write(make([]byte, arrived)) // refused meanwhile: see its answer
}

// refused ends all of them, and counts the refusals.
func (s *slowSenders) refused(status int) (n int, last answer) {
	for i := range s.pipes {
		_ = s.pipes[i].CloseWithError(io.ErrUnexpectedEOF)
		if a := <-s.ended[i]; a.status == status {
			n, last = n+1, a
		}
	}
	return n, last
}

func TestOneSlowCallerDoesNotHoldTheRoomOfAllBodies(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.BodyBytes = 8 << 20 })
	g.sell(t, 5)
	ada := orderCall(basketOf("")).as(t, "ada", api.RoleCustomer)
	slow := &slowSenders{g: g}
	for i := range 3 { // each has a MiB to send; a caller's share is one
		slow.send(ada, fmt.Sprintf("192.0.2.%d:1", i), 1<<20, 1<<20-1)
	}
	require.Equal(t, http.StatusTooManyRequests, g.do(ada).status, "so that a share is really taken")
	bob := g.do(orderCall(basketOf("")).as(t, "bob", api.RoleCustomer))
	require.Equal(t, http.StatusCreated, bob.status, "%s", bob.body)
	n, a := slow.refused(http.StatusTooManyRequests)
	require.Equal(t, 2, n)
	require.Equal(t, "/problems/too-many-requests", a.problem(t).Type)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	require.Equal(t, http.StatusCreated, g.do(ada).status, "what was held is given back")
	require.Equal(t, "0", g.metric("holdfast_http_body_bytes"))
}

func TestOneSlowNetworkDoesNotHoldTheRoomOfAllBodies(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.BodyBytes = 8 << 20 })
	g.sell(t, 5)
	slow := &slowSenders{g: g}
	for i := range 4 { // of many names, from one network, which has two MiB
		slow.send(orderCall(basketOf("")).as(t, fmt.Sprintf("c-%d", i), api.RoleCustomer), "192.0.2.1:1", 1<<20, 1<<20-1)
	}
	a := g.fromAddress(orderCall(basketOf("")).as(t, "bob", api.RoleCustomer), "192.0.2.2:1", "")
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	n, _ := slow.refused(http.StatusTooManyRequests)
	require.Equal(t, 2, n)
}

func TestCallbacksOfManyNetworksLeaveRoomForOrders(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.BodyBytes = 8 << 20 })
	g.sell(t, 5)
	slow := &slowSenders{g: g}
	callback := call{method: http.MethodPost, path: "/v1/payments/callbacks/sandbox", body: "{}"}
	for i := range 9 { // one network has room for two of them
		slow.send(callback, "192.0.2.99:1", 64<<10, 64<<10-1)
		for range 8 {
			slow.send(callback, fmt.Sprintf("192.0.2.%d:1", i), 64<<10, 64<<10-1)
		}
	}
	a := g.fromAddress(orderCall(basketOf("")).as(t, "bob", api.RoleCustomer), "192.0.2.99:1", "")
	require.Equal(t, http.StatusCreated, a.status, "%s", a.body)
	n, _ := slow.refused(http.StatusTooManyRequests)
	require.Equal(t, 9*9-16, n, "all networks together have 16")
}

// Stalled bodies, from any number of networks, must not keep out a provider whose callbacks were
// signed; nor must those of callers with tokens.
func TestAProvidersCallbacksHaveRoomThatNoOtherCallerCanTake(t *testing.T) {
	g := asking(t, func(c *api.Config) { c.BodyBytes = 8 << 20 })
	g.sell(t, 5)
	const providers, strangers = "192.0.2.200:1", "192.0.2.201:1"
	signed := func(paymentID, address string) answer {
		e := success("nobody", paymentID, 1000)
		e.EventID = "msg_" + paymentID
		p := g.bySandbox(e, time.Now())
		return g.fromAddress(p.call(), address, "")
	}
	require.Equal(t, http.StatusNoContent, signed("p-1", providers).status)
	slow := &slowSenders{g: g}
	callback := call{method: http.MethodPost, path: "/v1/payments/callbacks/sandbox", body: "{}"}
	for i := range 40 {
		slow.send(callback, fmt.Sprintf("192.0.2.%d:1", i), 64<<10, 33<<10)
	}
	for i := range 12 {
		k := orderCall(basketOf("")).as(t, fmt.Sprintf("c-%d", i), api.RoleCustomer)
		slow.send(k, fmt.Sprintf("192.0.2.%d:1", 100+i), 1<<20, 1<<20-1)
	}
	require.Equal(t, http.StatusTooManyRequests, signed("p-2", strangers).status, "so that there is no other room")
	a := signed("p-2", providers)
	require.Equal(t, http.StatusNoContent, a.status, "%s", a.body)
	slow.refused(0)
	require.Equal(t, "0", g.metric("holdfast_http_body_bytes"))
}

// A stalled callback is aborted long before a body from a slow phone.
func TestACallbackThatStallsIsGivenUp(t *testing.T) {
	g := newGateway(t)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	cfg := g.config()
	cfg.Listener = l
	server, err := api.New(cfg)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.SetDeadline(time.Now().Add(8*time.Second)), "well below what other bodies have")
	_, err = fmt.Fprint(conn, "POST /v1/payments/callbacks/sandbox HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\nhalf")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.Contains(t, string(answer), "HTTP/1.1 408")
	require.NoError(t, conn.Close())
	stop()
	require.NoError(t, <-ended)
}

func TestBodiesOfAllCallersTogetherAreBounded(t *testing.T) {
	g := newGateway(t, func(c *api.Config) { c.BodyBytes = 8 << 20 })
	slow := &slowSenders{g: g}
	for range 10 {
		slow.send(orderCall(basketOf("")), "127.0.0.1:1", 1<<20, 1<<20-1)
	}
	a := g.do(orderCall(basketOf("")))
	require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
	require.Equal(t, "/problems/too-many-bodies", a.problem(t).Type)
	require.Equal(t, "1", a.header.Get("Retry-After"))
	n, _ := slow.refused(http.StatusServiceUnavailable)
	require.Equal(t, 2, n)
	require.Equal(t, "0", g.metric("holdfast_http_body_bytes"))
}

func TestTheRoomOfBodiesFitsTheLargestOneOfACaller(t *testing.T) {
	g := newGateway(t)
	for _, size := range []int64{-1, 1, 8<<20 - 1} {
		cfg := g.config()
		cfg.BodyBytes = size
		_, err := api.New(cfg)
		require.ErrorContains(t, err, "HOLDFAST_BODY_BYTES")
	}
}

// A body of the maximum size is read whole, however it is split on its way.
func TestALargeBodyArrivesWhole(t *testing.T) {
	g := newGateway(t)
	text := `{"customerId":"c-1"` + strings.Repeat(" ", 1<<20-40) + `,"x":1}`
	for _, length := range []int64{int64(len(text)), -1} {
		r := orderCall(text).request(t.Context(), t)
		r.Body, r.ContentLength = io.NopCloser(&halves{strings.NewReader(text)}), length
		w := httptest.NewRecorder()
		g.server.Handler().ServeHTTP(w, r)
		require.Equal(t, http.StatusBadRequest, w.Code)
		require.Contains(t, w.Body.String(), "x: is not a field", "it was read to its end")
	}
}

// halves gives half of what it is asked for.
type halves struct{ io.Reader }

func (h *halves) Read(p []byte) (int, error) { return h.Reader.Read(p[:(len(p)+1)/2]) }
