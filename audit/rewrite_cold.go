package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	"holdfast/order"
)

// writeCold repairs a closed order that Redis lacks. If the view agrees with its workflow,
// the order stays in the view alone: its document must not return to Redis, where it would
// lack the refunds that the view has. Payments that the view lacks are stored in Redis
// without a document, like late ones, and reach the view from there.
func (r Repairer) writeCold(ctx context.Context, o *order.Order, stored Payments) (string, error) {
	cold, err := r.coldOrder(ctx, o.ID)
	if err != nil {
		return "", err
	}
	if !cold.Found {
		return r.writeLost(ctx, o, stored)
	}
	off, err := documentOf(cold, o)
	switch {
	case err != nil:
		return "", err
	case len(off) > 0 && off[0].Kind == KindDocumentOld:
		return r.writeNewer(ctx, o, stored, *cold.Cold)
	case len(off) > 0:
		return "", cannot("it has left Redis, and nothing in the orders view is replaced: %s", off[0].Detail)
	}
	attempts, err := r.Orders.Payments(ctx, o.ID)
	if err != nil {
		return "", err
	}
	seen := order.Record{Payments: maps.Clone(stored.Attempts)}
	has := stored.completed(cold.Cold).Attempts
	maps.DeleteFunc(attempts, func(id string, p order.Attempt) bool { return stands(has[id], p) })
	if len(attempts) == 0 {
		return "", cannot("it has left Redis, and the orders view agrees with its workflow")
	}
	now, err := order.NewRecord(o, attempts)
	if err != nil {
		return "", err
	}
	now.Version = 0 // the document stays where it is
	return fmt.Sprintf("%d payments were written for the orders view, which has the only copy of the order", len(attempts)), r.mend(ctx, seen, now)
}

// writeLost stores a closed order that is neither in Redis nor in the view. If orders have
// left Redis and the view isn't available, it may be there.
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

// writeNewer stores an order that Redis has lost and of which the view has an older
// version, so it did not leave in its current state. What the view has beside it is stored
// first, since a document in Redis replaces everything that the view has.
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
	for id, doc := range cold.Disputes {
		if _, there := stored.Disputes[id]; there {
			continue
		}
		done, err := r.Records.MendDispute(ctx, o.ID, id.Provider, id.DisputeID, nil, doc)
		if err == nil && !done {
			err = errWrittenMeanwhile
		}
		if err != nil {
			return "", err
		}
	}
	for id, doc := range cold.Dismissals {
		var d order.Dismissal
		if err := json.Unmarshal(doc, &d); err != nil {
			return "", fmt.Errorf("read the dismissal of alert %s: %w", id, err)
		}
		if err := r.Records.Dismiss(ctx, o.ID, d); err != nil {
			return "", err
		}
	}
	return r.writeWarm(ctx, o, Document{OrderID: o.ID}, stored)
}
