package script

import (
	"syscall"
	"time"
)

// slack is how much longer than the limit a run may take: on a busy machine a processor's caches, and perhaps its core, are
// shared.
const slack = 2

// processorTime is what the process has used so far: a run has a thread of its own.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
