//go:build !linux

package redis

import "syscall"

// endWithParent can't guarantee that here: the system has no such signal. A child of a
// killed parent keeps its folder locked, and the next start reports that.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
