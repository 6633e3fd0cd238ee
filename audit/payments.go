package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"holdfast/order"
	"holdfast/saga"
)

// paymentsOfDocuments looks, in Redis alone, whether the payment that an order
// names is on its payments document. Others are asked for only where something
// is off.
func (a *auditor) paymentsOfDocuments(ctx context.Context, docs []Document) error {
	var ids []string
	var of []*order.Order
	var cold []*Payments
	for i := range docs {
		if o := &docs[i].Order; docs[i].Found && docs[i].Unreadable == "" && o.Payment.ID != "" {
			ids, of, cold = append(ids, docs[i].OrderID), append(of, o), append(cold, docs[i].Cold)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	stored, err := a.Books.ReadPayments(ctx, ids)
	if err != nil {
		return err
	}
	for i, o := range of {
		var p order.Attempt
		if json.Unmarshal(stored[i].completed(cold[i]).Attempts[order.PaymentKey(o.Payment.Provider, o.Payment.ID)], &p) != nil || !fits(p, o) {
			a.suspectPayments(ids[i])
			continue
		}
		if o.Payment.Status == order.PaymentPaid {
			a.take(p, o)
		}
	}
	return nil
}

// fits tells whether a stored payment can be the one that the order names.
func fits(p order.Attempt, o *order.Order) bool {
	return p.PaymentID == o.Payment.ID && p.Provider == o.Payment.Provider && (o.Payment.Status != order.PaymentPaid || (p.Taken && p.Amount == o.Amounts[order.AmountPaid] && p.Currency == o.Currency))
}

// take notes which order took a payment.
func (a *auditor) take(p order.Attempt, o *order.Order) {
	id := [2]string{p.Provider, p.PaymentID}
	first, taken := a.taken[id]
	switch {
	case !taken:
		a.taken[id] = o.ID
	case first != o.ID: // a walk may come by one order twice
		f := Finding{
			Kind: KindPaymentTakenTwice, OrderID: max(first, o.ID), PaymentID: p.PaymentID,
			Detail: fmt.Sprintf("order %s took this payment of %s too", min(first, o.ID), p.Provider),
		}
		a.twice[f.key()] = f
	}
}

// paymentFindings compares the payments document of an order with all payments
// that its workflow heard of. What the document has besides is of an order that
// was placed under the same id before. A workflow that was ended by force didn't hear what
// became of its open payments.
func (a *auditor) paymentFindings(ctx context.Context, orderID string, byForce bool) ([]Finding, error) {
	attempts, err := a.Orders.Payments(ctx, orderID)
	if err != nil || len(attempts) == 0 {
		return nil, err
	}
	stored, err := a.readPayments(ctx, []string{orderID})
	if err != nil {
		return nil, err
	}
	var found []Finding
	for key, p := range attempts {
		doc := stored[0].Attempts[key]
		f := Finding{OrderID: orderID, PaymentID: p.PaymentID}
		says := fmt.Sprintf("%s, %d %s, taken: %t", p.Type, p.Amount, p.Currency, p.Taken)
		switch {
		case len(doc) == 0:
			f.Kind, f.Detail = KindPaymentMissing, "its workflow says "+says
		case byForce && wentOn(doc, p):
			continue
		case !stands(doc, p):
			f.Kind, f.Detail = KindPaymentDiffers, "its document says otherwise than its workflow: "+says
		default:
			continue
		}
		found = append(found, f)
	}
	return found, nil
}

// stands tells whether the stored document says just what want says. Fields that
// this version doesn't know don't count.
func stands[T any](stored []byte, want T) bool {
	var have T
	if json.Unmarshal(stored, &have) != nil {
		return false
	}
	a, errA := json.Marshal(have)
	b, errB := json.Marshal(want)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// wentOn reports whether the stored payment is the one that was open, and has been decided
// since.
func wentOn(stored []byte, open order.Attempt) bool {
	var now order.Attempt
	return open.Type == order.PaymentCreated && json.Unmarshal(stored, &now) == nil &&
		now.Key() == open.Key() && now.Type != order.PaymentCreated && !now.Taken
}

// walkRefunds compares every refund with its document, those that are paid out too.
func (a *auditor) walkRefunds(ctx context.Context) error {
	same := func(id saga.RefundID) saga.RefundID { return id }
	for ids, err := range batches(a.Orders.WalkRefunds(ctx), same) {
		if err != nil {
			return err
		}
		found, err := a.refundFindings(ctx, ids)
		if err != nil {
			return err
		}
		for _, f := range found {
			a.refunds[saga.RefundID{PaymentID: f.PaymentID, RefundID: f.RefundID}] = true
			if f.OrderID != "" {
				a.suspectPayments(f.OrderID) // the payment that goes back may be lost too
			}
		}
		a.counts.Refunds += len(ids)
		a.Progress("refunds", len(ids))
	}
	return nil
}

// lookAtRefunds looks at every suspected refund anew.
func (a *auditor) lookAtRefunds(ctx context.Context) ([]Finding, error) {
	var all []Finding
	for ids := range slices.Chunk(slices.SortedFunc(maps.Keys(a.refunds), saga.RefundID.Compare), batch) {
		found, err := a.refundFindings(ctx, ids)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		a.Progress("suspects", len(ids))
	}
	clear(a.refunds) // those that were only in motion leave the list
	for _, f := range all {
		a.refunds[saga.RefundID{PaymentID: f.PaymentID, RefundID: f.RefundID}] = true
	}
	return all, nil
}

func (a *auditor) refundFindings(ctx context.Context, ids []saga.RefundID) ([]Finding, error) {
	owed, found, err := a.owed(ctx, ids)
	if err != nil || len(owed) == 0 {
		return found, err
	}
	orderIDs := make([]string, len(owed))
	for i, r := range owed {
		orderIDs[i] = r.OrderID
	}
	stored, err := a.readPayments(ctx, orderIDs)
	if err != nil {
		return nil, err
	}
	for i, r := range owed {
		f := Finding{OrderID: r.OrderID, PaymentID: r.PaymentID, RefundID: r.ID}
		doc := stored[i].Refunds[saga.RefundID{PaymentID: r.PaymentID, RefundID: r.ID}]
		says := fmt.Sprintf("%s (%s), %d %s", r.Status, r.Reason, r.Amount, r.Currency)
		switch {
		case len(doc) == 0:
			f.Kind, f.Detail = KindRefundMissing, "its workflow says "+says
		case !stands(doc, r) && !stands(doc, withoutVersion(r)):
			f.Kind, f.Detail = KindRefundDiffers, "its document says otherwise than its workflow: "+says
		default:
			continue
		}
		found = append(found, f)
	}
	return found, nil
}

// withoutVersion is the refund as it was recorded before there were versions: its workflow
// counts them all the same when it is asked now.
func withoutVersion(r order.Refund) order.Refund {
	r.Version = 0
	return r
}

// owed asks the refunds' workflows, and leaves out those of which nothing is on
// record: it is not known yet whether they are owed, or they are not. A workflow
// that is stuck is a finding.
func (a *auditor) owed(ctx context.Context, ids []saga.RefundID) ([]order.Refund, []Finding, error) {
	asked := make([]order.Refund, len(ids))
	stuck := make([]error, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(a.Concurrency)
	for i, id := range ids {
		group.Go(func() error {
			r, err := a.Orders.Refund(ctx, id)
			if errors.Is(err, saga.ErrStuck) {
				stuck[i] = err
				return nil
			}
			if err != nil && !errors.Is(err, saga.ErrUnknownRefund) {
				return fmt.Errorf("refund %s of payment %s: %w", id.RefundID, id.PaymentID, err)
			}
			asked[i] = r
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
				Kind: KindWorkflowStuck, PaymentID: ids[i].PaymentID, RefundID: ids[i].RefundID, Detail: err.Error(),
			})
		}
	}
	return slices.DeleteFunc(asked, func(r order.Refund) bool { return !onRecord(r) }), found, nil
}

// onRecord tells whether a refund has a document.
func onRecord(r order.Refund) bool {
	return r.Status != "" && r.Status != order.RefundNotOwed && r.Status != order.RefundTooLarge
}
