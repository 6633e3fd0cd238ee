package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// countLines returns the length of a progress bar for a file.
func countLines(ctx context.Context, name string) (n int64, err error) {
	f, err := os.Open(name) //nolint:gosec // the user named it
	if err != nil {
		return 0, usagef("%v", err)
	}
	defer f.Close() //nolint:errcheck // it was read only
	buf := make([]byte, 1<<20)
	for ctx.Err() == nil {
		read, err := f.Read(buf)
		n += int64(bytes.Count(buf[:read], []byte{'\n'}))
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", name, err)
		}
	}
	return 0, context.Cause(ctx)
}
