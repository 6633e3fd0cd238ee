package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"holdfast/saga"
)

// cases are the refunds, or the disputes: each has a workflow of its own, and a document
// among its order's payments that must agree with it.
type cases[ID interface {
	comparable
	Compare(other ID) int
}, T any] struct {
	auditor *auditor
	// name of a single one.
	name string
	// walk iterates over their workflows, and ask queries one. It returns unknown as the
	// error if there is none.
	walk    func(context.Context) iter.Seq2[ID, error]
	ask     func(context.Context, ID) (T, error)
	unknown error
	// onRecord reports whether the case should have a document.
	onRecord func(T) bool
	// documents are those of an order.
	documents func(Payments) map[ID][]byte
	// same reports whether a document agrees with the workflow.
	same func(document []byte, t T) bool
	// about is a finding about a case, with its workflow's state as detail. idOf is the
	// case that a finding is about.
	about func(ID, T) Finding
	idOf  func(Finding) ID

	missing, differs Kind
	// count is the counter in the report.
	count *int
	// suspects are to be checked again.
	suspects map[ID]bool
}

// walkAll compares every case with its document.
func (c *cases[ID, T]) walkAll(ctx context.Context) error {
	for ids, err := range batches(c.walk(ctx), same) {
		if err != nil {
			return err
		}
		found, err := c.findings(ctx, ids)
		if err != nil {
			return err
		}
		for _, f := range found {
			c.suspects[c.idOf(f)] = true
			if f.OrderID != "" {
				c.auditor.suspectPayments(f.OrderID) // the payment that it is about may be lost too
			}
		}
		*c.count += len(ids)
		c.auditor.Progress(c.name+"s", len(ids))
	}
	return nil
}

// recheck compares the suspects again.
func (c *cases[ID, T]) recheck(ctx context.Context) ([]Finding, error) {
	var all []Finding
	for ids := range slices.Chunk(slices.SortedFunc(maps.Keys(c.suspects), ID.Compare), batch) {
		found, err := c.findings(ctx, ids)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		c.auditor.Progress("suspects", len(ids))
	}
	clear(c.suspects) // those with steps in progress leave the list
	for _, f := range all {
		c.suspects[c.idOf(f)] = true
	}
	return all, nil
}

func (c *cases[ID, T]) findings(ctx context.Context, ids []ID) ([]Finding, error) {
	asked, stuck, err := c.askAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	var found []Finding
	var compared []int
	var orderIDs []string
	for i, t := range asked {
		f := c.about(ids[i], t)
		switch {
		case stuck[i] != nil:
			f.Kind, f.Detail = KindWorkflowStuck, stuck[i].Error()
			found = append(found, f)
		case c.onRecord(t):
			compared, orderIDs = append(compared, i), append(orderIDs, f.OrderID)
		}
	}
	if len(compared) == 0 {
		return found, nil
	}
	stored, err := c.auditor.readPayments(ctx, orderIDs)
	if err != nil {
		return nil, err
	}
	for n, i := range compared {
		f, doc := c.about(ids[i], asked[i]), c.documents(stored[n])[ids[i]]
		switch {
		case len(doc) == 0:
			f.Kind, f.Detail = c.missing, "its workflow says "+f.Detail
		case !c.same(doc, asked[i]):
			f.Kind, f.Detail = c.differs, "its document disagrees with its workflow, which says "+f.Detail
		default:
			continue
		}
		found = append(found, f)
	}
	return found, nil
}

// askAll queries the cases' workflows. A missing one leaves a zero value; a stuck one
// leaves its error.
func (c *cases[ID, T]) askAll(ctx context.Context, ids []ID) (asked []T, stuck []error, err error) {
	asked, stuck = make([]T, len(ids)), make([]error, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(c.auditor.Concurrency)
	for i, id := range ids {
		group.Go(func() error {
			t, err := c.ask(ctx, id)
			switch {
			case errors.Is(err, saga.ErrStuck):
				stuck[i] = err
			case err != nil && !errors.Is(err, c.unknown):
				return fmt.Errorf("%s %+v: %w", c.name, id, err)
			default:
				asked[i] = t
			}
			return nil
		})
	}
	return asked, stuck, group.Wait()
}
