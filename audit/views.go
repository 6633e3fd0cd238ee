package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"holdfast/search"
)

// Entities reads the current state of entities, in the form in which a view stores them.
type Entities interface {
	IDs(ctx context.Context, v search.View) iter.Seq2[string, error]
	// Read returns the documents of the existing entities; unreadable ones are returned
	// separately.
	Read(ctx context.Context, v search.View, ids []string) (search.Batch, []search.Result, error)
	// WithPayments adds payments that arrived later to orders that have left Redis.
	WithPayments(ctx context.Context, orders []search.Order) ([]search.Order, error)
}

// ViewsConfig configures an audit of the search views.
type ViewsConfig struct {
	Index    search.Index
	Entities Entities
	// Looks is how often a suspect is checked before it becomes a finding, including the
	// walk over everything, at least 2; Pause is as in Config. The default pauses, up to 63
	// s together, are longer than a projector takes over what a dead one had begun.
	Looks int
	Pause time.Duration
	// Progress reports what is being walked over, and how many more were read; it may be
	// nil.
	Progress func(what string, n int)
}

// viewLooks is how often suspects in the views are checked by default.
const viewLooks = 7

// ViewKind is how a view's document differs from its entity.
type ViewKind string

const (
	// ViewKindMissing means that the view lacks the entity, which existed at the first
	// check.
	ViewKindMissing ViewKind = "view_missing"
	// ViewKindBehind means that the view has an older revision than there was at the first
	// check.
	ViewKindBehind ViewKind = "view_behind"
	// ViewKindAhead means that the view has a newer revision than the entity: Redis was
	// restored from an older copy.
	ViewKindAhead ViewKind = "view_ahead"
	// ViewKindDiffers means that the same revision has another content.
	ViewKindDiffers ViewKind = "view_differs"
	// ViewKindUnknown means that there is no such entity, and wasn't at the first check.
	ViewKindUnknown ViewKind = "view_unknown"
	// ViewKindUnreadable means that the entity can't be read, so the view can't have it.
	ViewKindUnreadable ViewKind = "view_unreadable"
)

// ViewFinding is one document that differs from its entity.
type ViewFinding struct {
	Kind   ViewKind    `json:"kind"`
	View   search.View `json:"view"`
	ID     string      `json:"id"`
	Detail string      `json:"detail"`
}

func (f ViewFinding) String() string {
	return fmt.Sprintf("%s %s %s: %s", f.Kind, f.View, f.ID, f.Detail)
}

// ViewsReport is what an audit of the views found.
type ViewsReport struct {
	Products int `json:"products"`
	Orders   int `json:"orders"`
	// Cold counts orders that are only in the view: they have left Redis.
	Cold     int           `json:"cold"`
	Suspects int           `json:"suspects"`
	Findings []ViewFinding `json:"findings"`
	Seconds  float64       `json:"seconds"`
}

// Views compares each view with its entities, on a live system: suspects are checked again,
// several times, before they become findings.
func Views(ctx context.Context, c ViewsConfig) (ViewsReport, error) {
	if c.Looks < 1 {
		c.Looks = viewLooks
	}
	c.Looks = max(c.Looks, 2)
	if c.Pause <= 0 {
		c.Pause = time.Second
	}
	if c.Progress == nil {
		c.Progress = func(string, int) {}
	}
	begun := time.Now()
	var report ViewsReport
	for _, v := range search.Views() {
		a := viewAudit{ViewsConfig: c, view: v, report: &report}
		if err := a.run(ctx); err != nil {
			return ViewsReport{}, fmt.Errorf("compare the view of %s: %w", v, err)
		}
	}
	report.Seconds = time.Since(begun).Seconds()
	return report, nil
}

// viewAudit compares one view.
type viewAudit struct {
	ViewsConfig
	view   search.View
	report *ViewsReport
}

func (a *viewAudit) run(ctx context.Context) error {
	suspects := suspects{}
	if err := a.walkView(ctx, suspects); err != nil {
		return err
	}
	if err := a.walkEntities(ctx, suspects); err != nil {
		return err
	}
	a.report.Suspects += len(suspects)
	found, err := a.recheck(ctx, suspects)
	if err != nil {
		return err
	}
	a.report.Findings = append(a.report.Findings, found...)
	return nil
}

// walkView compares everything that the view has.
func (a *viewAudit) walkView(ctx context.Context, to suspects) error {
	for after := ""; ; {
		docs, err := a.page(ctx, after)
		if err != nil || len(docs) == 0 {
			return err
		}
		after = docs[len(docs)-1].id
		compared, err := a.compare(ctx, docs)
		if err != nil {
			return err
		}
		for _, c := range compared {
			if c.alone() {
				a.report.Cold++
			}
			to.add(c)
		}
		a.Progress(string(a.view)+" in the view", len(docs))
	}
}

// walkEntities finds entities that the view lacks.
func (a *viewAudit) walkEntities(ctx context.Context, to suspects) error {
	var ids []string
	look := func() error {
		there, err := a.Index.Revisions(ctx, a.view, ids)
		if err != nil {
			return err
		}
		var missing []viewed
		for _, id := range ids {
			if _, ok := there[id]; !ok {
				missing = append(missing, viewed{id: id})
			}
		}
		compared, err := a.compare(ctx, missing)
		if err != nil {
			return err
		}
		for _, c := range compared {
			to.add(c)
		}
		if a.view == search.ViewProducts {
			a.report.Products += len(ids)
		} else {
			a.report.Orders += len(ids)
		}
		a.Progress(string(a.view), len(ids))
		ids = ids[:0]
		return nil
	}
	for id, err := range a.Entities.IDs(ctx, a.view) {
		if err != nil {
			return err
		}
		if ids = append(ids, id); len(ids) == batch {
			if err := look(); err != nil {
				return err
			}
		}
	}
	return look()
}

func (a *viewAudit) page(ctx context.Context, after string) (docs []viewed, err error) {
	if a.view == search.ViewProducts {
		page, err := a.Index.WalkProducts(ctx, after, batch)
		for _, p := range page {
			docs = append(docs, viewedProduct(p))
		}
		return docs, err
	}
	page, err := a.Index.WalkOrders(ctx, after, batch)
	for _, o := range page {
		docs = append(docs, viewedOrder(o))
	}
	return docs, err
}

func (a *viewAudit) get(ctx context.Context, id string) (viewed, error) {
	if a.view == search.ViewProducts {
		p, err := a.Index.GetProduct(ctx, id)
		if errors.Is(err, search.ErrNotFound) {
			return viewed{id: id}, nil
		}
		return viewedProduct(p), err
	}
	o, err := a.Index.GetOrder(ctx, id)
	if errors.Is(err, search.ErrNotFound) {
		return viewed{id: id}, nil
	}
	return viewedOrder(o), err
}
