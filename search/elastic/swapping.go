package elastic

import (
	"context"
	"errors"
	"time"
)

// A call that resolved its alias just before a swap may reach the old index after it was
// dropped. It is retried this often, with these pauses.
const (
	swapTries = 3
	swapPause = 20 * time.Millisecond
)

// throughSwap retries a call if an index is missing. Elasticsearch moves the alias and
// drops the index in one step, but requests in flight can still fail.
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
