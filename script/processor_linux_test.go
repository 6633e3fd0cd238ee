package script

import (
	"syscall"
	"time"
)

// slack is how much longer than the limit a run may take: on a busy machine a processor's caches, and perhaps its core, are
// shared.
const slack = 2

// processorTime is what the thread has used so far.
func processorTime() time.Duration {
	const thisThread = 1 // RUSAGE_THREAD
	var usage syscall.Rusage
	if err := syscall.Getrusage(thisThread, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
