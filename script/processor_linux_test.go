package script

import (
	"syscall"
	"time"
)

// slack is how much longer than the limit a run may take where that isn't the processor time of the thread.
const slack = 1

// processorTime is what the thread has used so far.
func processorTime() time.Duration {
	const thisThread = 1 // RUSAGE_THREAD
	var usage syscall.Rusage
	if err := syscall.Getrusage(thisThread, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
