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

// leaseFor is how long the streams stay whole for a rebuild whose process is gone.
const leaseFor = 10 * time.Minute

// letGoWithin bounds the end of a lease.
const letGoWithin = 5 * time.Second

// ErrLapsed says that nobody renewed the lease in time: changes may have been
// trimmed. The rebuild has to begin anew.
var ErrLapsed = errors.New("the streams were not held any more, changes may be missing")

// Changes tells who builds a view anew which entities changed meanwhile. From Begin
// to End no stream is trimmed beyond what Since was last asked for. One Changes is
// for one rebuild.
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

// NewChanges holds nothing yet.
func NewChanges(rdb redis.UniversalClient) *Changes {
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	return &Changes{rdb: rdb, lease: "reindex:" + hex.EncodeToString(id[:]), leaseFor: leaseFor}
}

// Begin notes where the streams end now. They are held from here on, until End, or
// until ctx ends and the lease runs out.
func (c *Changes) Begin(ctx context.Context) (at Position, err error) {
	defer func() {
		if err != nil { // nobody ends what never began
			err = errors.Join(err, c.letGo(ctx))
		}
	}()
	// Held first, noted second: what comes in between is held too.
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
			// One that failed is tried again; Since tells if it was too late.
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

// Since lists what changed behind from, up to now, and where that is. What lies
// before from may be trimmed then. It can be asked again from there.
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
	// Only now it is sure that all of it was still there.
	if err := c.renew(ctx, nil); err != nil {
		return Changed{}, nil, err
	}
	return Changed{slices.Sorted(maps.Keys(products)), slices.Sorted(maps.Keys(orders))}, to, nil
}

// pageOfChanges is how many entries are read at once.
const pageOfChanges = 1000

// walk goes over the entries of a bucket behind one place, up to another.
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

// ends are the places of the last entries.
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

// letGo gives the lease back, also where ctx has ended. One that stays, since Redis is
// away, runs out by itself.
func (c *Changes) letGo(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), letGoWithin)
	defer cancel()
	return release(ctx, c.rdb, c.lease)
}
