package temporal_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"holdfast/dev/loopback"
	"holdfast/dev/temporal"
	"holdfast/setup"
)

func TestServerInMemory(t *testing.T) {
	server := start(t, temporal.Options{SearchAttributes: setup.Attributes()})
	c := dial(t, server)

	namespace, err := c.WorkflowService().DescribeNamespace(t.Context(),
		&workflowservice.DescribeNamespaceRequest{Namespace: "default"})
	require.NoError(t, err)
	require.Equal(t, 30*24*time.Hour, namespace.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())

	startOrder(t, c, "order/1")
	requireFound(t, c, `OrderStatus = 'open' AND CustomerId = 'c1' AND ProductIds = 'p2'`, "order/1")

	page := get(t, server.UIURL()+"/")
	require.Contains(t, page, "<html")
	require.Contains(t, get(t, server.UIURL()+"/api/v1/namespaces/default/workflows?query=OrderStatus%3D'open'"), "order/1")
}

// A page whose name was rebound to 127.0.0.1 has the same origin as what it requests.
func TestTheWebUIAnswersToLoopbackNamesAlone(t *testing.T) {
	server := start(t, temporal.Options{})
	u, err := url.Parse(server.UIURL())
	require.NoError(t, err)
	for host, want := range map[string]int{
		"": http.StatusOK, "localhost:" + u.Port(): http.StatusOK, "[::1]:" + u.Port(): http.StatusOK, "LOCALHOST.": http.StatusOK,
		"evil.example:" + u.Port(): http.StatusForbidden, "localhost.evil.example": http.StatusForbidden, "10.0.0.1": http.StatusForbidden,
	} {
		for _, path := range []string{"/", "/api/v1/settings", "/api/v1/namespaces/default/workflows"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.UIURL()+path, http.NoBody)
			require.NoError(t, err)
			req.Host = host
			res, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, want, res.StatusCode, "%s of %q", path, host)
		}
	}
}

func TestServersInMemoryShareNothing(t *testing.T) {
	one := start(t, temporal.Options{WithoutUI: true})
	other := start(t, temporal.Options{WithoutUI: true})
	_, err := dial(t, one).ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "w", TaskQueue: "q"}, "W")
	require.NoError(t, err)
	_, err = dial(t, other).DescribeWorkflowExecution(t.Context(), "w", "")
	require.ErrorContains(t, err, "not found")
}

func TestRestartOnTheSameFile(t *testing.T) {
	opts := temporal.Options{
		File:      filepath.Join(t.TempDir(), "a 100% odd?name", "temporal.db"),
		Retention: 48 * time.Hour,
		WithoutUI: true,
		SearchAttributes: map[string]enumspb.IndexedValueType{
			"OrderStatus": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
			"CustomerId":  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		},
	}
	first, err := temporal.Start(t.Context(), opts)
	require.NoError(t, err)
	require.FileExists(t, opts.File)
	c := dial(t, first)
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "order/1", TaskQueue: "q"}, "Order")
	require.NoError(t, err)
	c.Close()
	require.NoError(t, first.Stop(t.Context()))

	// The next start has other ports, and gets a longer retention and one more
	// attribute.
	c = dial(t, start(t, opts))
	require.NoError(t, setup.Run(t.Context(), c, setup.Options{Namespace: "default"}))
	found, err := c.DescribeWorkflowExecution(t.Context(), "order/1", "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, found.GetWorkflowExecutionInfo().GetStatus())
	namespace, err := c.WorkflowService().DescribeNamespace(t.Context(),
		&workflowservice.DescribeNamespaceRequest{Namespace: "default"})
	require.NoError(t, err)
	require.Equal(t, 30*24*time.Hour, namespace.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())
	startOrder(t, c, "order/2")
	requireFound(t, c, `ProductIds = 'p2'`, "order/2")
}

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", loopback.Address(0))
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	port := l.Addr().(*net.TCPAddr).Port

	var taken *loopback.TakenError
	_, err = temporal.Start(t.Context(), temporal.Options{Port: port})
	require.ErrorAs(t, err, &taken)
	require.Equal(t, port, taken.Port)
	_, err = temporal.Start(t.Context(), temporal.Options{UIPort: port})
	require.ErrorAs(t, err, &taken)
}

func start(t *testing.T, opts temporal.Options) *temporal.Server {
	t.Helper()
	server, err := temporal.Start(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(t, server.Stop(ctx))
	})
	return server
}

func dial(t *testing.T, server *temporal.Server) client.Client {
	t.Helper()
	c, err := client.DialContext(t.Context(), client.Options{HostPort: server.Address(), Namespace: server.Namespace()})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode, string(body))
	return string(body)
}
