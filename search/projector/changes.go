package projector

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"holdfast/redisdb"
	"holdfast/streams"
)

// leaseFor is how long the streams stay untrimmed for a rebuild whose process is gone.
const leaseFor = 10 * time.Minute

// letGoWithin bounds the end of a lease.
const letGoWithin = 5 * time.Second

// ErrLapsed means that the lease was not renewed in time: changes may have been trimmed.
// The rebuild must start again.
var ErrLapsed = errors.New("the lease on the streams expired, changes may be missing")

// Changes tells a rebuild which entities changed meanwhile. From Begin to End no stream is
// trimmed beyond the last position passed to Since. One Changes is for one rebuild.
type Changes struct {
	rdb      redis.UniversalClient
	lease    string
	leaseFor time.Duration

	stop    context.CancelFunc
	renewed sync.WaitGroup
}

// Changed are entities that changed, each once.
type Changed struct {
	Products, Orders []string
}

// NewChanges returns a Changes without a lease.
func NewChanges(rdb redis.UniversalClient) *Changes {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	return &Changes{rdb: rdb, lease: "reindex:" + hex.EncodeToString(id[:]), leaseFor: leaseFor}
}

// Begin notes where the streams end now, and keeps them from there on until End, or until
// ctx ends and the lease expires.
func (c *Changes) Begin(ctx context.Context) (at Position, err error) {
	defer func() {
		if err != nil { // if Begin fails, End is never called
			err = errors.Join(err, c.letGo(ctx))
		}
	}()
	// The lease comes first: entries appended in between are kept too.
	if _, err := hold(ctx, c.rdb, c.lease, c.leaseFor, true, nil); err != nil {
		return nil, err
	}
	if at, err = c.ends(ctx); err != nil {
		return nil, err
	}
	if err := c.renew(ctx, at); err != nil {
		return nil, err
	}
	renewing, stop := context.WithCancel(ctx)
	c.stop = stop
	c.renewed.Go(func() {
		for sleep(renewing, c.leaseFor/5) == nil {
			// A failed renewal is retried; Since notices if it came too late.
			_ = c.renew(renewing, nil)
		}
	})
	return at, nil
}

func (c *Changes) renew(ctx context.Context, at Position) error {
	holds, err := hold(ctx, c.rdb, c.lease, c.leaseFor, false, at)
	if err == nil && !holds {
		err = ErrLapsed
	}
	return err
}

// Since lists what changed after from, up to now, and returns the new position. Entries
// before from may then be trimmed; from itself can be used again.
func (c *Changes) Since(ctx context.Context, from Position) (Changed, Position, error) {
	if len(from) != redisdb.Buckets {
		return Changed{}, nil, fmt.Errorf("a position has %d places, not %d", len(from), redisdb.Buckets)
	}
	if err := c.renew(ctx, from); err != nil {
		return Changed{}, nil, err
	}
	to, err := c.ends(ctx)
	if err != nil {
		return Changed{}, nil, err
	}
	products, orders := map[string]struct{}{}, map[string]struct{}{}
	for b, begin := range from {
		err := c.walk(ctx, b, begin, to[b], func(w work) {
			for _, id := range w.products {
				products[id] = struct{}{}
			}
			for _, id := range w.orders {
				orders[id] = struct{}{}
			}
		})
		if err != nil {
			return Changed{}, nil, err
		}
	}
	// Only now is it certain that everything was still there.
	if err := c.renew(ctx, nil); err != nil {
		return Changed{}, nil, err
	}
	return Changed{slices.Sorted(maps.Keys(products)), slices.Sorted(maps.Keys(orders))}, to, nil
}

// pageOfChanges is how many entries are read at once.
const pageOfChanges = 1000

// walk iterates over the entries of a bucket after one position, up to another.
func (c *Changes) walk(ctx context.Context, bucket int, from, to string, see func(work)) error {
	key := redisdb.EventsKey(redisdb.AllBuckets()[bucket])
	for compareIDs(from, to) < 0 {
		page, err := c.rdb.XRangeN(ctx, key, "("+from, to, pageOfChanges).Result()
		if err != nil {
			return fmt.Errorf("read the stream of bucket %d: %w", bucket, err)
		}
		if len(page) == 0 {
			return nil
		}
		entries := make([]streams.Entry, len(page))
		for i, m := range page {
			entries[i] = streams.Entry{Bucket: bucket, ID: m.ID, Values: m.Values}
		}
		see(sortOut(entries))
		from = page[len(page)-1].ID
	}
	return nil
}

// ends returns the positions of the last entries.
func (c *Changes) ends(ctx context.Context) (Position, error) {
	pipe := c.rdb.Pipeline()
	asked := make([]*redis.XInfoStreamCmd, redisdb.Buckets)
	for b, tag := range redisdb.AllBuckets() {
		asked[b] = pipe.XInfoStream(ctx, redisdb.EventsKey(tag))
	}
	_, _ = pipe.Exec(ctx) // each error is in its answer
	at := make(Position, redisdb.Buckets)
	for b, a := range asked {
		last, _, err := lastOf(a)
		if err != nil && !errors.Is(err, errNoStream) {
			return nil, fmt.Errorf("find the end of the stream of bucket %d: %w", b, err)
		}
		at[b] = last
	}
	return at, nil
}

// End lets the streams be trimmed again.
func (c *Changes) End(ctx context.Context) error {
	if c.stop != nil {
		c.stop()
		c.renewed.Wait()
	}
	return c.letGo(ctx)
}

// letGo ends the lease, even if ctx has ended. If Redis can't be reached, it expires by
// itself.
func (c *Changes) letGo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), letGoWithin)
	defer cancel()
	return release(ctx, c.rdb, c.lease)
}
