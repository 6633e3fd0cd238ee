package replay

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/client/gatewaytest"
)

func TestOrdersUseTheCouponAndCustomersHaveLevelsByTheirShares(t *testing.T) {
	g := gatewaytest.Start(t)
	cfg := config(t, g)
	cfg.Shares.Couponed, cfg.Coupon = 0.4, "SPRING"
	cfg.Shares.Members, cfg.Levels = 1, 3
	want := 0
	for n := 1; n <= 100; n++ {
		if cfg.Shares.fateOf(cfg.Seed, n).couponed {
			want++
		}
	}
	require.InDelta(t, 40, want, 15)
	_, err := Run(t.Context(), cfg, strings.NewReader(file(100)))
	require.NoError(t, err)
	used := 0
	for _, codes := range g.Coupons {
		if len(codes) > 0 {
			require.Equal(t, []string{"SPRING"}, codes)
			used++
		}
	}
	require.Equal(t, want, used)
	require.Equal(t, map[string]int{"c": cfg.levelOf("c")}, g.Levels)
	require.Contains(t, []int{1, 2, 3}, cfg.levelOf("c"))

	for name, odd := range map[string]func(*Config){
		"levels": func(c *Config) { c.Levels = 0 },
		"coupon": func(c *Config) { c.Coupon = "" },
	} {
		c := cfg
		odd(&c)
		_, err := Run(t.Context(), c, strings.NewReader(file(1)))
		require.Error(t, err, name)
	}
}

// The same seed gives the same fates as before there were coupons.
func TestCouponsDontChangeFates(t *testing.T) {
	plain := Shares{Paid: 0.5, Delivered: 0.5, Refused: 0.2, Abandoned: 0.1, Cancelled: 0.2, Packaged: 0.5, Returned: 0.2}
	couponed := plain
	couponed.Couponed = 1
	for n := range 100 {
		f := couponed.fateOf(7, n)
		require.True(t, f.couponed)
		f.couponed = false
		require.Equal(t, plain.fateOf(7, n), f)
	}
}
