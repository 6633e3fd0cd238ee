// Package reindex rebuilds a view from the entities that it copies, while the system is
// running: the old view answers searches until the new one replaces it in one step, and no
// change made meanwhile is lost.
package reindex

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"time"

	"holdfast/search"
)

// Entities reads the current state of entities, in the form in which a view stores them.
type Entities interface {
	// IDs iterates over all entities that a view shows. One that is created meanwhile may
	// or may not be included; one may appear more than once.
	IDs(ctx context.Context, v search.View) iter.Seq2[string, error]
	// Count returns their approximate number.
	Count(ctx context.Context, v search.View) (int64, error)
	// Read returns the documents of the existing entities. Those that can't be read are
	// returned separately, as Poisoned.
	Read(ctx context.Context, v search.View, ids []string) (search.Batch, []search.Result, error)
	// WithPayments adds payments without an order's document, which arrived after the order
	// had left Redis, to orders that a view or a workflow has.
	WithPayments(ctx context.Context, orders []search.Order) ([]search.Order, error)
}

// Changes tells which entities have changed since a position in the event streams.
type Changes interface {
	// Begin notes the current end of the streams, and keeps later entries from being
	// trimmed for as long as Since is called regularly.
	Begin(ctx context.Context) error
	// Since returns the entities that have changed since Begin, or since the last
	// successful Since.
	Since(ctx context.Context, v search.View) (ids []string, err error)
	// End lets the streams be trimmed again.
	End(ctx context.Context) error
}

// Lost finds orders of which only the workflow is left.
type Lost interface {
	// OrderIDs iterates over all orders that have a workflow.
	OrderIDs(ctx context.Context) iter.Seq2[string, error]
	// Order returns an order's document made from its workflow, or false if that is gone
	// too. If the workflow exists but can't answer, the error is an ErrUnreadable.
	Order(ctx context.Context, id string) (o search.Order, found bool, err error)
}

// ErrUnreadable concerns one order alone: it is left out, and named in the report.
var ErrUnreadable = errors.New("it can't be read")

// Rebuilder rebuilds views.
type Rebuilder struct {
	Index    search.Index
	Entities Entities
	Changes  Changes
	Lost     Lost
	// Progress is called at each step; it may be nil.
	Progress func(Progress)
	// Log names what is left out; nil disables it.
	Log *slog.Logger
	// Passing reports whether an error other than search.ErrUnavailable is transient: an
	// entity or a workflow can't answer now. Nil means that none is.
	Passing func(error) bool
	// Patience is how long a step is retried while its error may pass. Defaults to five
	// minutes.
	Patience time.Duration
}

// Stage is what a rebuild is doing.
type Stage string

// The stages of a rebuild, in order.
const (
	StageReading    Stage = "reading"    // all entities, from Redis
	StageCold       Stage = "cold"       // orders that only the old view has
	StageRecovering Stage = "recovering" // orders that only their workflow has
	StageCatchingUp Stage = "catching up"
	StageDone       Stage = "done"
)

// Progress is how far a rebuild has come.
type Progress struct {
	View  search.View `json:"view"`
	Stage Stage       `json:"stage"`
	// Done counts documents of this stage, of Total, which is 0 if unknown.
	Done  int64 `json:"done"`
	Total int64 `json:"total,omitempty"`
}

// Report is what a rebuild did.
type Report struct {
	View search.View `json:"view"`
	// Documents in the new view, by source.
	FromHomes     int64 `json:"fromHomes"`
	FromOldView   int64 `json:"fromOldView,omitempty"`
	FromWorkflows int64 `json:"fromWorkflows,omitempty"`
	// Changed documents that were brought in before and after the swap.
	Changed int64 `json:"changed,omitempty"`
	// Poisoned counts entities that can't be read or stored as they are. An order of which
	// the old view had an earlier state keeps that. PoisonedFirst are the first of them.
	Poisoned      int64           `json:"poisoned,omitempty"`
	PoisonedFirst []search.Result `json:"poisonedFirst,omitempty"`
	Seconds       float64         `json:"seconds"`
}

const (
	// Entities that are read in one pipeline and put in one batch: an order's document may
	// have 1 MB.
	productsAtOnce = 200
	ordersAtOnce   = 50
	// lookedForAtOnce is how many ids are searched in the new view at once.
	lookedForAtOnce = 1000
	// The last pass before the swap has at most fewChanges to bring, unless changes arrive
	// faster than they can be brought: then it is pass number catchUps.
	fewChanges = 200
	catchUps   = 20
	// keepPoisoned bounds a report.
	keepPoisoned = 20
)

