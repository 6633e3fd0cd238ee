package projector

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

const (
	// perRound is about how many entries a round takes, and perBucket how many of
	// them may be of one bucket.
	perRound  = 5000
	perBucket = 500
	// perClaim bounds what is taken over from dead consumers of one bucket at once.
	perClaim = 100
)

// beginning is a place before all entries of a stream.
const beginning = "0-0"

// entry is one entry of a bucket's stream.
type entry struct {
	bucket int
	id     string
	values map[string]any
}

// gather takes entries that nobody has had yet; but first those that this consumer
// has and never saw, and from time to time those that a dead one left.
func (p *Projector) gather(ctx context.Context) ([]entry, error) {
	if p.catchUp {
		mine, err := p.read(ctx, "0")
		if err != nil || len(mine) > 0 {
			return mine, err
		}
		p.catchUp = false
	}
	if !time.Now().Before(p.claimAt) {
		left, more, err := p.claim(ctx)
		if err != nil {
			return nil, err
		}
		if !more {
			p.claimAt = time.Now().Add(p.ClaimAfter / 2)
		}
		if len(left) > 0 {
			return left, nil
		}
	}
	return p.read(ctx, ">")
}

// read asks all streams in one pipeline, without blocking: one XREADGROUP over two
// buckets is refused by a cluster. After is ">" for new entries, "0" for those that
// this consumer has already.
func (p *Projector) read(ctx context.Context, after string) ([]entry, error) {
	pipe := p.Redis.Pipeline()
	asked, counts := make([]*redis.XStreamSliceCmd, redisdb.Buckets), p.counts()
	for b, tag := range redisdb.AllBuckets() {
		asked[b] = pipe.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: Group, Consumer: p.Consumer, Streams: []string{redisdb.EventsKey(tag), after},
			Count: int64(counts[b]), Block: -1,
		})
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	var all []entry
	clear(p.full)
	for b, a := range asked {
		streams, err := a.Result()
		if isNil(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the stream of bucket %d: %w", b, err)
		}
		for _, s := range streams {
			for _, m := range s.Messages {
				all = append(all, entry{b, m.ID, m.Values})
			}
			p.full[b] = len(s.Messages) == counts[b]
		}
	}
	return all, nil
}

// counts shares a round among the buckets: each gets its part, and those that had
// more the last time share out what that leaves.
func (p *Projector) counts() [redisdb.Buckets]int {
	busy := 0
	for _, full := range p.full {
		if full {
			busy++
		}
	}
	var counts [redisdb.Buckets]int
	for b := range counts {
		counts[b] = perRound / redisdb.Buckets
		if p.full[b] {
			counts[b] = max(counts[b], min(perBucket, perRound/busy))
		}
	}
	return counts
}

// claim takes over entries that a consumer had for long without acknowledging
// them; more may be left.
func (p *Projector) claim(ctx context.Context) (all []entry, more bool, err error) {
	pipe := p.Redis.Pipeline()
	asked := make([]*redis.XAutoClaimCmd, redisdb.Buckets)
	for b, tag := range redisdb.AllBuckets() {
		asked[b] = pipe.XAutoClaim(ctx, &redis.XAutoClaimArgs{
			Stream: redisdb.EventsKey(tag), Group: Group, Consumer: p.Consumer, MinIdle: p.ClaimAfter, Start: p.claimFrom[b], Count: perClaim,
		})
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	for b, a := range asked {
		left, next, err := a.Result()
		if err != nil {
			return nil, false, fmt.Errorf("claim what is left of bucket %d: %w", b, err)
		}
		for _, m := range left {
			all = append(all, entry{b, m.ID, m.Values})
		}
		p.claimFrom[b] = next // it looks at a bounded number of them, whoever has them
		more = more || next != beginning
	}
	if len(all) > 0 {
		p.Log.InfoContext(ctx, "entries of another projector were taken over", "entries", len(all))
	}
	return all, more, nil
}

// ack tells the streams that the entries are dealt with.
func (p *Projector) ack(ctx context.Context, entries []entry) error {
	ids := map[int][]string{}
	for _, e := range entries {
		ids[e.bucket] = append(ids[e.bucket], e.id)
	}
	pipe := p.Redis.Pipeline()
	tags := redisdb.AllBuckets()
	for b, done := range ids {
		pipe.XAck(ctx, redisdb.EventsKey(tags[b]), Group, done...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("acknowledge %d entries: %w", len(entries), err)
	}
	return nil
}
