package workflows_test

import (
	"context"
	"errors"
	"sync"

	"holdfast/activities"
	"holdfast/order"
	"holdfast/product"
)

// errAway is what a Redis that can't be reached looks like to an activity.
var errAway = errors.New("connection refused")

// The commands that faults can interfere with.
const (
	hold    = "hold"
	inTurn  = "hold in turn"
	claim   = "claim"
	commit  = "commit"
	release = "release"
	restock = "restock"
	take    = "take"
	closing = "close"
	put     = "put"
)

// fault is what happens at one call of a command, counted from 1.
type fault func(call int) error

// faults wraps the real stock and records. A fault before a command is a lost request, one
// after it a lost answer.
type faults struct {
	stock   activities.Stock
	coupons activities.Coupons
	records activities.Records

	// refuse is what the stock answers to units that come back, nil if it takes them.
	refuse error

	mu            sync.Mutex
	before, after map[string]fault
	calls         map[string]int
}

// first is a fault of the first n calls.
func first(n int) fault {
	return func(call int) error {
		if call <= n {
			return errAway
		}
		return nil
	}
}

func always(int) error { return errAway }

// once runs do at the first call and fails nothing.
func once(do func()) fault {
	return func(call int) error {
		if call == 1 {
			do()
		}
		return nil
	}
}

// with runs a command between its faults.
func with[T any](f *faults, command string, run func() (T, error)) (T, error) {
	f.mu.Lock()
	f.calls[command]++
	call, before, after := f.calls[command], f.before[command], f.after[command]
	f.mu.Unlock()
	var none T
	if before != nil {
		if err := before(call); err != nil {
			return none, err
		}
	}
	answer, err := run()
	if err == nil && after != nil {
		err = after(call)
	}
	if err != nil {
		return none, err
	}
	return answer, nil
}

func (f *faults) count(command string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[command]
}

func (f *faults) Hold(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error) {
	return with(f, hold, func() ([]product.Hold, error) { return f.stock.Hold(ctx, reqs) })
}

func (f *faults) HoldInTurn(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error) {
	return with(f, inTurn, func() ([]product.Hold, error) { return f.stock.HoldInTurn(ctx, reqs) })
}

func (f *faults) Claim(ctx context.Context, claims []order.CouponClaim) ([]order.CouponHold, error) {
	return with(f, claim, func() ([]order.CouponHold, error) { return f.coupons.Claim(ctx, claims) })
}

func (f *faults) CommitSale(ctx context.Context, s order.Sale) (order.SaleStates, error) {
	return with(f, commit, func() (order.SaleStates, error) { return f.stock.CommitSale(ctx, s) })
}

func (f *faults) ReleaseSale(ctx context.Context, s order.Sale, reason string) (order.SaleStates, error) {
	return with(f, release, func() (order.SaleStates, error) { return f.stock.ReleaseSale(ctx, s, reason) })
}

func (f *faults) Restock(ctx context.Context, h product.Holder, id, returnID string, items []product.Item) (map[string]int64, error) {
	if f.refuse != nil {
		return nil, f.refuse
	}
	return with(f, restock, func() (map[string]int64, error) { return f.stock.Restock(ctx, h, id, returnID, items) })
}

func (f *faults) Take(ctx context.Context, t product.Taking) (map[string][]product.Refusal, error) {
	return with(f, take, func() (map[string][]product.Refusal, error) { return f.stock.Take(ctx, t) })
}

func (f *faults) PutBack(ctx context.Context, t product.Taking) error {
	_, err := with(f, take, func() (struct{}, error) { return struct{}{}, f.stock.PutBack(ctx, t) })
	return err
}

func (f *faults) CloseSale(ctx context.Context, s order.Sale, takenBack bool) error {
	_, err := with(f, closing, func() (struct{}, error) { return struct{}{}, f.stock.CloseSale(ctx, s, takenBack) })
	return err
}

func (f *faults) Put(ctx context.Context, r order.Record) error {
	_, err := with(f, put, func() (struct{}, error) { return struct{}{}, f.records.Put(ctx, r) })
	return err
}
