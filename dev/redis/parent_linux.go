package redis

import "syscall"

// endWithParent makes the kernel kill the child when the thread that started it
// ends, so also when the whole parent is killed. Killing loses nothing: what
// redis-server has answered is on the disk.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL,
		Setpgid:   true, // Ctrl-C is the parent's to deal with: the child ends last
	}
}
