package redis

import "syscall"

// endWithParent makes the kernel kill the child when the thread that started it ends, and
// so even when the whole parent is killed. Nothing is lost: what redis-server has
// acknowledged is on disk.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL,
		Setpgid:   true, // Ctrl-C is for the parent to handle: the child ends last
	}
}
