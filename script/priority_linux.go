package script

import "syscall"

// niceness of the threads that run scripts, see setpriority(2). The lowest, 19, would hardly let them run on a busy machine.
const niceness = 10

// lowerPriority makes the rest of the machine come before the calling thread, for good.
func lowerPriority() {
	// A thread may always lower its own priority. If it couldn't, scripts would run all the same.
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, syscall.Gettid(), niceness)
}
