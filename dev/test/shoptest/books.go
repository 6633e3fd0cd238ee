package shoptest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/audit"
	"holdfast/redisdb"
)

// Books are what an audit reads.
type Books struct {
	RedisURL string
	Orders   audit.Orders
}

// RequireClean audits all orders and products and requires that every unit is where the
// orders say. It returns the report.
func (b Books) RequireClean(t testing.TB) audit.Report {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), b.RedisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }() // it was read only
	report, err := audit.Run(t.Context(), audit.Config{
		Books: audit.NewRedisBooks(rdb), Orders: b.Orders,
	})
	require.NoError(t, err)
	for _, f := range report.Findings {
		t.Error(f)
	}
	return report
}
