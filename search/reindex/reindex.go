// Package reindex builds a view anew from the homes of what it shows, while the
// system runs: searches are answered by the old view until the new one takes its
// place in one step, and no change that is made meanwhile is lost.
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

// Homes reads entities as they are now, in the form in which a view shows them.
type Homes interface {
	// IDs goes over all entities that a view shows. One that is made meanwhile may
	// be seen or not; one may come more than once.
	IDs(ctx context.Context, v search.View) iter.Seq2[string, error]
	// Count tells how many there are, about.
	Count(ctx context.Context, v search.View) (int64, error)
	// Read makes the documents of the entities that are there. Those that can't be
	// read come back apart, as Poisoned.
	Read(ctx context.Context, v search.View, ids []string) (search.Batch, []search.Result, error)
	// WithPayments adds to orders that a view or a workflow has what the home has of
	// their payments alone: those came after the order had left.
	WithPayments(ctx context.Context, orders []search.Order) ([]search.Order, error)
}

// Changes tells which entities have changed since a place in the event streams.
type Changes interface {
	// Begin notes the present end of the streams, and keeps what comes after it from
	// being trimmed for as long as Since is called now and then.
	Begin(ctx context.Context) error
	// Since answers the entities that have changed since Begin, or since the last
	// Since that answered.
	Since(ctx context.Context, v search.View) (ids []string, err error)
	// End lets the streams be trimmed again.
	End(ctx context.Context) error
}

// Lost finds orders of which nothing but their workflow is left.
type Lost interface {
	// OrderIDs goes over all orders that have a workflow.
	OrderIDs(ctx context.Context) iter.Seq2[string, error]
	// Order makes an order's document by its workflow; false where that is gone too.
	// Where the workflow is there but can't tell, the error is an ErrUnreadable.
	Order(ctx context.Context, id string) (o search.Order, found bool, err error)
}

// ErrUnreadable is of one order alone: it is left out, and named in the report.
var ErrUnreadable = errors.New("it can't be read")

// Rebuilder builds views anew.
type Rebuilder struct {
	Index   search.Index
	Homes   Homes
	Changes Changes
	Lost    Lost
	// Progress is told each step; it may be nil.
	Progress func(Progress)
	// Log names what is left out; nil keeps it quiet.
	Log *slog.Logger
	// Passing tells of an error that is no search.ErrUnavailable whether it is soon over:
	// a home or a workflow can't answer now. Nil: none is.
	Passing func(error) bool
	// Patience is how long a step is tried again while its error may pass; 0 is five
	// minutes.
	Patience time.Duration
}

// Stage is what a rebuild is doing.
type Stage string

// The stages of a rebuild, in their order.
const (
	StageReading    Stage = "reading"    // all entities, from their homes
	StageCold       Stage = "cold"       // orders that only the old view has
	StageRecovering Stage = "recovering" // orders that only their workflow has
	StageCatchingUp Stage = "catching up"
	StageDone       Stage = "done"
)

// Progress is how far a rebuild is.
type Progress struct {
	View  search.View `json:"view"`
	Stage Stage       `json:"stage"`
	// Done documents of this stage; of Total, which is 0 where it isn't known.
	Done  int64 `json:"done"`
	Total int64 `json:"total,omitempty"`
}

// Report is what a rebuild did.
type Report struct {
	View search.View `json:"view"`
	// Documents in the new view, by where they came from.
	FromHomes     int64 `json:"fromHomes"`
	FromOldView   int64 `json:"fromOldView,omitempty"`
	FromWorkflows int64 `json:"fromWorkflows,omitempty"`
	// Changed documents that were brought in before the swap and after it.
	Changed int64 `json:"changed,omitempty"`
	// Poisoned entities can't be read or taken as they are. An order of which the old
	// view had an earlier state keeps that. These are the first of them.
	Poisoned      int64           `json:"poisoned,omitempty"`
	PoisonedFirst []search.Result `json:"poisonedFirst,omitempty"`
	Seconds       float64         `json:"seconds"`
}

const (
	// Entities that are read in one pipeline and put in one batch: an order's document
	// may have 1 MB.
	productsAtOnce = 200
	ordersAtOnce   = 50
	// lookedForAtOnce ids are looked for in the new view.
	lookedForAtOnce = 1000
	// A last look before the swap has at most fewChanges to bring, unless changes
	// come faster than they can be brought: then it is the catchUps-th.
	fewChanges = 200
	catchUps   = 20
	// keepPoisoned bounds a report.
	keepPoisoned = 20
)

// Run builds one view anew. It may end at any moment and be run again: what it left
// is dropped then. Two runs for one view at a time stand in each other's way: the
// earlier one fails. While the index or a home is away it waits, for as long as its
// Patience. A RefusedError says that the old view has what the new one can't take:
// running it again is in vain.
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
	// Before the first entity is read: whatever changes from here on is looked at again.
	if err := run.steady(ctx, func() error { return r.Changes.Begin(ctx) }); err != nil {
		return Report{}, fmt.Errorf("note the end of the event streams: %w", err)
	}
	defer run.letGo(ctx)
	err := run.steady(ctx, func() (err error) {
		run.into, err = r.Index.Rebuild(ctx, view)
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("begin a new view of %s: %w", view, err)
	}
	defer run.abandon(ctx)
	for _, step := range []func(context.Context) error{
		// Caught up before lost ones are looked for: what was placed meanwhile isn't lost.
		run.readHomes, run.copyCold, run.catchUp, run.recoverLost, run.catchUp, run.loseNothing, run.swap,
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
	// left are the ids of what is poisoned.
	left map[string]struct{}
	// homeOnly are orders that their home has, but no view takes, not even as the old one
	// has them; and why not. lost are those that the old view alone has, see RefusedError.
	homeOnly map[string]string
	lost     map[string]struct{}
	refused  RefusedError
	// unfound orders changed while neither their home nor the old view had them: after
	// the swap they are looked for in the new one.
	unfound map[string]struct{}
}

func (r *rebuild) say(s Stage, done int64) {
	p := Progress{View: r.view, Stage: s, Done: done}
	if s == StageReading {
		p.Total = r.total
	}
	r.Progress(p)
}

// taker is a view that takes documents: the new one, or the one that answers.
type taker interface {
	Put(ctx context.Context, b search.Batch) (search.Results, error)
}

// put brings documents to a view.
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

// leaveOut counts what can't be taken, and says why, each once.
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

// swap lets the new view answer, then brings what changed since the last look: a
// projector may have put it into the old view just before that went.
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

// letGo lets the streams be trimmed again. Where it can't, their lease runs out by
// itself.
func (r *rebuild) letGo(ctx context.Context) {
	if err := r.Changes.End(context.WithoutCancel(ctx)); err != nil {
		r.Log.WarnContext(ctx, "the event streams are held a little longer", "view", r.view, "error", err)
	}
}

// abandon drops the new view unless it was swapped in. Where it can't, the next
// rebuild does.
func (r *rebuild) abandon(ctx context.Context) {
	if err := r.into.Abandon(context.WithoutCancel(ctx)); err != nil {
		r.Log.WarnContext(ctx, "an unfinished view stays until the next rebuild", "view", r.view, "error", search.WithCause(err))
	}
}