// Run rebuilds one view. It may end at any moment and be run again, which drops what it
// left. Two runs for one view at a time conflict: the earlier one fails. While the index or
// Redis is down it waits, for as long as its Patience. A RefusedError means that the old
// view has documents that the new one can't store: running it again won't help.
func (r *Rebuilder) Run(ctx context.Context, view search.View) (Report, error) {
	run := &rebuild{
		Rebuilder: *r, view: view, report: Report{View: view}, begun: time.Now(),
		left: map[string]struct{}{}, unfound: map[string]struct{}{}, homeOnly: map[string]string{}, lost: map[string]struct{}{},
	}
	run.Patience = cmp.Or(run.Patience, defaultPatience)
	if run.Progress == nil {
		run.Progress = func(Progress) {}
	}
	if run.Log == nil {
		run.Log = slog.New(slog.DiscardHandler)
	}
	// Before the first entity is read: whatever changes from here on is read again.
	if err := run.steady(ctx, func() error { return r.Changes.Begin(ctx) }); err != nil {
		return Report{}, fmt.Errorf("find the end of the event streams: %w", err)
	}
	defer run.letGo(ctx)
	err := run.steady(ctx, func() (err error) {
		run.into, err = r.Index.Rebuild(ctx, view)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("start a new view of %s: %w", view, err)
	}
	defer run.abandon(ctx)
	for _, step := range []func(context.Context) error{
		// Caught up before lost orders are searched: what was placed meanwhile isn't lost.
		run.readEntities, run.copyCold, run.catchUp, run.recoverLost, run.catchUp, run.loseNothing, run.swap,
	} {
		if err := step(ctx); err != nil {
			return Report{}, err
		}
	}
	run.report.Seconds = time.Since(run.begun).Seconds()
	run.say(StageDone, run.report.FromHomes+run.report.FromOldView+run.report.FromWorkflows)
	return run.report, nil
}

// rebuild is one run.
type rebuild struct {
	Rebuilder
	view   search.View
	into   search.Rebuild
	report Report
	begun  time.Time
	total  int64
	// left are the ids of poisoned entities.
	left map[string]struct{}
	// homeOnly are orders that Redis has, but no view can store, not even in the old view's
	// state, with the reason. lost are those that only the old view has, see RefusedError.
	homeOnly map[string]string
	lost     map[string]struct{}
	refused  RefusedError
	// unfound orders changed while neither Redis nor the old view had them: after the swap
	// they are searched in the new one.
	unfound map[string]struct{}
}

func (r *rebuild) say(s Stage, done int64) {
	p := Progress{View: r.view, Stage: s, Done: done}
	if s == StageReading {
		p.Total = r.total
	}
	r.Progress(p)
}

// taker is a view that stores documents: the new one, or the one that answers.
type taker interface {
	Put(ctx context.Context, b search.Batch) (search.Results, error)
}

// put stores documents in a view.
func (r *rebuild) put(ctx context.Context, to taker, b search.Batch) (results search.Results, err error) {
	if len(b.Products)+len(b.Orders) == 0 {
		return search.Results{}, nil
	}
	err = r.steady(ctx, func() (err error) {
		results, err = to.Put(ctx, b)
		return err
	})
	if err != nil {
		return search.Results{}, fmt.Errorf("put documents into the new view of %s: %w", r.view, err)
	}
	return results, nil
}

// storedOf counts the documents that were new to a view.
func storedOf(results search.Results) (n int64) {
	for _, list := range [][]search.Result{results.Products, results.Orders} {
		for _, one := range list {
			if one.Outcome == search.OutcomeStored {
				n++
			}
		}
	}
	return n
}

// leaveOut counts and logs what can't be stored, each once.
func (r *rebuild) leaveOut(ctx context.Context, bad []search.Result) {
	for _, one := range bad {
		if _, known := r.left[one.ID]; known {
			continue
		}
		r.left[one.ID] = struct{}{}
		r.report.Poisoned++
		if len(r.report.PoisonedFirst) < keepPoisoned {
			r.report.PoisonedFirst = append(r.report.PoisonedFirst, one)
		}
		r.Log.WarnContext(ctx, "left out of the new view", "view", r.view, r.idKey(), one.ID, "reason", one.Reason)
	}
}

func (r *rebuild) idKey() string {
	if r.view == search.ViewProducts {
		return "product_id"
	}
	return "order_id"
}

// swap makes the new view answer, then brings what changed since the last pass: a projector
// may have put it into the old view just before that was dropped.
func (r *rebuild) swap(ctx context.Context) error {
	if err := r.steady(ctx, func() error { return r.into.Refresh(ctx) }); err != nil {
		return fmt.Errorf("make the new view of %s searchable: %w", r.view, err)
	}
	if err := r.steady(ctx, func() error { return r.into.Swap(ctx) }); err != nil {
		return fmt.Errorf("swap the new view of %s in: %w", r.view, err)
	}
	if _, err := r.bringChanges(ctx, r.Index); err != nil {
		return err
	}
	again := slices.Sorted(maps.Keys(r.unfound))
	return r.bringAll(ctx, r.Index, again)
}

// letGo lets the streams be trimmed again. If it can't, their lease expires by itself.
func (r *rebuild) letGo(ctx context.Context) {
	if err := r.Changes.End(context.WithoutCancel(ctx)); err != nil {
		r.Log.WarnContext(ctx, "the event streams are kept until their lease expires", "view", r.view, "error", err)
	}
}

// abandon drops the new view unless it was swapped in. If it can't, the next rebuild does.
func (r *rebuild) abandon(ctx context.Context) {
	if err := r.into.Abandon(context.WithoutCancel(ctx)); err != nil {
		r.Log.WarnContext(ctx, "an unfinished view stays until the next rebuild", "view", r.view, "error", search.WithCause(err))
	}
}
