package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"holdfast/order"
	"holdfast/saga"
)

// Disputes is what the disputes' workflows recorded.
type Disputes interface {
	// WalkDisputes goes over the disputes that have a workflow. It may be some seconds late.
	WalkDisputes(ctx context.Context) iter.Seq2[saga.DisputeID, error]
	// Dispute asks a dispute's workflow how it stands, or answers ErrUnknownDispute.
	Dispute(ctx context.Context, id saga.DisputeID) (order.Dispute, error)
}

// walkDisputes compares every dispute with its document.
func (a *auditor) walkDisputes(ctx context.Context) error {
	same := func(id saga.DisputeID) saga.DisputeID { return id }
	for ids, err := range batches(a.Orders.WalkDisputes(ctx), same) {
		if err != nil {
			return err
		}
		found, err := a.disputeFindings(ctx, ids)
		if err != nil {
			return err
		}
		for _, f := range found {
			a.disputes[saga.DisputeID{Provider: f.Provider, DisputeID: f.DisputeID}] = true
		}
		a.counts.Disputes += len(ids)
		a.Progress("disputes", len(ids))
	}
	return nil
}

// lookAtDisputes looks again at every suspected dispute.
func (a *auditor) lookAtDisputes(ctx context.Context) ([]Finding, error) {
	var all []Finding
	for ids := range slices.Chunk(slices.SortedFunc(maps.Keys(a.disputes), saga.DisputeID.Compare), batch) {
		found, err := a.disputeFindings(ctx, ids)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		a.Progress("suspects", len(ids))
	}
	clear(a.disputes) // those that were only in motion leave the list
	for _, f := range all {
		a.disputes[saga.DisputeID{Provider: f.Provider, DisputeID: f.DisputeID}] = true
	}
	return all, nil
}

func (a *auditor) disputeFindings(ctx context.Context, ids []saga.DisputeID) ([]Finding, error) {
	disputes, found, err := a.disputed(ctx, ids)
	if err != nil || len(disputes) == 0 {
		return found, err
	}
	orderIDs := make([]string, len(disputes))
	for i, d := range disputes {
		orderIDs[i] = d.OrderID
	}
	stored, err := a.readPayments(ctx, orderIDs)
	if err != nil {
		return nil, err
	}
	for i, d := range disputes {
		f := Finding{OrderID: d.OrderID, PaymentID: d.PaymentID, Provider: d.Provider, DisputeID: d.ID}
		doc := stored[i].Disputes[saga.DisputeID{Provider: d.Provider, DisputeID: d.ID}]
		says := fmt.Sprintf("%s (%s), %d %s", d.Status, d.Reason, d.Amount, d.Currency)
		switch {
		case len(doc) == 0:
			f.Kind, f.Detail = KindDisputeMissing, "its workflow says "+says
		case !stands(doc, d):
			f.Kind, f.Detail = KindDisputeDiffers, "its document says otherwise than its workflow: "+says
		default:
			continue
		}
		found = append(found, f)
	}
	return found, nil
}

// disputed asks the disputes' workflows, and leaves out those of which nothing is on record
// yet, or whose order isn't known. A workflow that is stuck is a finding.
func (a *auditor) disputed(ctx context.Context, ids []saga.DisputeID) ([]order.Dispute, []Finding, error) {
	asked := make([]order.Dispute, len(ids))
	stuck := make([]error, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(a.Concurrency)
	for i, id := range ids {
		group.Go(func() error {
			d, err := a.Orders.Dispute(ctx, id)
			switch {
			case errors.Is(err, saga.ErrStuck):
				stuck[i] = err
			case err != nil && !errors.Is(err, saga.ErrUnknownDispute):
				return fmt.Errorf("dispute %s of %s: %w", id.DisputeID, id.Provider, err)
			default:
				asked[i] = d
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	var found []Finding
	for i, err := range stuck {
		if err != nil {
			found = append(found, Finding{
				Kind: KindWorkflowStuck, Provider: ids[i].Provider, DisputeID: ids[i].DisputeID, Detail: err.Error(),
			})
		}
	}
	return slices.DeleteFunc(asked, func(d order.Dispute) bool { return d.OrderID == "" || d.Version == 0 }), found, nil
}

// writeDispute writes a dispute's document again as its workflow has it.
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
