package audit

import (
	"context"
	"fmt"
	"maps"

	"holdfast/order"
)

// writeCold mends a closed order that Redis lacks. One that the view has as its
// workflow does keeps the view as its only home: its document must not come back to
// Redis, where it would lie without the refunds that the view has. Payments that the
// view lacks are written beside it in Redis, as late ones are, and follow it from there.
func (r Repairer) writeCold(ctx context.Context, o *order.Order, stored Payments) (string, error) {
	cold, err := r.coldOrder(ctx, o.ID)
	if err != nil {
		return "", err
	}
	if !cold.Found {
		return r.writeLost(ctx, o, stored)
	}
	switch off := documentOf(cold, o); {
	case len(off) > 0 && off[0].Kind == KindDocumentOld:
		return r.writeNewer(ctx, o, stored, *cold.Cold)
	case len(off) > 0:
		return "", cannot("it has left Redis, and of what is in the orders view nothing is replaced: %s", off[0].Detail)
	}
	attempts, err := r.Orders.Payments(ctx, o.ID)
	if err != nil {
		return "", err
	}
	seen := order.Record{Payments: maps.Clone(stored.Attempts)}
	has := stored.completed(cold.Cold).Attempts
	maps.DeleteFunc(attempts, func(id string, p order.Attempt) bool { return stands(has[id], p) })
	if len(attempts) == 0 {
		return "", cannot("it has left Redis, and the orders view has it as its workflow does")
	}
	now, err := order.NewRecord(o, attempts)
	if err != nil {
		return "", err
	}
	now.Version = 0 // the document stays where it is
	return fmt.Sprintf("%d payments were written for the orders view, which alone has the order", len(attempts)), r.mend(ctx, seen, now)
}

// writeLost writes a closed order that is neither in Redis nor in the view. Where
// orders have left Redis and nobody gave the view, it may be there.
func (r Repairer) writeLost(ctx context.Context, o *order.Order, stored Payments) (string, error) {
	if r.Cold == nil {
		forgotten, err := r.Books.Forgotten(ctx)
		if err != nil {
			return "", err
		}
		if len(forgotten) > 0 {
			return "", cannot("it may have left Redis: audit with the orders view (ELASTICSEARCH_URL)")
		}
	}
	return r.writeWarm(ctx, o, Document{OrderID: o.ID}, stored)
}

// writeNewer writes an order that Redis has lost and of which the view has an older
// version: it did not leave as it is. What the view has of its refunds comes first,
// since a document in Redis replaces all that the view has.
func (r Repairer) writeNewer(ctx context.Context, o *order.Order, stored, cold Payments) (string, error) {
	for id, doc := range cold.Refunds {
		if _, there := stored.Refunds[id]; there {
			continue
		}
		done, err := r.Records.MendRefund(ctx, o.ID, id.PaymentID, id.RefundID, nil, doc)
		if err == nil && !done {
			err = errWrittenMeanwhile
		}
		if err != nil {
			return "", err
		}
	}
	return r.writeWarm(ctx, o, Document{OrderID: o.ID}, stored)
}
