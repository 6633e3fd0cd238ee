package inventory

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/product"
	"holdfast/redisdb"
)

// pipelined is how many scripts one pipeline has: a few milliseconds of one Redis, after
// which the orders of a sale get their turn.
const pipelined = 50

// inPipelines makes n calls in as few round trips as their products allow, one after the
// other, and returns the error of each. A call that can't be made is not sent.
func (s *Store) inPipelines(
	ctx context.Context, n int, id func(int) string, calling func(int) (redisdb.Call, error), read func(int, *redis.Cmd) error,
) []error {
	errs := make([]error, n)
	for _, pipeline := range pipelines(n, id) {
		var (
			calls []redisdb.Call
			sent  []int
		)
		for _, i := range pipeline {
			call, err := calling(i)
			if err == nil && ctx.Err() != nil {
				err = product.ErrNotTried
			}
			if err != nil {
				errs[i] = err
				continue
			}
			calls, sent = append(calls, call), append(sent, i)
		}
		if len(calls) == 0 {
			continue
		}
		for j, answer := range redisdb.Run(ctx, s.rdb, calls...) {
			errs[sent[j]] = read(sent[j], answer)
		}
	}
	return errs
}

// pipelines divides n calls into pipelines. Calls about one product keep their order, so
// they don't share a pipeline: of one whose script the server doesn't know yet, some calls are
// sent again after the others.
func pipelines(n int, id func(int) string) [][]int {
	var (
		all   [][]int
		first = map[string]int{} // pipeline that a product's next call may be in
	)
	for i := range n {
		at := first[id(i)]
		for at < len(all) && len(all[at]) == pipelined {
			at++
		}
		if at == len(all) {
			all = append(all, nil)
		}
		all[at] = append(all[at], i)
		first[id(i)] = at + 1
	}
	return all
}

// RememberBatch notes which body came under an idempotency key, and refuses another one with
// product.ErrKeyReused. It has to be remembered as long as the lines are.
func (s *Store) RememberBatch(ctx context.Context, key, body string, remember time.Duration) error {
	name := batchKey(key)
	answers := redisdb.Run(ctx, s.rdb,
		redisdb.Call{Command: "set", Keys: []string{name}, Args: []any{body, "nx", "ex", int64(remember / time.Second)}},
		redisdb.Call{Command: "get", Keys: []string{name}})
	known, err := answers[1].Text()
	if err != nil {
		return fmt.Errorf("remember the body of an idempotency key: %w", err)
	}
	if known != body {
		return product.ErrKeyReused
	}
	return nil
}
