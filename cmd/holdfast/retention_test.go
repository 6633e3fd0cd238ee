package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"holdfast/inventory"
	sagaclient "holdfast/saga/client"
	"holdfast/settings"
	"holdfast/setup"
	"holdfast/worker"
)

// retaining is a Temporal whose namespace keeps closed workflows that long.
type retaining struct {
	client.Client
	retention time.Duration
	err       error
}

func (r retaining) WorkflowService() workflowservice.WorkflowServiceClient {
	return namespaces{retaining: r}
}

type namespaces struct {
	workflowservice.WorkflowServiceClient
	retaining retaining
}

func (n namespaces) DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest, ...grpc.CallOption) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{
		Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(n.retaining.retention)},
	}, n.retaining.err
}

func TestWorkerKeepsOrdersLongerThanTemporalKnowsThem(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		retention, keep time.Duration
		ok              bool
	}{
		{30 * day, worker.DefaultKeepOrders, true},
		{30 * day, 31*day - time.Second, false},
		{31 * day, worker.DefaultKeepOrders, false},
		{60 * day, 61 * day, true},
		{60 * day, 60 * day, false},
		{30 * day, forever, true},
	} {
		err := checkRetention(t.Context(), sagaclient.New(retaining{retention: c.retention}, "shop"), "shop", c.keep, slog.New(slog.DiscardHandler))
		if c.ok {
			require.NoError(t, err)
			continue
		}
		var usage *usageError
		require.ErrorAs(t, err, &usage)
		for _, says := range []string{
			"HOLDFAST_KEEP_ORDERS", "HOLDFAST_RETENTION", "namespace shop", c.retention.String(), (c.retention + day).String(),
		} {
			require.ErrorContains(t, err, says)
		}
	}
}

// A namespace that forgets earlier would let a key be used again while Redis still has the
// marks of its first order.
func TestWorkerRefusesANamespaceThatForgetsBeforeRedis(t *testing.T) {
	for _, keep := range []time.Duration{forever, worker.DefaultKeepOrders} {
		short := retaining{retention: inventory.Remember - time.Second}
		err := checkRetention(t.Context(), sagaclient.New(short, "shop"), "shop", keep, slog.New(slog.DiscardHandler))
		var usage *usageError
		require.ErrorAs(t, err, &usage)
		for _, says := range []string{"namespace shop", "719h59m59s", "720h", "HOLDFAST_RETENTION"} {
			require.ErrorContains(t, err, says)
		}
	}
	require.GreaterOrEqual(t, setup.Retention, inventory.Remember)
}

func TestSetupRefusesARetentionBelowTheMarks(t *testing.T) {
	err := (&setupCommand{Setup: settings.Setup{Retention: 240 * time.Hour}}).Run(t.Context(), out{stdout: io.Discard, stderr: io.Discard})
	var usage *usageError
	require.ErrorAs(t, err, &usage)
	require.ErrorContains(t, err, "HOLDFAST_RETENTION")
}

// Some services let only their operator read it.
func TestRetentionThatCantBeReadIsWarnedOf(t *testing.T) {
	var said strings.Builder
	log := slog.New(slog.NewTextHandler(&said, nil))
	denied := retaining{err: serviceerror.NewPermissionDenied("no", "")}
	require.NoError(t, checkRetention(t.Context(), sagaclient.New(denied, "shop"), "shop", time.Hour, log))
	require.Contains(t, said.String(), "--keep-orders")

	err := checkRetention(t.Context(), sagaclient.New(retaining{err: errors.New("away")}, "shop"), "shop", time.Hour, log)
	require.ErrorContains(t, err, "away")
	require.ErrorContains(t, err, "namespace shop")
}
