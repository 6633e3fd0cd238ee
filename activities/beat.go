package activities

import (
	"context"
	"sync"
	"time"
)

// beatEvery is well below the heartbeat timeouts of the policies.
const beatEvery = 5 * time.Second

// whileBeating calls beat now and then, until the function that it returns is called: an
// activity lives also while everything that it asked hangs.
func whileBeating(ctx context.Context, beat func()) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var ended sync.WaitGroup
	ended.Go(func() {
		ticker := time.NewTicker(beatEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				beat()
			}
		}
	})
	return func() {
		cancel()
		ended.Wait()
	}
}
