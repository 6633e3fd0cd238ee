package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"holdfast/order"
	"holdfast/saga"
)

// Disputes is what the disputes' workflows recorded.
type Disputes interface {
	// WalkDisputes iterates over the disputes that have a workflow. It may lag by some
	// seconds.
	WalkDisputes(ctx context.Context) iter.Seq2[saga.DisputeID, error]
	// Dispute queries a dispute's workflow, or returns ErrUnknownDispute.
	Dispute(ctx context.Context, id saga.DisputeID) (order.Dispute, error)
}

// disputeCases are the disputes. One whose order is unknown has no document.
func (a *auditor) disputeCases() *cases[saga.DisputeID, order.Dispute] {
	return &cases[saga.DisputeID, order.Dispute]{
		auditor: a, name: "dispute", suspects: map[saga.DisputeID]bool{},
		walk: a.Orders.WalkDisputes, ask: a.Orders.Dispute, unknown: saga.ErrUnknownDispute,
		onRecord:  func(d order.Dispute) bool { return d.OrderID != "" && d.Version > 0 },
		documents: func(p Payments) map[saga.DisputeID][]byte { return p.Disputes },
		same:      stands[order.Dispute],
		about: func(id saga.DisputeID, d order.Dispute) Finding {
			return Finding{
				OrderID: d.OrderID, PaymentID: d.PaymentID, Provider: id.Provider, DisputeID: id.DisputeID,
				Detail: fmt.Sprintf("%s (%s), %d %s", d.Status, d.Reason, d.Amount, d.Currency),
			}
		},
		idOf:    func(f Finding) saga.DisputeID { return saga.DisputeID{Provider: f.Provider, DisputeID: f.DisputeID} },
		missing: KindDisputeMissing, differs: KindDisputeDiffers, count: &a.counts.Disputes,
	}
}

// writeDispute stores a dispute's document again as its workflow has it.
func (r Repairer) writeDispute(ctx context.Context, f Finding) (string, error) {
	stored, err := r.Books.ReadPayments(ctx, []string{f.OrderID})
	if err != nil {
		return "", err
	}
	id := saga.DisputeID{Provider: f.Provider, DisputeID: f.DisputeID}
	d, err := r.Orders.Dispute(ctx, id)
	switch {
	case errors.Is(err, saga.ErrUnknownDispute):
		return "", cannot("its workflow is gone")
	case err != nil:
		return "", err
	}
	doc, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encode it: %w", err)
	}
	done, err := r.Records.MendDispute(ctx, f.OrderID, d.Provider, d.ID, stored[0].Disputes[id], doc)
	if err == nil && !done {
		err = errWrittenMeanwhile
	}
	return string(d.Status) + " was written", err
}
