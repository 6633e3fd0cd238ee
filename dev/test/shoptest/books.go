package shoptest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/audit"
	"holdfast/carrier/tracking"
	"holdfast/redisdb"
	"holdfast/worker"
)

// Books are what an audit reads.
type Books struct {
	RedisURL string
	Orders   audit.Orders
}

// RequireClean audits all orders and products and requires that every unit is where the
// orders say, and that every package owns its tracking numbers. It returns the report.
func (b Books) RequireClean(t testing.TB) audit.Report {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), b.RedisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }() // it was read only
	report, err := audit.Run(t.Context(), audit.Config{
		Books: audit.NewRedisBooks(rdb), Orders: b.Orders, Numbers: tracking.New(rdb, time.Now), Adapters: worker.Carriers(),
	})
	require.NoError(t, err)
	for _, f := range report.Findings {
		t.Error(f)
	}
	return report
}
