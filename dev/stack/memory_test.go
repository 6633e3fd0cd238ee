package stack

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the memory in use, there is room for garbage.
func TestTheMemoryLimitGrowsWithWhatIsInUse(t *testing.T) {
	runtime.GC()
	before := inUse()
	require.Positive(t, before)
	const more = 400 << 20
	kept := make([]byte, more)
	runtime.GC()
	after := inUse()
	require.InDelta(t, before+more, after, 50<<20)
	require.Equal(t, int64(memoryLimit), limitFor(1<<20))
	require.Equal(t, int64(4<<30), limitFor(2<<30))
	runtime.KeepAlive(kept)
}
