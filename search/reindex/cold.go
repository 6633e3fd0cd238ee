package reindex

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"holdfast/search"
)

// copyCold copies from the old view what the new one lacks: orders that have left Redis,
// whose only copy is in the old view, and earlier states of orders that can't be read or
// stored as they are in Redis. The swap deletes what isn't copied.
func (r *rebuild) copyCold(ctx context.Context) error {
	if r.view != search.ViewOrders {
		return nil
	}
	for after := ""; ; {
		page, err := r.oldOrders(ctx, after)
		if err != nil {
			return fmt.Errorf("go over the old view of %s: %w", r.view, err)
		}
		if len(page) == 0 {
			return r.loseNothing(ctx) // reported before the other orders are searched
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
		n, refused, err := r.putCold(ctx, r.into, cold)
		if err != nil {
			return err
		}
		if err := r.refuse(ctx, refused); err != nil {
			return err
		}
		r.report.FromOldView += n
		r.say(StageCold, r.report.FromOldView)
	}
}

// oldOrders reads a page of the old view. A lost view has no orders; one that disappears
// during the walk had some.
func (r *rebuild) oldOrders(ctx context.Context, after string) (page []search.Order, err error) {
	err = r.steady(ctx, func() (err error) {
		page, err = r.Index.WalkOrders(ctx, after, ordersAtOnce)
		return err
	})
	if after == "" && errors.Is(err, search.ErrNoView) {
		return nil, nil
	}
	return page, err
}

// there returns what the new view already has.
func (r *rebuild) there(ctx context.Context, ids []string) (there map[string]int64, err error) {
	err = r.steady(ctx, func() (err error) {
		there, err = r.into.Revisions(ctx, ids)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find %d %s in the new view: %w", len(ids), r.view, err)
	}
	return there, nil
}

// putCold puts orders that don't come from Redis, with their payments that are there. An
// order that can't be stored with those is put without them. It returns how many were new,
// and which ones the view refuses all the same.
func (r *rebuild) putCold(ctx context.Context, to taker, cold []search.Order) (stored int64, refused []search.Result, err error) {
	if len(cold) == 0 {
		return 0, nil, nil
	}
	var whole []search.Order
	err = r.steady(ctx, func() (err error) {
		whole, err = r.Entities.WithPayments(ctx, cold)
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("read the later payments of %d orders: %w", len(cold), err)
	}
	for i, o := range whole { // the old view may be of an older shape, which had less
		whole[i] = o.Refiled()
	}
	results, err := r.put(ctx, to, search.Batch{Orders: whole})
	if err != nil {
		return 0, nil, err
	}
	var without []search.Order
	var late []search.Result
	for i, one := range results.Orders {
		switch {
		case one.Outcome != search.OutcomePoisoned:
		case whole[i].Revision == cold[i].Revision: // nothing arrived after it had left
			refused = append(refused, one)
		default:
			without, late = append(without, cold[i].Refiled()), append(late, one)
		}
	}
	bare, err := r.put(ctx, to, search.Batch{Orders: without})
	if err != nil {
		return 0, nil, err
	}
	for i, one := range bare.Orders {
		if one.Outcome == search.OutcomePoisoned {
			refused = append(refused, one)
			continue
		}
		late[i].Reason = "only the payments that arrived after it had left: " + late[i].Reason
		r.leaveOut(ctx, late[i:i+1])
	}
	return storedOf(results) + storedOf(bare), refused, nil
}

// bringCold brings orders that changed but are not in Redis: a payment or a refund arrived
// after they had left. The view that answers has them.
func (r *rebuild) bringCold(ctx context.Context, to taker, ids []string) (int64, error) {
	if r.view != search.ViewOrders {
		return 0, nil
	}
	var cold []search.Order
	for _, id := range ids {
		o, err := r.oldOrder(ctx, id)
		switch {
		case errors.Is(err, search.ErrNotFound), errors.Is(err, search.ErrNoView):
			r.unfound[id] = struct{}{}
		case err != nil:
			return 0, fmt.Errorf("find order %s in its view: %w", id, err)
		default:
			cold = append(cold, o)
		}
	}
	n, refused, err := r.putCold(ctx, to, cold)
	if err == nil && to == taker(r.into) { // after the swap the view that answers is also the one that they are put into
		err = r.refuse(ctx, refused)
	}
	return n, err
}

// oldOrder reads an order in the view that answers.
func (r *rebuild) oldOrder(ctx context.Context, id string) (o search.Order, err error) {
	err = r.steady(ctx, func() (err error) {
		o, err = r.Index.GetOrder(ctx, id)
		return err
	})
	return o, err
}

// recoverLost asks the workflows of orders that neither Redis nor the old view has.
func (r *rebuild) recoverLost(ctx context.Context) error {
	if r.view != search.ViewOrders || r.Lost == nil {
		return nil
	}
	list := func() iter.Seq2[string, error] { return r.Lost.OrderIDs(ctx) }
	err := r.each(ctx, list, lookedForAtOnce, func(ids []string, _ bool) error {
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
		r.say(StageRecovering, r.report.FromWorkflows)
		return nil
	})
	if err != nil {
		return fmt.Errorf("go over the workflows of orders: %w", err)
	}
	return nil
}

// recoverOne asks the workflow of one order.
func (r *rebuild) recoverOne(ctx context.Context, id string) error {
	var o search.Order
	found := false
	err := r.steady(ctx, func() (err error) {
		o, found, err = r.Lost.Order(ctx, id)
		return err
	})
	switch {
	case errors.Is(err, ErrUnreadable):
		r.leaveOut(ctx, []search.Result{{ID: id, Outcome: search.OutcomePoisoned, Reason: err.Error()}})
		return nil
	case err != nil:
		return fmt.Errorf("ask the workflow of order %s: %w", id, err)
	case !found:
		return nil
	}
	n, refused, err := r.putCold(ctx, r.into, []search.Order{o})
	r.report.FromWorkflows += n
	r.leaveOut(ctx, refused) // its workflow stays
	return err
}
