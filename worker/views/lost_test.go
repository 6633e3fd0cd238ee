package views

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"holdfast/order"
	"holdfast/records"
	"holdfast/redisdb"
	sagaclient "holdfast/saga/client"
	"holdfast/search/reindex"
)

// asked is a Temporal whose workflows answer the same order, or fail.
type asked struct {
	client.Client
	order order.Order
	err   error
}

func (a asked) QueryWorkflow(context.Context, string, string, string, ...any) (converter.EncodedValue, error) {
	if a.err != nil {
		return nil, a.err
	}
	p, err := converter.GetDefaultDataConverter().ToPayloads(a.order)
	return client.NewValue(p), err
}

// In Redis an order's packages lie beside its document; in the view they are part of it.
func TestWhatAWorkflowSaidHasItsPackages(t *testing.T) {
	now := time.Now().UTC()
	o := order.Order{ID: "o", Version: 1, CustomerID: "c", Status: order.StatusPaid, PlacedAt: now, UpdatedAt: now, Lines: []order.Line{{ID: "1", Quantity: 1}}}
	o.Fulfil(now)
	require.NoError(t, o.Pack(order.Package{ID: "p", Items: []order.LineUnits{{LineID: "1", Quantity: 1}}, CreatedAt: now}))
	seen, found, err := lostOrders{sagaclient.New(asked{order: o}, "")}.Order(t.Context(), "o")
	require.NoError(t, err)
	require.True(t, found)
	require.Contains(t, string(seen.Document), `"packages":[{"id":"p",`)
}

// A rebuild under load asks the workflow of an order that was placed a moment ago. What
// Redis says about it is newer, even if Redis's clock is behind Temporal's.
func TestWhatAWorkflowSaidIsOlderThanWhatRedisSays(t *testing.T) {
	now := time.Now().UTC()
	m := miniredis.RunT(t)
	m.SetTime(now.Add(-time.Minute))
	rdb, err := redisdb.Open(t.Context(), "redis://"+m.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	o := order.Order{ID: "o", Version: 1, CustomerID: "c", Status: order.StatusReserving, PlacedAt: now, UpdatedAt: now}
	seen, found, err := lostOrders{sagaclient.New(asked{order: o}, "")}.Order(t.Context(), "o")
	require.NoError(t, err)
	require.True(t, found)
	require.NoError(t, seen.Validate())

	o.Version, o.Status = 2, order.StatusRejected
	doc, err := json.Marshal(o)
	require.NoError(t, err)
	docs := records.New(rdb)
	require.NoError(t, docs.Put(t.Context(), order.Record{OrderID: "o", Version: 2, Doc: doc, Status: o.Status, CustomerID: "c", PlacedAt: now}))
	all, err := docs.ReadMany(t.Context(), []string{"o"})
	require.NoError(t, err)
	require.Greater(t, all[0].Revision, seen.Revision)
}

func TestAWorkflowThatCannotTell(t *testing.T) {
	ask := func(err error) (bool, error) {
		_, found, err := lostOrders{sagaclient.New(asked{err: err}, "")}.Order(t.Context(), "o")
		return found, err
	}
	for name, err := range map[string]error{
		"its code fails":                 serviceerror.NewQueryFailed("panic"),
		"it ended before its first task": serviceerror.NewWorkflowNotReady("no task"),
	} {
		_, err := ask(err)
		require.ErrorIs(t, err, reindex.ErrUnreadable, name)
	}
	found, err := ask(serviceerror.NewNotFound("gone"))
	require.NoError(t, err)
	require.False(t, found)
	_, err = ask(serviceerror.NewUnavailable("away"))
	require.Error(t, err)
	require.NotErrorIs(t, err, reindex.ErrUnreadable, "it is asked again")
}
