package elastic

import (
	"context"
	"fmt"
	"time"
)

const copyPoll = 200 * time.Millisecond

// health is how far the copies of an index are.
type health struct {
	Status string `json:"status"`
	// Copying shards, which may take long in a large index.
	Copying int `json:"initializing_shards"`
}

// awaitCopy waits until the new index has all the copies that it shall have: the swap
// drops the old one, and orders that have left Redis would be on one node alone. Where
// there is one node, no copy is asked for. It waits for as long as a copy is being
// made, and for copyWithin where none is.
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
