package reindex

import (
	"context"
	"fmt"
	"iter"

	"holdfast/search"
)

// readHomes puts every entity that its home has.
func (r *rebuild) readHomes(ctx context.Context) error {
	var err error
	if r.total, err = r.Homes.Count(ctx, r.view); err != nil {
		return fmt.Errorf("count the %s: %w", r.view, err)
	}
	if r.view == search.OrdersView {
		r.here = map[string]struct{}{}
	}
	r.say(Reading, 0)
	for ids, err := range inBatches(r.Homes.IDs(ctx, r.view)) {
		if err != nil {
			return fmt.Errorf("list the %s: %w", r.view, err)
		}
		n, err := r.bring(ctx, r.into, ids)
		if err != nil {
			return err
		}
		r.report.FromHomes += n
		r.say(Reading, r.report.FromHomes)
	}
	return nil
}

// bring reads entities and puts them through target; it answers how many.
func (r *rebuild) bring(ctx context.Context, target interface {
	Put(ctx context.Context, b search.Batch) (search.Results, error)
}, ids []string,
) (int64, error) {
	batch, unreadable, err := r.Homes.Read(ctx, r.view, ids)
	if err != nil {
		return 0, fmt.Errorf("read %d %s: %w", len(ids), r.view, err)
	}
	r.poisoned(unreadable)
	if r.here != nil {
		for _, o := range batch.Orders {
			r.here[o.ID] = struct{}{}
		}
		for _, bad := range unreadable {
			r.here[bad.ID] = struct{}{}
		}
	}
	return int64(len(batch.Products) + len(batch.Orders)), r.put(ctx, target, batch)
}

// copyCold takes the orders that have left Redis over from the old view, which is
// their only home by then.
func (r *rebuild) copyCold(ctx context.Context) error {
	if r.view != search.OrdersView {
		return nil
	}
	for after := ""; ; {
		page, err := r.Index.WalkOrders(ctx, after, readAtOnce)
		if err != nil {
			return fmt.Errorf("go over the old view of %s: %w", r.view, err)
		}
		if len(page) == 0 {
			return nil
		}
		after = page[len(page)-1].ID
		var cold search.Batch
		for _, o := range page {
			if _, here := r.here[o.ID]; !here {
				cold.Orders = append(cold.Orders, o)
				r.here[o.ID] = struct{}{}
			}
		}
		if err := r.put(ctx, r.into, cold); err != nil {
			return err
		}
		r.report.FromOldView += int64(len(cold.Orders))
		r.say(Cold, r.report.FromOldView)
	}
}

// recoverLost asks the workflows of orders that neither Redis nor the old view has.
func (r *rebuild) recoverLost(ctx context.Context) error {
	if r.view != search.OrdersView || r.Lost == nil {
		return nil
	}
	for id, err := range r.Lost.OrderIDs(ctx) {
		if err != nil {
			return fmt.Errorf("list the workflows of orders: %w", err)
		}
		if _, here := r.here[id]; here {
			continue
		}
		o, found, err := r.Lost.Order(ctx, id)
		if err != nil {
			return fmt.Errorf("ask the workflow of order %s: %w", id, err)
		}
		if !found {
			continue
		}
		if err := r.put(ctx, r.into, search.Batch{Orders: []search.Order{o}}); err != nil {
			return err
		}
		r.report.FromWorkflows++
		r.say(Recovering, r.report.FromWorkflows)
	}
	return nil
}

// catchUp brings what has changed since the reading began, until hardly anything
// does.
func (r *rebuild) catchUp(ctx context.Context) error {
	for range catchUps {
		n, err := r.bringChanges(ctx, r.into)
		if err != nil {
			return err
		}
		if n <= fewChanges {
			return nil
		}
	}
	return nil
}

func (r *rebuild) bringChanges(ctx context.Context, target interface {
	Put(ctx context.Context, b search.Batch) (search.Results, error)
},
) (int, error) {
	ids, err := r.Changes.Since(ctx, r.view)
	if err != nil {
		return 0, fmt.Errorf("read what has changed: %w", err)
	}
	for from := 0; from < len(ids); from += readAtOnce {
		n, err := r.bring(ctx, target, ids[from:min(from+readAtOnce, len(ids))])
		if err != nil {
			return 0, err
		}
		r.report.Changed += n
		r.say(CatchingUp, r.report.Changed)
	}
	return len(ids), nil
}

// inBatches gathers ids by readAtOnce.
func inBatches(ids iter.Seq2[string, error]) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		var batch []string
		for id, err := range ids {
			if err != nil {
				yield(nil, err)
				return
			}
			if batch = append(batch, id); len(batch) == readAtOnce {
				if !yield(batch, nil) {
					return
				}
				batch = nil
			}
		}
		if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}
