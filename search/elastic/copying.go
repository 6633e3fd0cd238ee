package elastic

import (
	"context"
	"fmt"
	"time"
)

const copyPoll = 200 * time.Millisecond

// health is the state of an index's replicas.
type health struct {
	Status string `json:"status"`
	// Copying counts shards that are being copied, which may take long in a large index.
	Copying int `json:"initializing_shards"`
}

// awaitCopy waits until the new index has all its replicas: the swap drops the old index,
// and orders that have left Redis would be on one node alone. With one node, no replica is
// requested. It waits for as long as a copy is in progress, and for copyWithin if none is.
func (r *rebuild) awaitCopy(ctx context.Context) error {
	const doing = "wait for the copy of a rebuild"
	lastCopying := time.Now()
	for {
		var now health
		err := r.run(ctx, doing, func(ctx context.Context) error {
			return r.of.client.call(ctx, request{method: "GET", path: "/_cluster/health/" + r.index}, &now)
		})
		if err != nil || now.Status == "green" {
			return err
		}
		if now.Copying > 0 {
			lastCopying = time.Now()
		}
		if time.Since(lastCopying) > r.of.copyWithin {
			return failed(doing, fmt.Errorf("index %s is %s and nobody copies it: do two nodes have room for it?", r.index, now.Status))
		}
		select {
		case <-ctx.Done():
			return failed(doing, ctx.Err())
		case <-time.After(copyPoll):
		}
	}
}
