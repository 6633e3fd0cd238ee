package activities

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever the work waits for, heartbeats continue, each well within the heartbeat timeout.
func TestAWalkBeatsWhileItsWorkHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var beats atomic.Int64
		stop := whileBeating(t.Context(), func() { beats.Add(1) })
		time.Sleep(10*time.Minute + time.Second) //nolint:forbidigo // the bubble's clock: a provider hangs
		stop()
		require.EqualValues(t, 120, beats.Load())
		time.Sleep(time.Hour) //nolint:forbidigo // the bubble's clock
		require.EqualValues(t, 120, beats.Load(), "and end with it")
	})
}
