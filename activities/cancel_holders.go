package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"holdfast/product"
)

const (
	// holdersPage is how many holds are read at once.
	holdersPage = 200
	// signalsAtOnce keeps one delisting from crowding out the orders.
	signalsAtOnce = 32
	// lookAgainAfter is the pause between two looks at a list that still has
	// orders on it: they were told, and give their stock back by themselves.
	lookAgainAfter = 250 * time.Millisecond
	// tellAgainAfter is when an order that still holds is told once more: its
	// workflow may have been terminated since, and is settled then. Of thousands of
	// orders the last ones give back after a minute and more.
	tellAgainAfter = 2 * time.Minute
)

// CancelAll tells every order that holds a product of an ended listing, until
// none of them holds it any more.
type CancelAll struct {
	Holds interface {
		HoldsOf(ctx context.Context, productID, cursor string, limit int) ([]product.LiveHold, string, error)
	}
	// Signal tells an order's workflow of the delisting. It returns a
	// serviceerror.NotFound where that workflow is closed or unknown.
	Signal  func(ctx context.Context, orderID string, d DelistParams) error
	Settler *Settler
}

// HoldersResult counts the orders that were told.
type HoldersResult struct {
	Signalled int `json:"signalled"`
}

// Execute returns when no order holds the product under this or an earlier
// listing. A signal that Temporal took is not lost: an order is told again only
// where it takes suspiciously long.
func (a *CancelAll) Execute(ctx context.Context, p DelistParams) (HoldersResult, error) {
	told := make(map[string]time.Time)
	for {
		left, err := a.tellAll(ctx, p, told)
		if err != nil {
			return HoldersResult{}, err
		}
		if left == 0 {
			return HoldersResult{Signalled: len(told)}, nil
		}
		activity.RecordHeartbeat(ctx, len(told))
		select {
		case <-ctx.Done():
			return HoldersResult{}, fmt.Errorf("wait for %d orders to give back product %s: %w", left, p.ProductID, ctx.Err())
		case <-time.After(lookAgainAfter):
		}
	}
}

// tellAll walks the list once and returns how many orders are on it.
func (a *CancelAll) tellAll(ctx context.Context, p DelistParams, told map[string]time.Time) (left int, err error) {
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(signalsAtOnce)
	for cursor := ""; ; {
		page, next, err := a.Holds.HoldsOf(ctx, p.ProductID, cursor, holdersPage)
		if err != nil {
			_ = group.Wait() // the page's error says what went wrong first
			return 0, fmt.Errorf("read who holds product %s: %w", p.ProductID, err)
		}
		for _, h := range page {
			if h.Listing > p.Listing {
				continue // made after a relisting: not this delisting's
			}
			left++
			if at, ok := told[h.OrderID]; ok && time.Since(at) < tellAgainAfter {
				continue
			}
			told[h.OrderID] = time.Now()
			group.Go(func() error { return a.tell(gctx, h.OrderID, p) })
		}
		activity.RecordHeartbeat(ctx, len(told))
		if cursor = next; cursor == "" || gctx.Err() != nil {
			break
		}
	}
	return left, group.Wait()
}

// tell signals one order; one that is closed or unknown can't give back by
// itself, so that the sweeper's rule settles it at once.
func (a *CancelAll) tell(ctx context.Context, orderID string, p DelistParams) error {
	err := a.Signal(ctx, orderID, p)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		if _, err := a.Settler.Settle(ctx, p.ProductID, orderID); err != nil {
			return fmt.Errorf("settle what order %s holds of %s: %w", orderID, p.ProductID, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("tell order %s that %s is delisted: %w", orderID, p.ProductID, err)
	}
	return nil
}
