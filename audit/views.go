package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"holdfast/search"
)

// Homes reads entities as they are now, in the form in which a view shows them.
type Homes interface {
	IDs(ctx context.Context, v search.View) iter.Seq2[string, error]
	// Read makes the documents of the entities that are there; those that can't be
	// read come back apart.
	Read(ctx context.Context, v search.View, ids []string) (search.Batch, []search.Result, error)
}

// ViewsConfig of an audit of the search views.
type ViewsConfig struct {
	Index search.Index
	Homes Homes
	// Looks and Pause are as in Config. A view is up to some seconds late.
	Looks int
	Pause time.Duration
	// Progress is told what is walked over, and how many more; it may be nil.
	Progress func(what string, n int)
}

// ViewKind is how a view's document differs from its entity.
type ViewKind string

const (
	// ViewMissing: the view lacks the entity.
	ViewMissing ViewKind = "view_missing"
	// ViewBehind: the view has an older revision, and it stays so.
	ViewBehind ViewKind = "view_behind"
	// ViewAhead: the view has a newer revision than there is: Redis was restored from
	// an older copy.
	ViewAhead ViewKind = "view_ahead"
	// ViewDiffers: the same revision says something else.
	ViewDiffers ViewKind = "view_differs"
	// ViewUnknown: there is no such entity.
	ViewUnknown ViewKind = "view_unknown"
	// ViewUnreadable: the entity can't be read, so the view can't have it.
	ViewUnreadable ViewKind = "view_unreadable"
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
	// Cold orders are in the view alone: they have left Redis.
	Cold     int           `json:"cold"`
	Suspects int           `json:"suspects"`
	Findings []ViewFinding `json:"findings"`
	Seconds  float64       `json:"seconds"`
}

// Views compares each view with its entities, beside a running system: what looks
// off is looked at again, several times, before it is a finding.
func Views(ctx context.Context, c ViewsConfig) (ViewsReport, error) {
	if c.Looks < 1 {
		c.Looks = defaultLooks
	}
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
	suspects, err := a.walkView(ctx)
	if err != nil {
		return err
	}
	missing, err := a.walkHomes(ctx)
	if err != nil {
		return err
	}
	suspects = append(suspects, missing...)
	a.report.Suspects += len(suspects)
	pause := a.Pause
	var found []ViewFinding
	for look := 0; look < a.Looks && len(suspects) > 0; look++ {
		if look > 0 {
			if err := wait(ctx, pause); err != nil {
				return err
			}
			pause *= 2
		}
		if found, err = a.look(ctx, suspects); err != nil {
			return err
		}
		suspects = suspects[:0]
		for _, f := range found {
			suspects = append(suspects, f.ID)
		}
	}
	a.report.Findings = append(a.report.Findings, found...)
	return nil
}

// walkView compares all that the view has.
func (a *viewAudit) walkView(ctx context.Context) (suspects []string, err error) {
	for after := ""; ; {
		docs, err := a.page(ctx, after)
		if err != nil || len(docs) == 0 {
			return suspects, err
		}
		after = docs[len(docs)-1].id
		found, cold, err := a.compare(ctx, docs)
		if err != nil {
			return nil, err
		}
		a.report.Cold += cold
		for _, f := range found {
			suspects = append(suspects, f.ID)
		}
		a.Progress(string(a.view)+" in the view", len(docs))
	}
}

// walkHomes looks for entities that the view lacks.
func (a *viewAudit) walkHomes(ctx context.Context) (missing []string, err error) {
	var ids []string
	look := func() error {
		there, err := a.Index.Revisions(ctx, a.view, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, ok := there[id]; !ok {
				missing = append(missing, id)
			}
		}
		if a.view == search.ProductsView {
			a.report.Products += len(ids)
		} else {
			a.report.Orders += len(ids)
		}
		a.Progress(string(a.view), len(ids))
		ids = ids[:0]
		return nil
	}
	for id, err := range a.Homes.IDs(ctx, a.view) {
		if err != nil {
			return nil, err
		}
		if ids = append(ids, id); len(ids) == batch {
			if err := look(); err != nil {
				return nil, err
			}
		}
	}
	return missing, look()
}

func (a *viewAudit) page(ctx context.Context, after string) (docs []viewed, err error) {
	if a.view == search.ProductsView {
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

// look compares the suspects as they are now.
func (a *viewAudit) look(ctx context.Context, ids []string) (found []ViewFinding, err error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for chunk := range slices.Chunk(ids, batch) {
		docs := make([]viewed, len(chunk))
		for i, id := range chunk {
			if docs[i], err = a.get(ctx, id); err != nil {
				return nil, err
			}
		}
		differ, _, err := a.compare(ctx, docs)
		if err != nil {
			return nil, err
		}
		found = append(found, differ...)
		a.Progress("suspects", len(chunk))
	}
	return found, nil
}

func (a *viewAudit) get(ctx context.Context, id string) (viewed, error) {
	if a.view == search.ProductsView {
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
