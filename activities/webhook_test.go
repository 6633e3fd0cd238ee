package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPausesGrow(t *testing.T) {
	var whole time.Duration
	tries := 1
	for ; whole+webhookDelay(tries) < 3*24*time.Hour; tries++ {
		whole += webhookDelay(tries)
	}
	require.Equal(t, 5*time.Second, webhookDelay(1))
	require.Equal(t, 15*time.Second, webhookDelay(2))
	require.Equal(t, 12*time.Hour, webhookDelay(10))
	require.Equal(t, 12*time.Hour, webhookDelay(1000))
	require.Equal(t, 14, tries, "in three days")
	require.Equal(t, time.Second, busyDelay(1))
	require.Equal(t, time.Minute, busyDelay(1000))
	d := &Deliver{}
	for range 1000 {
		require.InDelta(t, time.Minute, d.spread(time.Minute), float64(12*time.Second))
	}
}
