package projector

import (
	"context"
	_ "embed"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

//go:embed lua/hold.lua
var holdSource string

//go:embed lua/held.lua
var heldSource string

var (
	holdScript = redisdb.NewScript(holdSource)
	heldScript = redisdb.NewScript(heldSource)
)

// leaseKeys are the leases by their end, and the positions that they protect: see
// lua/hold.lua.
func leaseKeys() []string { return []string{"{stream-leases}", "{stream-leases}:places"} }

// Position is a position in each bucket's stream: the id of the last entry before it.
type Position []string

func (p Position) String() string { return strings.Join(p, " ") }

func parsePosition(s string) (Position, error) {
	if s == "" {
		return nil, nil
	}
	p := Position(strings.Fields(s))
	if len(p) != redisdb.Buckets {
		return nil, fmt.Errorf("a position has %d places, not %d", len(p), redisdb.Buckets)
	}
	for _, id := range p {
		if _, _, err := splitID(id); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// hold starts a lease or renews it, and reports whether it is valid. at stores a position;
// nil leaves the stored one.
func hold(ctx context.Context, rdb redis.UniversalClient, lease string, d time.Duration, begin bool, at Position) (bool, error) {
	first := ""
	if begin {
		first = "1"
	}
	holds, err := redisdb.Run(ctx, rdb, redisdb.Call{
		Script: holdScript, Keys: leaseKeys(), Args: []any{lease, d.Milliseconds(), first, at.String()},
	})[0].Bool()
	return holds, wrap("renew the lease on the streams", err)
}

func release(ctx context.Context, rdb redis.UniversalClient, lease string) error {
	pipe := rdb.Pipeline()
	pipe.ZRem(ctx, leaseKeys()[0], lease)
	pipe.HDel(ctx, leaseKeys()[1], lease)
	_, err := pipe.Exec(ctx)
	return wrap("end the lease on the streams", err)
}

// heldPositions returns the positions of all leases; nil for a lease that has stored none
// yet.
func heldPositions(ctx context.Context, rdb redis.UniversalClient) ([]Position, error) {
	places, err := redisdb.Run(ctx, rdb, redisdb.Call{Script: heldScript, Keys: leaseKeys()})[0].StringSlice()
	if err != nil {
		return nil, wrap("list the leases of rebuilds", err)
	}
	all := make([]Position, len(places))
	for i, text := range places {
		if all[i], err = parsePosition(text); err != nil {
			return nil, err
		}
	}
	return all, nil
}
