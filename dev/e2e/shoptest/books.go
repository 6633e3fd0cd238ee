package shoptest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"holdfast/audit"
	"holdfast/redisdb"
)

// Books are what an audit looks at.
type Books struct {
	RedisURL  string
	Temporal  client.Client
	Namespace string
}

// RequireClean audits all orders and products and requires that every unit is
// where the orders say. It returns what was looked at.
//
// An order of which somebody terminated the workflow stays as it was, and the
// audit says of it that it waits for a payment without its units: that alone is
// allowed of the orders that are named here.
func (b Books) RequireClean(t testing.TB, endedByHand ...string) audit.Report {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), b.RedisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }() // it was read only
	report, err := audit.Run(t.Context(), audit.Config{
		Books: audit.NewRedisBooks(rdb), Orders: audit.NewTemporalOrders(b.Temporal, b.Namespace),
	})
	require.NoError(t, err)
	for _, f := range report.Findings {
		if f.Kind != audit.OrderNotHeld || !slices.Contains(endedByHand, f.OrderID) {
			t.Error(f)
		}
	}
	return report
}
