package stack

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The process collects garbage less often than Go does by default: a whole Temporal server
// and its clients create a lot of it, and with Go's own 100 percent the collector took a
// seventh of their instructions. Up to the limit, memory pays for that. GOGC and GOMEMLIMIT
// in the environment take precedence.
const (
	garbagePercent = 300
	memoryLimit    = 1 << 30 // bytes
)

// lookAtMemory is how often the limit is compared with the memory in use.
const lookAtMemory = 2 * time.Second

// collectLessOften sets when garbage is collected. A process close to its limit spends up
// to half of its instructions on collecting, so the limit grows with the memory in use, for
// as long as the stack runs.
func (s *Stack) collectLessOften() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(garbagePercent)
	debug.SetMemoryLimit(memoryLimit)
	s.watches.Go(func() {
		look := time.NewTicker(lookAtMemory)
		defer look.Stop()
		for {
			select {
			case <-s.ending.Done():
				return
			case <-look.C:
				debug.SetMemoryLimit(limitFor(inUse()))
			}
		}
	})
}

// limitFor leaves room for as much garbage as memory in use, which is Go's own default.
func limitFor(used int64) int64 { return max(memoryLimit, 2*used) }

// inUse is what was reachable at the last garbage collection, plus what isn't collected, in
// bytes.
func inUse() int64 {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
		{Name: "/memory/classes/metadata/other:bytes"},
		{Name: "/memory/classes/other:bytes"},
	}
	metrics.Read(samples)
	var used uint64
	for _, s := range samples {
		used += s.Value.Uint64()
	}
	return int64(used)
}
