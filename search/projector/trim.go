package projector

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
	"holdfast/streams"
)

// Trim deletes what every registered group has had and no rebuild still has to
// see, and answers how many entries that were. A bucket where a registered group
// doesn't exist is left alone.
func Trim(ctx context.Context, rdb redis.UniversalClient) (int64, error) {
	// In this order: a group or a rebuild that begins after its list was read begins
	// with entries that are newer than what these positions let go.
	state, err := look(ctx, rdb)
	if err != nil {
		return 0, err
	}
	groups, err := streams.Groups(ctx, rdb)
	if err != nil || len(groups) == 0 {
		return 0, err
	}
	leases, err := heldPositions(ctx, rdb)
	if err != nil {
		return 0, err
	}
	pipe := rdb.Pipeline()
	var trimmed []*redis.IntCmd
	for b, tag := range redisdb.AllBuckets() {
		if least, ok := state[b].least(b, groups, leases); ok {
			trimmed = append(trimmed, pipe.XTrimMinID(ctx, redisdb.EventsKey(tag), least))
		}
	}
	if len(trimmed) == 0 {
		return 0, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return 0, fmt.Errorf("trim the streams: %w", err)
	}
	var n int64
	for _, t := range trimmed {
		n += t.Val()
	}
	return n, nil
}

// least is the first entry of the bucket that somebody may still ask for.
func (s bucketState) least(bucket int, groups []string, leases []Position) (string, bool) {
	if s.length == 0 {
		return "", false
	}
	least := ""
	for _, g := range groups {
		pos, there := s.groups[g]
		if !there {
			return "", false
		}
		if least == "" || compareIDs(pos.needed, least) < 0 {
			least = pos.needed
		}
	}
	for _, l := range leases {
		if l == nil { // it is about to note its place
			return "", false
		}
		if needed, err := after(l[bucket]); err != nil || compareIDs(needed, least) < 0 {
			least = needed
		}
	}
	return least, least != ""
}
