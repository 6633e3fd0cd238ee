// Package live follows orders, so that pages can show their changes as they happen. However many pages
// show an order to a caller, one call to the API waits for its changes.
package live

import (
	"context"
	"errors"
	"sync"
	"time"

	"holdfast/client"
)

// Limits of streams. What exceeds them polls.
const (
	// MostStreams of this process.
	MostStreams = 2000
	// MostOfVisitor is for one visitor. Browsers open six connections to a server, and a stream takes
	// one.
	MostOfVisitor = 5
	// MostOfNetwork is for all visitors of one network: sessions are easily made.
	MostOfNetwork = 200
)

const (
	// waitUpstream is how long the API may delay its answer until the order changes.
	waitUpstream = 20 * time.Second
	// between two changes that are passed on, so that a busy order doesn't flood its pages.
	between = time.Second
	// pause after an error.
	pause = 3 * time.Second
)

// ErrTooMany means that there is no room for another stream.
var ErrTooMany = errors.New("too many pages follow orders")

// Orders follows orders.
type Orders struct {
	mu       sync.Mutex
	followed map[key]*followed
	streams  int
	holders  map[string]int // the streams of each visitor and network
	closing  context.Context
	end      context.CancelFunc
	running  sync.WaitGroup
	between  time.Duration
}

// Visitor is whom a stream counts for.
type Visitor struct {
	// Session is the name of theirs.
	Session string
	// Network is the one that they come from.
	Network string
}

// shares are what a stream of the visitor counts against, with how many there may be.
func (v Visitor) shares() map[string]int {
	return map[string]int{"session/" + v.Session: MostOfVisitor, "network/" + v.Network: MostOfNetwork}
}

// key is an order as one caller sees it.
type key struct{ orderID, caller string }

type followed struct {
	latest  client.Order
	version int64 // 0: nothing is known yet
	changed chan struct{}
	readers int
	stop    context.CancelFunc
}

// New returns an Orders. Close it.
func New() *Orders {
	o := &Orders{followed: map[key]*followed{}, holders: map[string]int{}, between: between}
	o.closing, o.end = context.WithCancel(context.Background())
	return o
}

// Close ends everything and waits for it.
func (o *Orders) Close() {
	o.end()
	o.running.Wait()
}

// Source reads an order as soon as it is above a version, or as it is after a while.
type Source func(ctx context.Context, orderID string, version int64, wait time.Duration) (client.Order, error)

// Follow calls show with the order whenever it is above a version that was shown, until the context
// ends, show returns an error, or the order is over. caller and visitor say who asks: streams of one
// caller share the waits, and a visitor may have MostOfVisitor streams, their network MostOfNetwork.
func (o *Orders) Follow(
	ctx context.Context, orderID, caller string, visitor Visitor, above int64, read Source, show func(client.Order) error, beat func() error,
) error {
	f, err := o.join(key{orderID, caller}, visitor, read) //nolint:contextcheck // what waits for the order outlives the first stream
	if err != nil {
		return err
	}
	defer o.leave(key{orderID, caller}, visitor, f)
	heartbeat := time.NewTicker(15 * time.Second)
	defer heartbeat.Stop()
	for {
		o.mu.Lock()
		latest, version, changed := f.latest, f.version, f.changed
		o.mu.Unlock()
		if version > above {
			above = version
			if err := show(latest); err != nil {
				return err
			}
			if latest.Closed() {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-o.closing.Done():
			return nil
		case <-heartbeat.C:
			if err := beat(); err != nil {
				return err
			}
		case <-changed:
		}
	}
}

func (o *Orders) join(k key, visitor Visitor, read Source) (*followed, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.streams >= MostStreams || o.closing.Err() != nil {
		return nil, ErrTooMany
	}
	for holder, most := range visitor.shares() {
		if o.holders[holder] >= most {
			return nil, ErrTooMany
		}
	}
	o.streams++
	for holder := range visitor.shares() {
		o.holders[holder]++
	}
	f := o.followed[k]
	if f == nil {
		ctx, stop := context.WithCancel(o.closing)
		f = &followed{changed: make(chan struct{}), stop: stop}
		o.followed[k] = f
		o.running.Go(func() { o.watch(ctx, k, f, read) })
	}
	f.readers++
	return f, nil
}

func (o *Orders) leave(k key, visitor Visitor, f *followed) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.streams--
	for holder := range visitor.shares() {
		if o.holders[holder]--; o.holders[holder] == 0 {
			delete(o.holders, holder)
		}
	}
	if f.readers--; f.readers > 0 {
		return
	}
	f.stop()
	if o.followed[k] == f {
		delete(o.followed, k)
	}
}

// watch waits for changes until nothing follows the order any more.
func (o *Orders) watch(ctx context.Context, k key, f *followed, read Source) {
	var version int64 // the first read answers at once: pages may have been made at different versions
	for ctx.Err() == nil {
		order, err := read(ctx, k.orderID, version, waitUpstream)
		rest := o.between
		switch {
		case err != nil:
			rest = pause
		case order.Version > version:
			version = order.Version
			o.mu.Lock()
			f.latest, f.version = order, version
			close(f.changed)
			f.changed = make(chan struct{})
			o.mu.Unlock()
			if order.Closed() {
				return
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(rest):
		}
	}
}
