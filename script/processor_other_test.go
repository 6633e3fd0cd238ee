//go:build !linux

package script

import "time"

// slack is how much longer than the limit a run may take: this is the time on the clock, and the machine may be busy.
const slack = 10

var started = time.Now()

func processorTime() time.Duration { return time.Since(started) }
