package shoptest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/audit"
	"holdfast/carrier/tracking"
	"holdfast/coupons"
	"holdfast/customers"
	"holdfast/pricebooks"
	"holdfast/redisdb"
	"holdfast/worker"
)

// Books are what an audit reads.
type Books struct {
	RedisURL string
	Orders   audit.Orders
}

// RequireClean audits all orders, products and coupons and requires that every unit and every
// use of a coupon is where the orders say, that every package owns its tracking numbers, and
// that the price books of all orders exist. It returns the report.
func (b Books) RequireClean(t testing.TB) audit.Report {
	t.Helper()
	rdb, err := redisdb.Open(t.Context(), b.RedisURL)
	require.NoError(t, err)
	defer func() { _ = rdb.Close() }() // it was read only
	report, err := audit.Run(t.Context(), audit.Config{
		Books: audit.NewRedisBooks(rdb), Orders: b.Orders, Numbers: tracking.New(rdb, time.Now), Adapters: worker.Carriers(),
		PriceBooks: pricebooks.New(rdb, customers.New(rdb)), Coupons: coupons.New(rdb),
	})
	require.NoError(t, err)
	for _, f := range report.Findings {
		t.Error(f)
	}
	return report
}
