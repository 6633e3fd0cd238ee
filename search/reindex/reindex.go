// Package reindex builds a view anew from the homes of what it shows, while the
// system runs: searches are answered by the old view until the new one takes its
// place in one step, and no change that is made meanwhile is lost.
package reindex

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"holdfast/search"
)

// Homes reads entities as they are now, in the form in which a view shows them.
type Homes interface {
	// IDs goes over all entities that a view shows. One that is made meanwhile may
	// be seen or not.
	IDs(ctx context.Context, v search.View) iter.Seq2[string, error]
	// Count tells how many there are, about.
	Count(ctx context.Context, v search.View) (int64, error)
	// Read makes the documents of the entities that are there. Those that can't be
	// read come back apart, as Poisoned.
	Read(ctx context.Context, v search.View, ids []string) (search.Batch, []search.Result, error)
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
	Order(ctx context.Context, id string) (o search.Order, found bool, err error)
}

// Rebuilder builds views anew.
type Rebuilder struct {
	Index   search.Index
	Homes   Homes
	Changes Changes
	Lost    Lost
	// Progress is told each step; it may be nil.
	Progress func(Progress)
}

// Stage is what a rebuild is doing.
type Stage string

// The stages of a rebuild, in their order.
const (
	Reading    Stage = "reading"    // all entities, from their homes
	Cold       Stage = "cold"       // orders that only the old view has
	Recovering Stage = "recovering" // orders that only their workflow has
	CatchingUp Stage = "catching up"
	Done       Stage = "done"
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
	// Poisoned documents can't be taken; these are the first of them.
	Poisoned      int64           `json:"poisoned,omitempty"`
	PoisonedFirst []search.Result `json:"poisonedFirst,omitempty"`
	Seconds       float64         `json:"seconds"`
}

const (
	// readAtOnce entities are read in one pipeline and put in one batch.
	readAtOnce = 500
	// A last look before the swap has at most fewChanges to bring, unless changes
	// come faster than they can be brought: then it is the catchUps-th.
	fewChanges = 200
	catchUps   = 20
	// keepPoisoned bounds a report.
	keepPoisoned = 20
)

// Run builds one view anew. It may end at any moment and be run again: what it left
// is dropped then. Two runs for one view at a time stand in each other's way: the
// earlier one fails.
func (r *Rebuilder) Run(ctx context.Context, view search.View) (report Report, err error) {
	run := &rebuild{Rebuilder: r, view: view, report: Report{View: view}, begun: time.Now()}
	if run.Progress == nil {
		run.Rebuilder = &Rebuilder{r.Index, r.Homes, r.Changes, r.Lost, func(Progress) {}}
	}
	// Before the first entity is read: whatever changes from here on is looked at again.
	if err := r.Changes.Begin(ctx); err != nil {
		return Report{}, fmt.Errorf("note the end of the event streams: %w", err)
	}
	defer func() { err = errors.Join(err, r.Changes.End(context.WithoutCancel(ctx))) }()
	if run.into, err = r.Index.Rebuild(ctx, view); err != nil {
		return Report{}, fmt.Errorf("begin a new view of %s: %w", view, err)
	}
	defer func() { err = errors.Join(err, run.into.Abandon(context.WithoutCancel(ctx))) }()
	for _, step := range []func(context.Context) error{
		run.readHomes, run.copyCold, run.recoverLost, run.catchUp, run.swap,
	} {
		if err := step(ctx); err != nil {
			return Report{}, err
		}
	}
	run.report.Seconds = time.Since(run.begun).Seconds()
	run.say(Done, run.report.FromHomes+run.report.FromOldView+run.report.FromWorkflows)
	return run.report, nil
}

// rebuild is one run.
type rebuild struct {
	*Rebuilder
	view   search.View
	into   search.Rebuild
	report Report
	begun  time.Time
	total  int64
	// here are the orders that Redis has.
	here map[string]struct{}
}

func (r *rebuild) say(s Stage, done int64) {
	p := Progress{View: r.view, Stage: s, Done: done}
	if s == Reading {
		p.Total = r.total
	}
	r.Progress(p)
}

// put brings documents through target, and counts those that can't be taken.
func (r *rebuild) put(ctx context.Context, target interface {
	Put(ctx context.Context, b search.Batch) (search.Results, error)
}, b search.Batch,
) error {
	results, err := target.Put(ctx, b)
	if err != nil {
		return fmt.Errorf("put documents into the new view of %s: %w", r.view, err)
	}
	r.poisoned(results.Poisoned())
	return nil
}

func (r *rebuild) poisoned(bad []search.Result) {
	r.report.Poisoned += int64(len(bad))
	room := keepPoisoned - len(r.report.PoisonedFirst)
	r.report.PoisonedFirst = append(r.report.PoisonedFirst, bad[:min(len(bad), room)]...)
}

// swap lets the new view answer, then brings what changed since the last look: a
// projector may have put it into the old view just before that went.
func (r *rebuild) swap(ctx context.Context) error {
	if err := r.into.Refresh(ctx); err != nil {
		return fmt.Errorf("make the new view of %s searchable: %w", r.view, err)
	}
	if err := r.into.Swap(ctx); err != nil {
		return fmt.Errorf("swap the new view of %s in: %w", r.view, err)
	}
	_, err := r.bringChanges(ctx, r.Index)
	return err
}
