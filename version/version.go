// Package version says which build of Holdfast this is.
package version

import "runtime/debug"

// stamped is set by the linker: -ldflags "-X holdfast/version.stamped=v1.2.3".
var stamped string

// String returns the release with which the binary was stamped, such as v1.2.3. A binary
// that wasn't stamped returns "devel", followed by the commit if the Go toolchain recorded
// one.
func String() string {
	if stamped != "" {
		return stamped
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unstamped("")
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return unstamped(s.Value)
		}
	}
	return unstamped("")
}

func unstamped(commit string) string {
	const shown = 12 // of 40 hex digits, enough to be unique
	if commit == "" {
		return "devel"
	}
	return "devel-" + commit[:min(shown, len(commit))]
}
