package projector

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
)

// dropAfter is how many times ClaimAfter a consumer must be idle before it is deleted.
// Others have long taken over its entries by then.
const dropAfter = 20

// upkeep does the work outside of rounds: it measures how far the views lag, even while the
// index is down, trims the streams, and deletes dead consumers.
func (p *Projector) upkeep(ctx context.Context) {
	failing := false
	for {
		err := p.upkeepOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !failing {
			p.Log.WarnContext(ctx, "the upkeep of the event streams failed", "error", err)
		}
		failing = err != nil
		if sleep(ctx, p.Housekeeping) != nil {
			return
		}
	}
}

func (p *Projector) upkeepOnce(ctx context.Context) error {
	if err := p.measure(ctx); err != nil {
		return err
	}
	n, err := Trim(ctx, p.Redis)
	if err != nil {
		return err
	}
	p.metrics.trimmed.Add(float64(n))
	return p.reader.DropConsumers(ctx, dropAfter*p.ClaimAfter)
}

// measure measures how far the views lag behind.
func (p *Projector) measure(ctx context.Context) error {
	letters, err := DeadLetters(ctx, p.Redis)
	if err != nil {
		return err
	}
	state, err := readPositions(ctx, p.Redis)
	if err != nil {
		return err
	}
	now, err := p.Redis.Time(ctx).Result() // entries have the server's time
	if err != nil {
		return wrap("ask redis for its time", err)
	}
	oldest, err := p.oldest(ctx, state)
	if err != nil {
		return err
	}
	p.metrics.letters.Set(float64(letters))
	var lag int64
	for _, s := range state {
		lag += s.groups[Group].lag + s.groups[Group].pending
	}
	p.metrics.lagEvents.Set(float64(lag))
	late := 0.0
	if oldest != "" {
		ms, _, err := splitID(oldest)
		if err != nil {
			return err
		}
		late = max(0, now.Sub(time.UnixMilli(int64(ms))).Seconds()) //nolint:gosec // it is a time
	}
	p.metrics.lagSeconds.Set(late)
	return nil
}

// oldest returns the id of the oldest unacknowledged entry, or the empty string.
func (p *Projector) oldest(ctx context.Context, state []bucketState) (string, error) {
	oldest := ""
	older := func(id string) {
		if oldest == "" || compareIDs(id, oldest) < 0 {
			oldest = id
		}
	}
	pipe := p.Redis.Pipeline()
	var asked []*redis.XMessageSliceCmd
	for b, tag := range redisdb.AllBuckets() {
		switch pos := state[b].groups[Group]; {
		case pos.pending > 0:
			older(pos.oldest)
		case pos.lag > 0:
			asked = append(asked, pipe.XRangeN(ctx, redisdb.EventsKey(tag), "("+pos.delivered, "+", 1))
		}
	}
	if len(asked) == 0 {
		return oldest, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return "", wrap("find the oldest entry", err)
	}
	for _, a := range asked {
		for _, m := range a.Val() {
			older(m.ID)
		}
	}
	return oldest, nil
}
