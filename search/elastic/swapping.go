package elastic

import (
	"context"
	"errors"
	"time"
)

// A call that found its alias a moment before a swap may come to the old index when
// that is gone. It is tried again so often, with such pauses.
const (
	swapTries = 3
	swapPause = 20 * time.Millisecond
)

// throughSwap calls again where an index isn't there. Elasticsearch itself moves the
// alias and drops the index in one step, but not with what is on its way.
func throughSwap(ctx context.Context, call func() error) error {
	err := call()
	for range swapTries - 1 {
		if gone := new(absent); !missing(err) && !errors.As(err, &gone) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(swapPause):
		}
		err = call()
	}
	return err
}
