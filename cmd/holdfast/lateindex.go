package main

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"holdfast/search"
)

// errNotOpen is why an index is away that was never there since the start.
var errNotOpen = errors.New("the index was not reached since the start")

// lateIndex is an index that may be opened when the process runs already. Until
// then it answers as one does that is away.
type lateIndex struct {
	index atomic.Pointer[search.Index]
	// stop ends the tries to open it, done is closed when they have ended.
	stop context.CancelFunc
	done chan struct{}
}

func newLateIndex() *lateIndex {
	done := make(chan struct{})
	close(done)
	return &lateIndex{stop: func() {}, done: done}
}

func (l *lateIndex) opened(i search.Index) { l.index.Store(&i) }

// goOnTrying opens the index as soon as it is there. Close ends it.
func (l *lateIndex) goOnTrying(ctx context.Context, open opener, log *slog.Logger) {
	ctx, l.stop = context.WithCancel(ctx)
	l.done = make(chan struct{})
	go func() {
		defer close(l.done)
		for pause := firstPause; ; pause = min(2*pause, maxPause) {
			timer := time.NewTimer(pause)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			try, cancel := context.WithTimeout(ctx, askFor)
			index, err := open(try)
			cancel()
			if err == nil {
				l.opened(index)
				log.InfoContext(ctx, "search is there")
				return
			}
			log.WarnContext(ctx, "waiting for search", "error", causeOf(err))
		}
	}()
}

// Close ends the tries, and closes what was opened.
func (l *lateIndex) Close() error {
	l.stop()
	<-l.done
	if i := l.index.Load(); i != nil {
		return (*i).Close()
	}
	return nil
}

// ask asks the index where it is open.
func ask[T any](l *lateIndex, doing string, call func(search.Index) (T, error)) (T, error) {
	if i := l.index.Load(); i != nil {
		return call(*i)
	}
	var none T
	return none, &search.UnavailableError{Doing: doing, Cause: errNotOpen}
}

// SearchProducts implements api.Index.
func (l *lateIndex) SearchProducts(ctx context.Context, q search.ProductQuery) (search.ProductPage, error) {
	return ask(l, "search products", func(i search.Index) (search.ProductPage, error) { return i.SearchProducts(ctx, q) })
}

// Suggest implements api.Index.
func (l *lateIndex) Suggest(ctx context.Context, q search.SuggestQuery) (search.Suggestions, error) {
	return ask(l, "suggest", func(i search.Index) (search.Suggestions, error) { return i.Suggest(ctx, q) })
}

// ListOrders implements api.Index.
func (l *lateIndex) ListOrders(ctx context.Context, q search.OrderQuery) (search.OrderPage, error) {
	return ask(l, "list orders", func(i search.Index) (search.OrderPage, error) { return i.ListOrders(ctx, q) })
}

// GetOrder implements api.Index.
func (l *lateIndex) GetOrder(ctx context.Context, id string) (search.Order, error) {
	return ask(l, "get an order", func(i search.Index) (search.Order, error) { return i.GetOrder(ctx, id) })
}

// ListEvents implements api.Index.
func (l *lateIndex) ListEvents(ctx context.Context, q search.EventQuery) (search.EventPage, error) {
	return ask(l, "list events", func(i search.Index) (search.EventPage, error) { return i.ListEvents(ctx, q) })
}

// Put implements projector.Index.
func (l *lateIndex) Put(ctx context.Context, b search.Batch) (search.Results, error) {
	return ask(l, "put documents", func(i search.Index) (search.Results, error) { return i.Put(ctx, b) })
}

// Revisions implements worker.Index.
func (l *lateIndex) Revisions(ctx context.Context, v search.View, ids []string) (map[string]int64, error) {
	return ask(l, "read revisions", func(i search.Index) (map[string]int64, error) { return i.Revisions(ctx, v, ids) })
}

// WalkOrders implements audit.ColdOrders.
func (l *lateIndex) WalkOrders(ctx context.Context, after string, limit int) ([]search.Order, error) {
	return ask(l, "walk over orders", func(i search.Index) ([]search.Order, error) { return i.WalkOrders(ctx, after, limit) })
}
