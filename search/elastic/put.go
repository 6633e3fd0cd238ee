package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"

	"holdfast/search"
)

// bulkBytes is the maximum size of a request: larger ones are split, since Elasticsearch
// holds a whole request in memory.
const bulkBytes = 8 << 20

// Put implements search.Index.
func (x *Index) Put(ctx context.Context, b search.Batch) (search.Results, error) {
	var results search.Results
	err := x.change(ctx, "put documents", func(ctx context.Context) error {
		to := destinations{
			products: x.names.write(search.ViewProducts, x.shapes[search.ViewProducts].version),
			orders:   x.names.write(search.ViewOrders, x.shapes[search.ViewOrders].version),
			events:   x.names.events(),
		}
		put := func() error {
			var err error
			results, err = x.put(ctx, b, to)
			return err
		}
		err := throughSwap(ctx, put)
		if gone := new(absent); !errors.As(err, &gone) || gone.alias != to.events {
			return err
		}
		// The cluster came back without what was created at Open. Views have to be filled
		// again; the stream continues with new events.
		if err := x.prepareEvents(ctx); err != nil {
			return err
		}
		return throughSwap(ctx, put)
	})
	if err != nil {
		return search.Results{}, err
	}
	return results, nil
}

// destinations are where the documents of a batch go.
type destinations struct{ products, orders, events string }

func (x *Index) put(ctx context.Context, b search.Batch, to destinations) (search.Results, error) {
	results := search.Results{
		Products: make([]search.Result, len(b.Products)),
		Orders:   make([]search.Result, len(b.Orders)),
		Events:   make([]search.Result, len(b.Events)),
	}
	w := &bulk{client: x.client}
	for i, p := range b.Products {
		r := &results.Products[i]
		if r.ID = p.ID; valid(r, p.Validate()) {
			w.add(ctx, r, action{Index: versioned(to.products, p.ID, p.Revision())}, sourceOfProduct(p))
		}
	}
	for i, o := range b.Orders {
		r := &results.Orders[i]
		if r.ID = o.ID; valid(r, o.Validate()) {
			w.add(ctx, r, action{Index: versioned(to.orders, o.ID, o.Revision)}, sourceOfOrder(o))
		}
	}
	for i, e := range b.Events {
		r := &results.Events[i]
		if r.ID = e.ID; valid(r, e.Validate()) {
			w.add(ctx, r, action{Create: &target{Index: to.events, ID: e.ID, RequireStream: true}}, sourceOfEvent(e))
		}
	}
	return results, w.finish(ctx)
}

func versioned(index, id string, revision int64) *target {
	return &target{Index: index, ID: id, Version: revision, VersionType: "external", RequireAlias: true}
}

// valid marks the result of an invalid document as poisoned.
func valid(r *search.Result, err error) bool {
	if err != nil {
		poison(r, err.Error())
	}
	return err == nil
}

func poison(r *search.Result, reason string) { r.Outcome, r.Reason = search.OutcomePoisoned, reason }

// bulk collects documents and sends them, all in one request unless that is too large.
// After an error it does nothing more.
type bulk struct {
	client *client
	lines  bytes.Buffer
	items  []item
	err    error
}

// item is a document in the lines.
type item struct {
	result     *search.Result
	index      string
	start, end int
}

func (w *bulk) add(ctx context.Context, r *search.Result, a action, source any) {
	if w.err != nil {
		return
	}
	start := w.lines.Len()
	if err := write(&w.lines, a, source); err != nil {
		w.lines.Truncate(start)
		poison(r, fmt.Sprintf("can't be encoded as JSON: %v", err))
		return
	}
	i := item{r, a.index(), start, w.lines.Len()}
	if w.items = append(w.items, i); i.end > bulkBytes {
		w.err = w.flush(ctx)
	}
}

func (a action) index() string {
	if a.Create != nil {
		return a.Create.Index
	}
	return a.Index.Index
}

func (w *bulk) finish(ctx context.Context) error {
	if w.err == nil {
		w.err = w.flush(ctx)
	}
	return w.err
}

func (w *bulk) flush(ctx context.Context) error {
	err := w.send(ctx, w.items)
	w.items = w.items[:0]
	w.lines.Reset()
	return err
}

// send sends some of the documents. If a whole request is refused because of its content,
// the halves are sent separately, down to the document at fault.
func (w *bulk) send(ctx context.Context, items []item) error {
	if len(items) == 0 {
		return nil
	}
	var answer bulkAnswer
	err := w.client.call(ctx, request{
		method: "POST", path: "/_bulk", lines: true,
		query: "filter_path=items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by",
		body:  w.lines.Bytes()[items[0].start:items[len(items)-1].end],
	}, &answer)
	switch {
	case err == nil:
		return answer.tell(items)
	case !byContent(err):
		return err
	case len(items) == 1:
		var r *refusal
		errors.As(err, &r)
		if r.status != http.StatusRequestEntityTooLarge && !r.cause.ofDocument() {
			return err // from a proxy or the cluster: not about this document
		}
		poison(items[0].result, "the index refused it: "+r.cause.String())
		return nil
	}
	half := len(items) / 2
	if err := w.send(ctx, items[:half]); err != nil {
		return err
	}
	return w.send(ctx, items[half:])
}
