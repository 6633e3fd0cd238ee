package shoptest

import (
	"context"
	"fmt"
	"time"
)

// pause between two checks: a test with many of them must not overload the machine.
const pause = 50 * time.Millisecond

// wait tries until it gets nil. If the context ends first, the error is the last one.
func wait(ctx context.Context, try func(context.Context) error) error {
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
