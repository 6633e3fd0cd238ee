package reindex

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"holdfast/search"
)

// readEntities puts every entity from Redis.
func (r *rebuild) readEntities(ctx context.Context) error {
	err := r.steady(ctx, func() (err error) {
		r.total, err = r.Entities.Count(ctx, r.view)
		return err
	})
	if err != nil {
		return fmt.Errorf("count the %s: %w", r.view, err)
	}
	r.say(StageReading, 0)
	list := func() iter.Seq2[string, error] { return r.Entities.IDs(ctx, r.view) }
	err = r.each(ctx, list, r.atOnce(), func(ids []string, again bool) error {
		if again { // what is there may be old, and is then among the changes
			there, err := r.there(ctx, ids)
			if err != nil {
				return err
			}
			ids = slices.DeleteFunc(ids, func(id string) bool { _, ok := there[id]; return ok })
		}
		n, _, err := r.bring(ctx, r.into, ids)
		r.report.FromHomes += n
		r.say(StageReading, r.report.FromHomes)
		return err
	})
	if err != nil {
		return fmt.Errorf("go over the %s: %w", r.view, err)
	}
	return nil
}

// read reads the entities.
func (r *rebuild) read(ctx context.Context, ids []string) (b search.Batch, unreadable []search.Result, err error) {
	err = r.steady(ctx, func() (err error) {
		b, unreadable, err = r.Entities.Read(ctx, r.view, ids)
		return err
	})
	if err != nil {
		return search.Batch{}, nil, fmt.Errorf("read %d %s: %w", len(ids), r.view, err)
	}
	return b, unreadable, nil
}

// bring reads entities and puts them. It returns how many were new to the view, and which
// ones are missing or unreadable in Redis.
func (r *rebuild) bring(ctx context.Context, to taker, ids []string) (stored int64, missing []string, err error) {
	if len(ids) == 0 {
		return 0, nil, nil
	}
	batch, unreadable, err := r.read(ctx, ids)
	if err != nil {
		return 0, nil, err
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
	results, err := r.put(ctx, to, batch)
	r.leaveOut(ctx, results.Poisoned())
	return storedOf(results), missing, err
}

// catchUp brings what has changed since the reading began, until few changes are left.
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
	var ids []string
	err := r.steady(ctx, func() (err error) {
		ids, err = r.Changes.Since(ctx, r.view)
		return err
	})
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
		r.say(StageCatchingUp, r.report.Changed)
	}
	return nil
}

func (r *rebuild) atOnce() int {
	if r.view == search.ViewProducts {
		return productsAtOnce
	}
	return ordersAtOnce
}
