package projector

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
	"holdfast/streams"
)

// position is how far a group has read a bucket's stream.
type position struct {
	// needed is the first entry that the group may still request.
	needed string
	// pending counts entries that were delivered but not acknowledged; oldest is the first
	// of them.
	pending int64
	oldest  string
	// lag counts entries that were never delivered; delivered is the last that was.
	lag       int64
	delivered string
}

// bucketState is a stream and how far each of its groups has read it.
type bucketState struct {
	last   string // the last id that was assigned
	length int64
	groups map[string]position
}

// beginning is a position before all entries of a stream.
const beginning = "0-0"

// errNoStream means that the bucket has no stream yet.
var errNoStream = errors.New("there is no such stream")

// readPositions reads the positions of all groups in all buckets. A bucket without a stream has no
// groups. An entry that a group acknowledges meanwhile may still count as needed, never the
// other way round: positions only move forward.
func readPositions(ctx context.Context, rdb redis.UniversalClient) ([]bucketState, error) {
	all := make([]bucketState, redisdb.Buckets)
	pipe := rdb.Pipeline()
	infos, groups := make([]*redis.XInfoStreamCmd, redisdb.Buckets), make([]*redis.XInfoGroupsCmd, redisdb.Buckets)
	for b, tag := range redisdb.AllBuckets() {
		groups[b] = pipe.XInfoGroups(ctx, redisdb.EventsKey(tag))
		infos[b] = pipe.XInfoStream(ctx, redisdb.EventsKey(tag))
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	asked := map[int]map[string]*redis.XPendingCmd{}
	pipe = rdb.Pipeline()
	for b, tag := range redisdb.AllBuckets() {
		found, err := groups[b].Result()
		if err == nil {
			all[b].last, all[b].length, err = lastOf(infos[b])
		}
		if streams.NoStream(err) || errors.Is(err, errNoStream) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the state of the stream of bucket %d: %w", b, err)
		}
		all[b].groups, asked[b] = map[string]position{}, map[string]*redis.XPendingCmd{}
		for _, g := range found {
			next, err := after(g.LastDeliveredID)
			if err != nil {
				return nil, err
			}
			pos := position{needed: next, delivered: g.LastDeliveredID, lag: g.Lag}
			switch {
			case compareIDs(g.LastDeliveredID, all[b].last) >= 0:
				pos.lag = 0 // miniredis counts differently
			case g.Lag < 0: // the server can't tell: at most this many
				pos.lag = all[b].length
			}
			all[b].groups[g.Name] = pos
			if g.Pending > 0 {
				asked[b][g.Name] = pipe.XPending(ctx, redisdb.EventsKey(tag), g.Name)
			}
		}
	}
	if pipe.Len() > 0 {
		_, _ = pipe.Exec(ctx) // each error is in its answer
	}
	for b, names := range asked {
		for name, a := range names {
			pending, err := a.Result()
			if err != nil {
				return nil, fmt.Errorf("read the pending entries of group %s in bucket %d: %w", name, b, err)
			}
			if pending.Count > 0 {
				pos := all[b].groups[name]
				pos.needed, pos.pending, pos.oldest = pending.Lower, pending.Count, pending.Lower
				all[b].groups[name] = pos
			}
		}
	}
	return all, nil
}

// lastOf returns the last id that a stream assigned, and its number of entries.
func lastOf(info *redis.XInfoStreamCmd) (string, int64, error) {
	s, err := info.Result()
	if streams.NoStream(err) {
		return beginning, 0, errNoStream
	}
	if err != nil {
		return "", 0, err
	}
	if s.LastGeneratedID == "" { // miniredis, for a stream that never had an entry
		return beginning, s.Length, nil
	}
	return s.LastGeneratedID, s.Length, nil
}

// splitID splits the id of an entry: its time in ms, and its number within it.
func splitID(id string) (ms, seq uint64, err error) {
	a, b, ok := strings.Cut(id, "-")
	if ms, err = strconv.ParseUint(a, 10, 64); err == nil && ok {
		seq, err = strconv.ParseUint(b, 10, 64)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%q is not an entry id", id)
	}
	return ms, seq, nil
}

// after returns the smallest id behind one.
func after(id string) (string, error) {
	ms, seq, err := splitID(id)
	if err != nil {
		return "", err
	}
	if seq == math.MaxUint64 {
		return fmt.Sprintf("%d-0", ms+1), nil
	}
	return fmt.Sprintf("%d-%d", ms, seq+1), nil
}

// compareIDs orders ids that a server assigned.
func compareIDs(a, b string) int {
	ams, aseq, _ := splitID(a)
	bms, bseq, _ := splitID(b)
	switch {
	case ams < bms, ams == bms && aseq < bseq:
		return -1
	case ams == bms && aseq == bseq:
		return 0
	}
	return 1
}
