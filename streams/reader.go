package streams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

const (
	// perRound is roughly how many entries a round reads, and perBucket how many of them
	// may come from one bucket.
	perRound  = 5000
	perBucket = 500
	// perClaim bounds how many entries of one bucket are taken over from dead consumers at
	// once.
	perClaim = 100
)

// beginning is a position before all entries of a stream.
const beginning = "0-0"

// Options of a reader.
type Options struct {
	Redis redis.UniversalClient
	// Group to read for. The reader doesn't create it: see Register.
	Group string
	// Consumer names this reader in its group: no other one may use the name while this one
	// reads.
	Consumer string
	// ClaimAfter is how long an entry may stay unacknowledged with a consumer before
	// another one takes it over.
	ClaimAfter time.Duration
	Log        *slog.Logger
}

// Reader takes entries for a group, as one of its consumers. It is for one goroutine.
type Reader struct {
	Options
	// catchUp means that entries may have been delivered to this consumer without reaching
	// it.
	catchUp bool
	// full are the buckets that had more than was requested the last time.
	full map[int]bool
	// claimAt is when to check for entries of dead consumers.
	claimAt   time.Time
	claimFrom [redisdb.Buckets]string
}

// New returns a reader that starts with the entries that its consumer never acknowledged.
func New(o Options) (*Reader, error) {
	if o.Redis == nil || o.Group == "" || o.Consumer == "" || o.ClaimAfter <= 0 || o.Log == nil {
		return nil, errors.New("a reader of the streams needs Redis, a group, its own name, a time and a log")
	}
	r := &Reader{Options: o, catchUp: true, full: map[int]bool{}}
	for b := range r.claimFrom {
		r.claimFrom[b] = beginning
	}
	return r, nil
}

// Again makes the next Gather start with entries that were delivered but not acknowledged.
func (r *Reader) Again() { r.catchUp = true }

// Gather takes new entries; before those, entries that were delivered to this consumer
// without reaching it and, from time to time, entries that a dead consumer left.
func (r *Reader) Gather(ctx context.Context) ([]Entry, error) {
	if r.catchUp {
		mine, err := r.read(ctx, "0")
		if err != nil || len(mine) > 0 {
			return mine, err
		}
		r.catchUp = false
	}
	if !time.Now().Before(r.claimAt) {
		left, more, err := r.claim(ctx)
		if err != nil {
			return nil, err
		}
		if !more {
			r.claimAt = time.Now().Add(r.ClaimAfter / 2)
		}
		if len(left) > 0 {
			return left, nil
		}
	}
	return r.read(ctx, ">")
}

// read asks all streams in one pipeline, without blocking: a cluster refuses an XREADGROUP
// over two buckets. After is ">" for new entries, "0" for those already delivered to this
// consumer.
func (r *Reader) read(ctx context.Context, after string) ([]Entry, error) {
	pipe := r.Redis.Pipeline()
	asked, counts := make([]*redis.XStreamSliceCmd, redisdb.Buckets), r.counts()
	for b, tag := range redisdb.AllBuckets() {
		asked[b] = pipe.XReadGroup(ctx, &redis.XReadGroupArgs{
			Group: r.Group, Consumer: r.Consumer, Streams: []string{redisdb.EventsKey(tag), after},
			Count: int64(counts[b]), Block: -1,
		})
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	var all []Entry
	clear(r.full)
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
				all = append(all, Entry{b, m.ID, m.Values})
			}
			r.full[b] = len(s.Messages) == counts[b]
		}
	}
	return all, nil
}

// counts divides a round among the buckets: each gets its share, and those that had more
// the last time divide the rest.
func (r *Reader) counts() [redisdb.Buckets]int {
	busy := 0
	for _, full := range r.full {
		if full {
			busy++
		}
	}
	var counts [redisdb.Buckets]int
	for b := range counts {
		counts[b] = perRound / redisdb.Buckets
		if r.full[b] {
			counts[b] = max(counts[b], min(perBucket, perRound/busy))
		}
	}
	return counts
}

// claim takes over entries that a consumer left unacknowledged for long; there may be more.
func (r *Reader) claim(ctx context.Context) (all []Entry, more bool, err error) {
	pipe := r.Redis.Pipeline()
	asked := make([]*redis.XAutoClaimCmd, redisdb.Buckets)
	for b, tag := range redisdb.AllBuckets() {
		asked[b] = pipe.XAutoClaim(ctx, &redis.XAutoClaimArgs{
			Stream: redisdb.EventsKey(tag), Group: r.Group, Consumer: r.Consumer, MinIdle: r.ClaimAfter, Start: r.claimFrom[b], Count: perClaim,
		})
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	for b, a := range asked {
		left, next, err := a.Result()
		if err != nil {
			return nil, false, fmt.Errorf("claim pending entries of bucket %d: %w", b, err)
		}
		for _, m := range left {
			all = append(all, Entry{b, m.ID, m.Values})
		}
		r.claimFrom[b] = next // it examines a bounded number of entries, whichever consumer has them
		more = more || next != beginning
	}
	if len(all) > 0 {
		r.Log.InfoContext(ctx, "took over entries of another consumer", "group", r.Group, "entries", len(all))
	}
	return all, more, nil
}

// Ack acknowledges the entries as handled.
func (r *Reader) Ack(ctx context.Context, entries []Entry) error {
	ids := map[int][]string{}
	for _, e := range entries {
		ids[e.Bucket] = append(ids[e.Bucket], e.ID)
	}
	pipe := r.Redis.Pipeline()
	tags := redisdb.AllBuckets()
	for b, done := range ids {
		pipe.XAck(ctx, redisdb.EventsKey(tags[b]), r.Group, done...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("acknowledge %d entries: %w", len(entries), err)
	}
	return nil
}
