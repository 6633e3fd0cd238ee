package sagas

import (
	"context"
	"sync"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/product"
)

// The commands that a failpoint can stop at.
const (
	hold    = "hold"
	commit  = "commit"
	release = "release"
	restock = "restock"
	put     = "put"
)

// failpoint stops one order at one call of a command.
type failpoint struct {
	command string
	// call counts the order's calls of the command, from 1; the later ones stop too.
	call int
	// after the command was carried out, rather than before.
	after bool
	// do runs there; its error is what the activity sees.
	do func(context.Context) error
}

// failpoints wrap the real stock and records.
type failpoints struct {
	stock   activities.Stock
	records activities.Records

	mu    sync.Mutex
	of    map[string]failpoint // by order id
	calls map[string]int       // by order id and command
}

func (w *world) failpoints() *failpoints {
	return &failpoints{stock: w.stock, records: w.docs, of: map[string]failpoint{}, calls: map[string]int{}}
}

func (f *failpoints) set(orderID string, p failpoint) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.of[orderID] = p
}

// through runs a command, and the order's failpoint if it is for this call.
func through[T any](ctx context.Context, f *failpoints, orderID, command string, run func() (T, error)) (T, error) {
	f.mu.Lock()
	f.calls[orderID+command]++
	p := f.of[orderID]
	here := p.command == command && f.calls[orderID+command] >= p.call
	f.mu.Unlock()
	var none T
	if here && !p.after {
		if err := p.do(ctx); err != nil {
			return none, err
		}
	}
	answer, err := run()
	if err == nil && here && p.after {
		err = p.do(ctx)
	}
	return answer, err
}

func (f *failpoints) Hold(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error) {
	return through(ctx, f, reqs[0].OrderID, hold, func() ([]product.Hold, error) { return f.stock.Hold(ctx, reqs) })
}

func (f *failpoints) HoldInTurn(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error) {
	return f.stock.HoldInTurn(ctx, reqs)
}

func (f *failpoints) CommitSale(ctx context.Context, s order.Sale) (order.SaleStates, error) {
	return through(ctx, f, s.OrderID, commit, func() (order.SaleStates, error) { return f.stock.CommitSale(ctx, s) })
}

func (f *failpoints) ReleaseSale(ctx context.Context, s order.Sale, reason string) (order.SaleStates, error) {
	return through(ctx, f, s.OrderID, release, func() (order.SaleStates, error) { return f.stock.ReleaseSale(ctx, s, reason) })
}

func (f *failpoints) Restock(ctx context.Context, h product.Holder, id, returnID string, items []product.Item) (map[string]int64, error) {
	return through(ctx, f, h.OrderID, restock, func() (map[string]int64, error) {
		return f.stock.Restock(ctx, h, id, returnID, items)
	})
}

func (f *failpoints) Take(ctx context.Context, t product.Taking) (map[string][]product.Refusal, error) {
	return f.stock.Take(ctx, t)
}

func (f *failpoints) PutBack(ctx context.Context, t product.Taking) error {
	return f.stock.PutBack(ctx, t)
}

func (f *failpoints) CloseSale(ctx context.Context, s order.Sale, takenBack bool) error {
	return f.stock.CloseSale(ctx, s, takenBack)
}

func (f *failpoints) Put(ctx context.Context, r order.Record) error {
	_, err := through(ctx, f, r.OrderID, put, func() (struct{}, error) { return struct{}{}, f.records.Put(ctx, r) })
	return err
}
