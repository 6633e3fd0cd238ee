package script

import (
	"runtime"
	"sync"
)

// A thread in the engine's machine code keeps one of Go's processors (a P, of which there are GOMAXPROCS) for as long as it
// runs. Each worker brings one of its own, so that the operating system shares the machine between scripts and everything
// else. Otherwise a script that uses up its steps, and there may always be one, takes half of what a process on two
// cores has.
var processors sync.Mutex

// addProcessors lets Go use n more threads at a time, or fewer.
func addProcessors(n int) {
	processors.Lock()
	defer processors.Unlock()
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
}
