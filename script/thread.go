package script

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

// A thread in the engine's machine code keeps one of Go's processors (a P, of which there are GOMAXPROCS) for as long as it
// runs. So each worker brings one of its own, and its threads have a low priority: the operating system then shares the
// machine between scripts and everything else. Otherwise a script that uses up its steps, and there may always be one,
// would take half of what a process on two cores has.
var processors sync.Mutex

// addProcessors lets Go use n more threads at a time, or fewer.
func addProcessors(n int) {
	processors.Lock()
	defer processors.Unlock()
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
}

// onOwnThread calls do on a thread of low priority, which ends with it. It panics if do does.
func onOwnThread(do func() error) error {
	type outcome struct {
		err      error
		panicked string
	}
	done := make(chan outcome, 1)
	go func() {
		runtime.LockOSThread() // and never unlocks it, so that the thread ends with the goroutine
		lowerPriority()
		var o outcome
		defer func() {
			if p := recover(); p != nil {
				o.panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
			done <- o
		}()
		o.err = do()
	}()
	o := <-done
	if o.panicked != "" {
		panic(o.panicked)
	}
	return o.err
}
