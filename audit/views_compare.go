package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"holdfast/search"
)

// viewed is a document as a view, or as its entity, has it; doc is nil if it has none.
type viewed struct {
	id       string
	revision int64
	// cold means a closed order, which may be in the view alone.
	cold bool
	doc  any
}

func viewedProduct(p search.Product) viewed { return viewed{id: p.ID, revision: p.Revision(), doc: p} }

func viewedOrder(o search.Order) viewed {
	return viewed{id: o.ID, revision: o.Revision, cold: o.Closed(), doc: o}
}

// compared is a document of the view beside its entity.
type compared struct {
	view, home viewed
	kind       ViewKind // empty if they are the same
	detail     string
}

// alone reports whether only the view has the document, and rightly so.
func (c compared) alone() bool { return c.kind == "" && c.view.doc != nil && c.home.doc == nil }

// compare compares documents of the view with their entities. These are read later, so a
// view that is newer, or has what doesn't exist, will stay that way.
func (a *viewAudit) compare(ctx context.Context, docs []viewed) ([]compared, error) {
	if len(docs) == 0 {
		return nil, nil
	}
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = d.id
	}
	homes, unreadable, err := a.Entities.Read(ctx, a.view, ids)
	if err != nil {
		return nil, err
	}
	at := map[string]viewed{}
	for _, p := range homes.Products {
		at[p.ID] = viewedProduct(p)
	}
	for _, o := range homes.Orders {
		at[o.ID] = viewedOrder(o)
	}
	if err := a.addLate(ctx, docs, at); err != nil {
		return nil, err
	}
	reasons := map[string]string{}
	for _, r := range unreadable {
		reasons[r.ID] = r.Reason
	}
	all := make([]compared, len(docs))
	for i, d := range docs {
		c := compared{view: d, home: at[d.id], kind: ViewKindUnreadable, detail: reasons[d.id]}
		if c.detail == "" {
			if c.kind, c.detail, err = difference(d, c.home); err != nil {
				return nil, err
			}
		}
		all[i] = c
	}
	return all, nil
}

// addLate adds the entities of orders that are only in the view, except for payments that
// arrived late: the view must have these, too.
func (a *viewAudit) addLate(ctx context.Context, docs []viewed, homes map[string]viewed) error {
	var alone []search.Order
	for _, d := range docs {
		if o, isOrder := d.doc.(search.Order); isOrder && homes[d.id].doc == nil {
			alone = append(alone, o)
		}
	}
	if len(alone) == 0 {
		return nil
	}
	whole, err := a.Entities.WithPayments(ctx, alone)
	if err != nil {
		return err
	}
	for i, o := range whole {
		if o.Revision != alone[i].Revision {
			homes[o.ID] = viewedOrder(o)
		}
	}
	return nil
}

// difference describes how a view's document differs from its entity; empty if it doesn't.
func difference(view, home viewed) (ViewKind, string, error) {
	switch {
	case view.doc == nil && home.doc == nil:
		return "", "", nil // gone from both since
	case view.doc == nil:
		return ViewKindMissing, fmt.Sprintf("revision %d exists", home.revision), nil
	case home.doc == nil && view.cold:
		return "", "", nil
	case home.doc == nil:
		return ViewKindUnknown, fmt.Sprintf("the view has revision %d of an entity that doesn't exist", view.revision), nil
	case view.revision < home.revision:
		return ViewKindBehind, fmt.Sprintf("revision %d, but %d exists", view.revision, home.revision), nil
	case view.revision > home.revision:
		return ViewKindAhead, fmt.Sprintf("revision %d, but only %d exists", view.revision, home.revision), nil
	}
	a, err := canonical(view.doc)
	if err != nil {
		return "", "", err
	}
	b, err := canonical(home.doc)
	if err != nil {
		return "", "", err
	}
	for field := range b {
		if !bytes.Equal(a[field], b[field]) {
			return ViewKindDiffers, fmt.Sprintf("revision %d has another %s", view.revision, field), nil
		}
	}
	for field := range a {
		if _, has := b[field]; !has {
			return ViewKindDiffers, fmt.Sprintf("revision %d has a %s", view.revision, field), nil
		}
	}
	return "", "", nil
}

// canonical encodes a document so that equal ones are equal byte by byte, whatever the
// order of their fields.
func canonical(doc any) (map[string]json.RawMessage, error) {
	b, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode a document: %w", err)
	}
	var fields map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return nil, fmt.Errorf("decode a document: %w", err)
	}
	out := make(map[string]json.RawMessage, len(fields))
	for name, value := range fields {
		if out[name], err = json.Marshal(value); err != nil {
			return nil, fmt.Errorf("encode a document: %w", err)
		}
	}
	return out, nil
}
