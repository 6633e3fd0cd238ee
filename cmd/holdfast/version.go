package main

import (
	"context"
	"fmt"

	"holdfast/version"
)

// versionCommand prints the release, for bug reports and scripts.
type versionCommand struct{}

// Run prints only the version.
func (versionCommand) Run(_ context.Context, out out) error {
	_, err := fmt.Fprintln(out.stdout, version.String())
	return err
}
