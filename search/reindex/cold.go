package reindex

import (
	"context"
	"errors"
	"fmt"

	"holdfast/search"
)

// copyCold takes over from the old view what the new one lacks: orders that have left
// Redis, whose only home the old view is, and earlier states of orders that can't be
// read or taken as Redis has them.
func (r *rebuild) copyCold(ctx context.Context) error {
	if r.view != search.OrdersView {
		return nil
	}
	for after := ""; ; {
		page, err := r.Index.WalkOrders(ctx, after, ordersAtOnce)
		if err != nil && !errors.Is(err, search.ErrNoView) { // a view that was lost has no orders
			return fmt.Errorf("go over the old view of %s: %w", r.view, err)
		}
		if len(page) == 0 {
			return nil
		}
		after = page[len(page)-1].ID
		ids := make([]string, len(page))
		for i, o := range page {
			ids[i] = o.ID
		}
		there, err := r.there(ctx, ids)
		if err != nil {
			return err
		}
		var cold []search.Order
		for _, o := range page {
			if _, ok := there[o.ID]; !ok {
				cold = append(cold, o)
			}
		}
		n, err := r.putCold(ctx, r.into, cold)
		if err != nil {
			return err
		}
		r.report.FromOldView += n
		r.say(Cold, r.report.FromOldView)
	}
}

// there tells what the new view has already.
func (r *rebuild) there(ctx context.Context, ids []string) (map[string]int64, error) {
	there, err := r.into.Revisions(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look for %d %s in the new view: %w", len(ids), r.view, err)
	}
	return there, nil
}

// putCold puts orders that are not from Redis, with the payments that are there.
func (r *rebuild) putCold(ctx context.Context, to taker, cold []search.Order) (int64, error) {
	if len(cold) == 0 {
		return 0, nil
	}
	whole, err := r.Homes.WithPayments(ctx, cold)
	if err != nil {
		return 0, fmt.Errorf("read what came after %d orders had left: %w", len(cold), err)
	}
	return r.put(ctx, to, search.Batch{Orders: whole})
}

// bringCold brings orders that changed and that their home doesn't have: a payment or
// a refund came after they had left. The view that answers has them.
func (r *rebuild) bringCold(ctx context.Context, to taker, ids []string) (int64, error) {
	if r.view != search.OrdersView {
		return 0, nil
	}
	var cold []search.Order
	for _, id := range ids {
		o, err := r.Index.GetOrder(ctx, id)
		switch {
		case errors.Is(err, search.ErrNotFound), errors.Is(err, search.ErrNoView):
			r.unfound[id] = struct{}{}
		case err != nil:
			return 0, fmt.Errorf("look for order %s in its view: %w", id, err)
		default:
			cold = append(cold, o)
		}
	}
	return r.putCold(ctx, to, cold)
}

// recoverLost asks the workflows of orders that neither Redis nor the old view has.
func (r *rebuild) recoverLost(ctx context.Context) error {
	if r.view != search.OrdersView || r.Lost == nil {
		return nil
	}
	for ids, err := range inBatches(r.Lost.OrderIDs(ctx), lookedForAtOnce) {
		if err != nil {
			return fmt.Errorf("list the workflows of orders: %w", err)
		}
		there, err := r.there(ctx, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, ok := there[id]; ok {
				continue
			}
			if err := r.recoverOne(ctx, id); err != nil {
				return err
			}
		}
		r.say(Recovering, r.report.FromWorkflows)
	}
	return nil
}

// recoverOne asks the workflow of one order.
func (r *rebuild) recoverOne(ctx context.Context, id string) error {
	o, found, err := r.Lost.Order(ctx, id)
	switch {
	case errors.Is(err, ErrUnreadable):
		r.leaveOut(ctx, []search.Result{{ID: id, Outcome: search.Poisoned, Reason: err.Error()}})
		return nil
	case err != nil:
		return fmt.Errorf("ask the workflow of order %s: %w", id, err)
	case !found:
		return nil
	}
	n, err := r.putCold(ctx, r.into, []search.Order{o})
	r.report.FromWorkflows += n
	return err
}
