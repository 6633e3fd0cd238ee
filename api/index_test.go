package api_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"

	"holdfast/search"
)

// fakeIndex answers with what it was given, page by page: what matches is the real
// index's affair. It refuses wrong queries as each index does.
type fakeIndex struct {
	mu       sync.Mutex
	products []search.ProductHit
	facets   search.Facets
	tolerant bool
	suggests search.Suggestions
	orders   []search.Order
	events   []search.Event
	stale    []search.View
	// err is what every call answers. hangs: until the caller goes.
	err   error
	hangs bool
	// asked are the queries that came, in order.
	asked []any
}

var errIndexDown = &search.UnavailableError{Doing: "search", Cause: errors.New("connect: wrong password")}

func (f *fakeIndex) set(change func(*fakeIndex)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// ask notes the question, and fails as it was told to.
func (f *fakeIndex) ask(ctx context.Context, q any) error {
	f.mu.Lock()
	f.asked = append(f.asked, q)
	hangs, err := f.hangs, f.err
	f.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return &search.UnavailableError{Doing: "search", Cause: ctx.Err()}
	}
	return err
}

// last is the question that came last.
func (f *fakeIndex) last() any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[len(f.asked)-1]
}

// pageOf cuts a page out of all; its cursor holds where the next one begins.
func pageOf[T any](all []T, keys []string, size int) (page []T, next string, err error) {
	from := 0
	if len(keys) > 0 {
		if from, err = strconv.Atoi(keys[0]); err != nil || from < 0 || from > len(all) {
			return nil, "", search.BadCursor()
		}
	}
	to := min(from+size, len(all))
	if to < len(all) {
		next = strconv.Itoa(to)
	}
	return slices.Clone(all[from:to]), next, nil
}

func (f *fakeIndex) SearchProducts(ctx context.Context, q search.ProductQuery) (search.ProductPage, error) {
	if err := errors.Join(q.Validate(), f.ask(ctx, q)); err != nil {
		return search.ProductPage{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	keys, err := q.After()
	if err != nil {
		return search.ProductPage{}, err
	}
	items, next, err := pageOf(f.products, keys, q.PageSize())
	if next != "" {
		next = q.CursorAt(next)
	}
	return search.ProductPage{
		Items: items, Facets: f.facets, Total: int64(len(f.products)), Tolerant: f.tolerant, NextCursor: next,
	}, err
}

func (f *fakeIndex) Suggest(ctx context.Context, q search.SuggestQuery) (search.Suggestions, error) {
	if err := errors.Join(q.Validate(), f.ask(ctx, q)); err != nil {
		return search.Suggestions{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.suggests, nil
}

func (f *fakeIndex) ListOrders(ctx context.Context, q search.OrderQuery) (search.OrderPage, error) {
	if err := errors.Join(q.Validate(), f.ask(ctx, q)); err != nil {
		return search.OrderPage{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	keys, err := q.After()
	if err != nil {
		return search.OrderPage{}, err
	}
	items, next, err := pageOf(f.orders, keys, q.PageSize())
	if next != "" {
		next = q.CursorAt(next)
	}
	return search.OrderPage{Items: items, Total: int64(len(f.orders)), NextCursor: next}, err
}

func (f *fakeIndex) CountOrders(ctx context.Context, q search.OrderCountQuery) (search.OrderCounts, error) {
	if err := errors.Join(q.Validate(), f.ask(ctx, q)); err != nil {
		return search.OrderCounts{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	counts := q.Counts()
	for _, o := range f.orders {
		counts.Total++
		counts.Statuses[o.Status]++
		counts.AddHour(o.PlacedAt, o.Status, 1)
	}
	return counts, nil
}

func (f *fakeIndex) Stale(ctx context.Context) ([]search.View, error) {
	if err := f.ask(ctx, nil); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stale, nil
}

func (f *fakeIndex) GetOrder(ctx context.Context, id string) (search.Order, error) {
	if err := f.ask(ctx, id); err != nil {
		return search.Order{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.orders, func(o search.Order) bool { return o.ID == id })
	if i < 0 {
		return search.Order{}, search.ErrNotFound
	}
	return f.orders[i], nil
}

func (f *fakeIndex) ListEvents(ctx context.Context, q search.EventQuery) (search.EventPage, error) {
	if err := errors.Join(q.Validate(), f.ask(ctx, q)); err != nil {
		return search.EventPage{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	keys, err := q.After()
	if err != nil {
		return search.EventPage{}, err
	}
	items, next, err := pageOf(f.events, keys, q.PageSize())
	if next != "" {
		next = q.CursorAt(next)
	}
	return search.EventPage{Items: items, NextCursor: next}, err
}
