//go:build !linux

package script

// lowerPriority does nothing: only Linux has priorities of threads under this call.
func lowerPriority() {}
