// Package await waits for conditions that send no notification, such as a process that
// starts to listen. It never waits longer than its context allows, and each wait names its
// condition as a function.
package await

import (
	"context"
	"fmt"
	"time"
)

// pause between two checks: short compared with what is awaited (processes and servers that
// take tens of milliseconds), long enough to cost nothing.
const pause = 10 * time.Millisecond

// Success calls try until it returns nil. If the context ends first, the error contains
// both the context's error and the last error of try.
func Success(ctx context.Context, try func(context.Context) error) error {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w, last: %w", context.Cause(ctx), err)
		case <-ticker.C:
		}
	}
}
