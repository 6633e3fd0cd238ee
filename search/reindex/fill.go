package reindex

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"holdfast/search"
)

// readHomes puts every entity that its home has.
func (r *rebuild) readHomes(ctx context.Context) error {
	var err error
	if r.total, err = r.Homes.Count(ctx, r.view); err != nil {
		return fmt.Errorf("count the %s: %w", r.view, err)
	}
	r.say(Reading, 0)
	for ids, err := range inBatches(r.Homes.IDs(ctx, r.view), r.atOnce()) {
		if err != nil {
			return fmt.Errorf("list the %s: %w", r.view, err)
		}
		n, _, err := r.bring(ctx, r.into, ids)
		if err != nil {
			return err
		}
		r.report.FromHomes += n
		r.say(Reading, r.report.FromHomes)
	}
	return nil
}

// bring reads entities in their homes and puts them; it answers how many were new to
// the view, and which ones their homes don't have, or not so that they can be read.
func (r *rebuild) bring(ctx context.Context, to taker, ids []string) (stored int64, missing []string, err error) {
	batch, unreadable, err := r.Homes.Read(ctx, r.view, ids)
	if err != nil {
		return 0, nil, fmt.Errorf("read %d %s: %w", len(ids), r.view, err)
	}
	r.leaveOut(ctx, unreadable)
	read := make(map[string]struct{}, len(ids))
	for _, p := range batch.Products {
		read[p.ID] = struct{}{}
	}
	for _, o := range batch.Orders {
		read[o.ID] = struct{}{}
	}
	for _, id := range ids {
		if _, ok := read[id]; !ok {
			missing = append(missing, id)
		}
	}
	stored, err = r.put(ctx, to, batch)
	return stored, missing, err
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

func (r *rebuild) bringChanges(ctx context.Context, to taker) (int, error) {
	ids, err := r.Changes.Since(ctx, r.view)
	if err != nil {
		return 0, fmt.Errorf("read what has changed: %w", err)
	}
	return len(ids), r.bringAll(ctx, to, ids)
}

// bringAll brings what changed, wherever it is.
func (r *rebuild) bringAll(ctx context.Context, to taker, ids []string) error {
	for some := range slices.Chunk(ids, r.atOnce()) {
		n, missing, err := r.bring(ctx, to, some)
		if err != nil {
			return err
		}
		m, err := r.bringCold(ctx, to, missing)
		if err != nil {
			return err
		}
		r.report.Changed += n + m
		r.say(CatchingUp, r.report.Changed)
	}
	return nil
}

func (r *rebuild) atOnce() int {
	if r.view == search.ProductsView {
		return productsAtOnce
	}
	return ordersAtOnce
}

// inBatches gathers ids by so many.
func inBatches(ids iter.Seq2[string, error], size int) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		var batch []string
		for id, err := range ids {
			if err != nil {
				yield(nil, err)
				return
			}
			if batch = append(batch, id); len(batch) == size {
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
