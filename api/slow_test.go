package api_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"holdfast/api"
	"holdfast/product"
	sagaclient "holdfast/saga/client"
)

// slowBody notes when it was read to its end, or fails there.
type slowBody struct {
	io.Reader
	end  error
	read *time.Time
}

func (b slowBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF && b.end != nil {
		return n, b.end
	}
	*b.read = time.Now()
	return n, err
}

// untilWhen are entities that note until when they may take.
type untilWhen struct {
	api.Products
	deadline time.Time
}

func (u *untilWhen) Put(ctx context.Context, id string, s product.Spec, m *int64) (product.Product, bool, error) {
	u.deadline, _ = ctx.Deadline()
	return u.Products.Put(ctx, id, s, m)
}

func TestASlowBodyTakesNothingOfTheRequestsTime(t *testing.T) {
	var entities *untilWhen
	g := newGateway(t, func(c *api.Config) {
		entities = &untilWhen{Products: c.Products}
		c.Products = entities
	})
	const spec = `{"title":"T","currency":"EUR","variants":[{"sku":"one","price":1}]}`
	for _, chunked := range []bool{false, true} {
		k := call{method: http.MethodPut, path: "/v1/products/mug", body: spec}
		r := k.request(t.Context(), t)
		var read time.Time
		r.Body = io.NopCloser(slowBody{Reader: strings.NewReader(spec), read: &read})
		if chunked {
			r.ContentLength = -1
		}
		w := httptest.NewRecorder()
		g.server.Handler().ServeHTTP(w, r)
		require.Less(t, w.Code, 300, "%s", w.Body)
		require.False(t, entities.deadline.Before(read.Add(api.RequestTimeout)))
	}
}

func TestABodyThatDoesNotArriveIsReported(t *testing.T) {
	g := newGateway(t)
	before := g.state()
	k := orderCall(oneLine(nil))
	r := k.request(t.Context(), t)
	var read time.Time
	r.Body = io.NopCloser(slowBody{strings.NewReader("{"), fmt.Errorf("read tcp: %w", os.ErrDeadlineExceeded), &read})
	w := httptest.NewRecorder()
	g.server.Handler().ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
	g.holdAgainstContract(k, a)
	require.Equal(t, http.StatusRequestTimeout, a.status, "%s", a.body)
	require.Equal(t, "/problems/body-timeout", a.problem(t).Type)
	require.Equal(t, before, g.state())
}

// The server's own deadline is what ends a body: it must be told as one.
func TestTheServersDeadlineEndsABody(t *testing.T) {
	g := newGateway(t)
	srv := httptest.NewUnstartedServer(g.server.Handler())
	srv.Config.ReadTimeout = 50 * time.Millisecond
	srv.Start()
	defer srv.Close()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = fmt.Fprintf(conn, "POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Content-Length: 100\r\n\r\n{")
	require.NoError(t, err)
	answer, err := io.ReadAll(conn) // to its end: the connection is of no more use
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 408 "), "%s", answer)
	require.Contains(t, string(answer), "/problems/body-timeout")
}

// late is a Temporal that answers when the request's time is over.
type late struct{ *fakeTemporal }

func (late) UpdateWithStartWorkflow(
	ctx context.Context, _ client.UpdateWithStartWorkflowOptions,
) (client.WorkflowUpdateHandle, error) {
	<-ctx.Done()
	return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
}

func TestAPlacementThatTookTooLongNamesItsOrder(t *testing.T) {
	g := newGateway(t)
	g.putProduct("mug", 1)
	slow := newGateway(t, func(c *api.Config) {
		c.Products, c.Quoting, c.Orders, c.Sagas = g.stock, g.quoting, g.docs, sagaclient.New(late{g.temporal}, "")
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	a := slow.send(ctx, orderCall(oneLine(nil)))
	require.Equal(t, http.StatusServiceUnavailable, a.status, "%s", a.body)
	p := a.problem(t)
	require.Equal(t, "/problems/timeout", p.Type)
	require.NotEmpty(t, p.OrderID)
	require.NotContains(t, p.Detail, "context")
}
