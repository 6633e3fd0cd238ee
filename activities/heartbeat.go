package activities

import (
	"context"
	"sync"
	"time"
)

// beatEvery is well below the heartbeat timeouts of the policies.
const beatEvery = 5 * time.Second

// whileBeating calls beat regularly until the returned function is called, so that an
// activity shows that it is alive even while all its calls hang.
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
