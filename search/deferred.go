package search

import (
	"context"
	"errors"
	"sync"
	"time"
)

// How often a Deferred tries to open its index.
const (
	firstOpenPause   = 100 * time.Millisecond
	longestOpenPause = 5 * time.Second
)

// Deferred is an Index that may not be available yet: until it is open, every call returns
// an *UnavailableError. So a gateway can start, and take orders, while the index is down.
type Deferred struct {
	mu     sync.RWMutex
	index  Index // nil until it is open
	why    error // why it isn't open
	closed bool
	stop   context.CancelFunc
	done   chan struct{}
}

var _ Index = (*Deferred)(nil)

var errNotOpened = errors.New("it is being opened")

// OpenDeferred opens an index now or as soon as possible, until Close. It waits at most
// patience for the first success. failed is called each time that opening fails; it may be
// nil.
func OpenDeferred(ctx context.Context, patience time.Duration, open func(context.Context) (Index, error), failed func(error)) *Deferred {
	opening, stop := context.WithCancel(context.WithoutCancel(ctx))
	d := &Deferred{why: errNotOpened, stop: stop, done: make(chan struct{})}
	go d.open(opening, open, failed)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-d.done:
	case <-timer.C:
	case <-ctx.Done():
	}
	return d
}

func (d *Deferred) open(ctx context.Context, open func(context.Context) (Index, error), failed func(error)) {
	defer close(d.done)
	for pause := firstOpenPause; ; pause = min(2*pause, longestOpenPause) {
		index, err := open(ctx)
		if d.took(index, err) {
			return
		}
		if failed != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// took stores the result of opening, and reports whether opening is finished.
func (d *Deferred) took(index Index, err error) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.why = err
		return false
	}
	if d.closed {
		_ = index.Close() // it was never used
		return true
	}
	d.index = index
	return true
}

// with returns the index once it is open.
func (d *Deferred) with(doing string) (Index, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	switch {
	case d.closed:
		return nil, ErrClosed
	case d.index == nil:
		return nil, &UnavailableError{Doing: doing, Cause: d.why}
	}
	return d.index, nil
}

// Close implements Index. It stops opening first.
func (d *Deferred) Close() error {
	d.mu.Lock()
	index := d.index
	already := d.closed
	d.closed = true
	d.mu.Unlock()
	d.stop()
	<-d.done
	if already || index == nil {
		return nil
	}
	return index.Close()
}

func deferred[T any](d *Deferred, doing string, call func(Index) (T, error)) (T, error) {
	index, err := d.with(doing)
	if err != nil {
		var none T
		return none, err
	}
	return call(index)
}

// Put implements Index.
func (d *Deferred) Put(ctx context.Context, b Batch) (Results, error) {
	return deferred(d, "put documents", func(x Index) (Results, error) { return x.Put(ctx, b) })
}

// GetProduct implements Index.
func (d *Deferred) GetProduct(ctx context.Context, id string) (Product, error) {
	return deferred(d, "read a product", func(x Index) (Product, error) { return x.GetProduct(ctx, id) })
}

// GetOrder implements Index.
func (d *Deferred) GetOrder(ctx context.Context, id string) (Order, error) {
	return deferred(d, "read an order", func(x Index) (Order, error) { return x.GetOrder(ctx, id) })
}

// SearchProducts implements Index.
func (d *Deferred) SearchProducts(ctx context.Context, q ProductQuery) (ProductPage, error) {
	return deferred(d, "search products", func(x Index) (ProductPage, error) { return x.SearchProducts(ctx, q) })
}

// Suggest implements Index.
func (d *Deferred) Suggest(ctx context.Context, q SuggestQuery) (Suggestions, error) {
	return deferred(d, "suggest", func(x Index) (Suggestions, error) { return x.Suggest(ctx, q) })
}

// ListOrders implements Index.
func (d *Deferred) ListOrders(ctx context.Context, q OrderQuery) (OrderPage, error) {
	return deferred(d, "list orders", func(x Index) (OrderPage, error) { return x.ListOrders(ctx, q) })
}

// CountOrders implements Index.
func (d *Deferred) CountOrders(ctx context.Context, q OrderCountQuery) (OrderCounts, error) {
	return deferred(d, "count orders", func(x Index) (OrderCounts, error) { return x.CountOrders(ctx, q) })
}

// ListEvents implements Index.
func (d *Deferred) ListEvents(ctx context.Context, q EventQuery) (EventPage, error) {
	return deferred(d, "list events", func(x Index) (EventPage, error) { return x.ListEvents(ctx, q) })
}

// Revisions implements Index.
func (d *Deferred) Revisions(ctx context.Context, v View, ids []string) (map[string]int64, error) {
	return deferred(d, "read revisions", func(x Index) (map[string]int64, error) { return x.Revisions(ctx, v, ids) })
}

// WalkProducts implements Index.
func (d *Deferred) WalkProducts(ctx context.Context, after string, limit int) ([]Product, error) {
	return deferred(d, "walk over products", func(x Index) ([]Product, error) { return x.WalkProducts(ctx, after, limit) })
}

// WalkOrders implements Index.
func (d *Deferred) WalkOrders(ctx context.Context, after string, limit int) ([]Order, error) {
	return deferred(d, "walk over orders", func(x Index) ([]Order, error) { return x.WalkOrders(ctx, after, limit) })
}

// Stale implements Index.
func (d *Deferred) Stale(ctx context.Context) ([]View, error) {
	return deferred(d, "check the views", func(x Index) ([]View, error) { return x.Stale(ctx) })
}

// Unfilled implements Index.
func (d *Deferred) Unfilled(ctx context.Context) ([]View, error) {
	return deferred(d, "find unfilled views", func(x Index) ([]View, error) { return x.Unfilled(ctx) })
}

// Rebuild implements Index.
func (d *Deferred) Rebuild(ctx context.Context, v View) (Rebuild, error) {
	return deferred(d, "start a rebuild", func(x Index) (Rebuild, error) { return x.Rebuild(ctx, v) })
}
