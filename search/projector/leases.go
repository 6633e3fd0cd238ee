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

// leaseKeys are the leases by their end, and what they hold: see lua/hold.lua.
func leaseKeys() []string { return []string{"{stream-leases}", "{stream-leases}:places"} }

// Position is a place in each bucket's stream: the id of the last entry before it.
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

// hold begins a lease or renews it; it answers whether it holds. at notes a place;
// nil leaves the one that was noted.
func hold(ctx context.Context, rdb redis.UniversalClient, lease string, d time.Duration, begin bool, at Position) (bool, error) {
	first := ""
	if begin {
		first = "1"
	}
	holds, err := redisdb.Run(ctx, rdb, redisdb.Call{
		Script: holdScript, Keys: leaseKeys(), Args: []any{lease, d.Milliseconds(), first, at.String()},
	})[0].Bool()
	return holds, wrap("hold what the streams have", err)
}

func release(ctx context.Context, rdb redis.UniversalClient, lease string) error {
	pipe := rdb.Pipeline()
	pipe.ZRem(ctx, leaseKeys()[0], lease)
	pipe.HDel(ctx, leaseKeys()[1], lease)
	_, err := pipe.Exec(ctx)
	return wrap("let go of what the streams have", err)
}

// heldPositions answers the places of all leases; nil for one that has noted none
// yet.
func heldPositions(ctx context.Context, rdb redis.UniversalClient) ([]Position, error) {
	places, err := redisdb.Run(ctx, rdb, redisdb.Call{Script: heldScript, Keys: leaseKeys()})[0].StringSlice()
	if err != nil {
		return nil, wrap("list the rebuilds that go on", err)
	}
	all := make([]Position, len(places))
	for i, text := range places {
		if all[i], err = parsePosition(text); err != nil {
			return nil, err
		}
	}
	return all, nil
}
