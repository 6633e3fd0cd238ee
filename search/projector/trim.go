package projector

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
	"holdfast/streams"
)

// Trim deletes what every registered group has read and no rebuild still needs, and returns
// the number of entries. A bucket where a registered group doesn't exist is left alone.
func Trim(ctx context.Context, rdb redis.UniversalClient) (int64, error) {
	// In this order: a group or a rebuild that starts after its list was read starts with
	// entries newer than these positions.
	state, err := readPositions(ctx, rdb)
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

// least returns the first entry of the bucket that may still be requested.
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
		if l == nil { // it is about to store its position
			return "", false
		}
		if needed, err := after(l[bucket]); err != nil || compareIDs(needed, least) < 0 {
			least = needed
		}
	}
	return least, least != ""
}
