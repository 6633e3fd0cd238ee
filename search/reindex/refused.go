package reindex

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"holdfast/search"
)

// RefusedError ends a rebuild before its swap: the new view can't store orders that only
// the old one has, and the swap would delete them.
type RefusedError struct {
	View  search.View
	Count int64
	First []search.Result
}

// nameRefused is how many of them the error's text names.
const nameRefused = 5

func (e *RefusedError) Error() string {
	var named []string
	for _, one := range e.First[:min(len(e.First), nameRefused)] {
		named = append(named, one.ID+": "+one.Reason)
	}
	if rest := e.Count - int64(len(named)); rest > 0 {
		named = append(named, fmt.Sprintf("and %d more", rest))
	}
	return fmt.Sprintf("the new view of %s refuses %d that only the old view has (%s). The old view stays and answers:"+
		` see "A rebuild refuses orders" in docs/runbook.md`, e.View, e.Count, strings.Join(named, "; "))
}

// refuse notes orders of the old view that the new one can't store. Those that Redis also
// has, although not in a form that a view can store, are not lost with the old view.
func (r *rebuild) refuse(ctx context.Context, bad []search.Result) error {
	ids := make([]string, len(bad))
	for i, one := range bad {
		ids[i] = one.ID
	}
	home, err := r.atHome(ctx, ids)
	if err != nil {
		return err
	}
	for _, one := range bad {
		if _, there := home[one.ID]; there {
			r.leaveOut(ctx, []search.Result{one})
			r.homeOnly[one.ID] = one.Reason
			continue
		}
		if _, known := r.lost[one.ID]; known {
			continue
		}
		r.lost[one.ID] = struct{}{}
		r.refused.Count++
		if len(r.refused.First) < keepPoisoned {
			r.refused.First = append(r.refused.First, one)
		}
		r.Log.ErrorContext(ctx, "only the old view has it, and the new one refuses it",
			"view", r.view, r.idKey(), one.ID, "reason", one.Reason)
	}
	return nil
}

// atHome returns which orders Redis has. One that can't be read may be gone as well.
func (r *rebuild) atHome(ctx context.Context, ids []string) (map[string]struct{}, error) {
	there := map[string]struct{}{}
	for some := range slices.Chunk(ids, r.atOnce()) {
		batch, _, err := r.read(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, o := range batch.Orders {
			there[o.ID] = struct{}{}
		}
	}
	return there, nil
}

// loseNothing ends the rebuild if only the old view has what the new one refuses. Orders
// that Redis had as well may have left it since.
func (r *rebuild) loseNothing(ctx context.Context) error {
	var again []search.Result
	for id, reason := range r.homeOnly {
		again = append(again, search.Result{ID: id, Outcome: search.OutcomePoisoned, Reason: reason})
	}
	if err := r.refuse(ctx, again); err != nil {
		return err
	}
	if r.refused.Count > 0 {
		r.refused.View = r.view
		return &r.refused
	}
	return nil
}
