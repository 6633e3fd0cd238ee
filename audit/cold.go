package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"holdfast/search"
)

// ColdOrders has the orders that have left Redis: the orders view.
type ColdOrders interface {
	// WalkOrders lists orders by their ids, those after the given one.
	WalkOrders(ctx context.Context, after string, limit int) ([]search.Order, error)
	// GetOrder returns search.ErrNotFound for an order that isn't there.
	GetOrder(ctx context.Context, id string) (search.Order, error)
}

// documents iterates over all orders' documents, each once: those in Redis first, then
// those that only the view has. In this order an order that leaves Redis meanwhile is seen
// in one of the two.
func (c *Config) documents(ctx context.Context) iter.Seq2[[]Document, error] {
	return func(yield func([]Document, error) bool) {
		seen := map[string]struct{}{}
		for ids, err := range c.Books.WalkDocuments(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			docs, err := c.Books.ReadDocuments(ctx, ids)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, d := range docs {
				if d.Found && c.Cold != nil {
					seen[d.OrderID] = struct{}{}
				}
			}
			if !yield(docs, nil) {
				return
			}
		}
		if c.Cold == nil {
			return
		}
		for docs, err := range c.coldDocuments(ctx, seen) {
			if !yield(docs, err) || err != nil {
				return
			}
		}
	}
}

// coldDocuments iterates over the orders of the view that were not seen and are closed. One
// that isn't closed should not be in the view alone: the walk over its workflow reports
// that its document is missing.
func (c *Config) coldDocuments(ctx context.Context, seen map[string]struct{}) iter.Seq2[[]Document, error] {
	return func(yield func([]Document, error) bool) {
		last := ""
		for {
			page, err := c.Cold.WalkOrders(ctx, last, batch)
			if err != nil {
				yield(nil, fmt.Errorf("walk over the orders of the view: %w", err))
				return
			}
			if len(page) == 0 {
				return
			}
			last = page[len(page)-1].ID
			var cold []Document
			var ids []string
			for _, o := range page {
				if _, warm := seen[o.ID]; !warm && o.Closed() {
					cold, ids = append(cold, coldDocument(o)), append(ids, o.ID)
				}
			}
			if len(ids) == 0 {
				continue
			}
			docs, err := c.Books.ReadDocuments(ctx, ids)
			if err != nil {
				yield(nil, err)
				return
			}
			for i, d := range docs {
				if d.Found { // stored since: Redis has the newer one
					cold[i] = d
				}
			}
			if !yield(cold, nil) {
				return
			}
		}
	}
}

func coldDocument(o search.Order) Document {
	d := readDocument(o.ID, []any{fmt.Sprint(o.Version), string(o.Document)}, Apart{})
	fields := make(map[string]string, len(o.Payments))
	for field, doc := range o.Payments {
		fields[field] = string(doc)
	}
	payments := readPayments(fields)
	d.Cold = &payments
	return d
}

// coldOrder reads a closed order that has left Redis; Found is false if the view doesn't
// have it, or isn't available.
func (c *Config) coldOrder(ctx context.Context, id string) (Document, error) {
	return coldOrder(ctx, c.Cold, id)
}

func coldOrder(ctx context.Context, view ColdOrders, id string) (Document, error) {
	if view == nil {
		return Document{OrderID: id}, nil
	}
	o, err := view.GetOrder(ctx, id)
	switch {
	case errors.Is(err, search.ErrNotFound), err == nil && !o.Closed():
		return Document{OrderID: id}, nil
	case err != nil:
		return Document{}, fmt.Errorf("find order %s in the view: %w", id, err)
	}
	return coldDocument(o), nil
}

// readOne reads the document of one order, wherever it is.
func (a *auditor) readOne(ctx context.Context, id string) (Document, error) {
	docs, err := a.Books.ReadDocuments(ctx, []string{id})
	if err != nil {
		return Document{}, err
	}
	if docs[0].Found {
		return docs[0], nil
	}
	return a.coldOrder(ctx, id)
}

// completed adds to payments from Redis what the view has of an order that left.
func (p Payments) completed(cold *Payments) Payments {
	if cold == nil {
		return p
	}
	for id, doc := range cold.Attempts {
		if _, newer := p.Attempts[id]; !newer {
			p.Attempts[id] = doc
		}
	}
	for id, doc := range cold.Refunds {
		if _, newer := p.Refunds[id]; !newer {
			p.Refunds[id] = doc
		}
	}
	for id, doc := range cold.Disputes {
		if _, newer := p.Disputes[id]; !newer {
			p.Disputes[id] = doc
		}
	}
	return p
}

// readPayments reads the payments of a few orders, wherever they are. For an order that
// left, those that arrived later are included.
func (a *auditor) readPayments(ctx context.Context, orderIDs []string) ([]Payments, error) {
	stored, err := a.Books.ReadPayments(ctx, orderIDs)
	if err != nil || a.Cold == nil {
		return stored, err
	}
	docs, err := a.Books.ReadDocuments(ctx, orderIDs)
	if err != nil {
		return nil, err
	}
	for i, d := range docs {
		if d.Found {
			continue
		}
		cold, err := a.coldOrder(ctx, d.OrderID)
		if err != nil {
			return nil, err
		}
		stored[i] = stored[i].completed(cold.Cold)
	}
	return stored, nil
}

// countUnseen counts the orders that have left Redis if the view that has them isn't
// available, and returns a finding that says so.
func (a *auditor) countUnseen(ctx context.Context) ([]Finding, error) {
	forgotten, err := a.Books.Forgotten(ctx)
	if err != nil {
		return nil, err
	}
	var all, sold int64
	for status, n := range forgotten {
		all += n
		if status.TookPayment() {
			sold += n
		}
	}
	a.counts.Forgotten = all
	if a.Cold != nil || all == 0 {
		return nil, nil
	}
	a.unseen = true
	return []Finding{{
		Kind: KindOrdersUnseen,
		Detail: fmt.Sprintf("%d orders, %d of them delivered, have left Redis and are only in the orders view, which was not given"+
			" (ELASTICSEARCH_URL): whether more was sold than paid was not checked", all, sold),
	}}, nil
}

// judged drops findings that only look wrong because the orders that left were not seen.
func (a *auditor) judged(found []Finding) []Finding {
	if !a.unseen {
		return found
	}
	kept := found[:0]
	for _, f := range found {
		if f.Kind != KindSoldDiffers || f.Units < 0 {
			kept = append(kept, f)
		}
	}
	return kept
}
