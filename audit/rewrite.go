package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/order"
	"holdfast/saga"
)

// Records is where a repair replaces damaged or lost documents. All but Dismiss store nothing
// and return false if what they replace is no longer what was seen: the workflow itself may
// write at the same time.
type Records interface {
	Mend(ctx context.Context, seen, now order.Record) (bool, error)
	MendRefund(ctx context.Context, orderID, paymentID, refundID string, seen, now []byte) (bool, error)
	MendDispute(ctx context.Context, orderID, provider, disputeID string, seen, now []byte) (bool, error)
	// EraseAgain erases the order that is stored, and marks it as erased at this time.
	EraseAgain(ctx context.Context, orderID string, at time.Time) (bool, error)
	// Dismiss records that an alert was dismissed, unless it was before.
	Dismiss(ctx context.Context, orderID string, d order.Dismissal) error
}

var errWrittenMeanwhile = cannot("it was written in the meantime: audit again")

// write stores an order's document and payments again as its workflow has them.
//
// First it reads what is there, then it queries the workflow, and it replaces only what it
// has read: a workflow writes after it has decided, so whatever it decides after the query
// overwrites this. An order that has left Redis stays in the view alone, see writeCold.
func (r Repairer) write(ctx context.Context, f Finding) (string, error) {
	docs, err := r.Books.ReadDocuments(ctx, []string{f.OrderID})
	if err != nil {
		return "", err
	}
	stored, err := r.Books.ReadPayments(ctx, []string{f.OrderID})
	if err != nil {
		return "", err
	}
	o, err := r.Orders.Order(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	if !docs[0].Found && o.Closed() {
		return r.writeCold(ctx, &o, stored[0])
	}
	return r.writeWarm(ctx, &o, docs[0], stored[0])
}

// writeWarm stores the document of an order that is in Redis.
func (r Repairer) writeWarm(ctx context.Context, o *order.Order, doc Document, stored Payments) (string, error) {
	attempts, err := r.Orders.Payments(ctx, o.ID)
	if err != nil {
		return "", err
	}
	now, err := order.NewRecord(o, attempts)
	if err != nil {
		return "", err
	}
	what := fmt.Sprintf("version %d, %s, was written with %d packages and %d payments", o.Version, o.Status, len(now.Packages), len(attempts))
	off, err := documentOf(doc, o)
	switch {
	case err != nil:
		return "", err
	case o.Status.Undecided(), len(off) == 0:
		now.Version = 0 // it stays, or is not due yet
		what = fmt.Sprintf("%d payments were written", len(attempts))
	case off[0].Kind == KindDocumentAhead:
		return "", cannot("its document is now newer than its workflow")
	}
	seen := order.Record{Version: doc.Version, Doc: doc.Text, Payments: stored.Attempts}
	return what, r.mend(ctx, seen, now)
}

func (r Repairer) mend(ctx context.Context, seen, now order.Record) error {
	done, err := r.Records.Mend(ctx, seen, now)
	if err == nil && !done {
		err = errWrittenMeanwhile
	}
	return err
}

// writeRefund stores a refund's document again as its workflow has it.
func (r Repairer) writeRefund(ctx context.Context, f Finding) (string, error) {
	stored, err := r.Books.ReadPayments(ctx, []string{f.OrderID})
	if err != nil {
		return "", err
	}
	id := saga.RefundID{PaymentID: f.PaymentID, RefundID: f.RefundID}
	refund, err := r.Orders.Refund(ctx, id)
	switch {
	case errors.Is(err, saga.ErrUnknownRefund):
		return "", cannot("its workflow is gone")
	case err != nil:
		return "", err
	case !onRecord(refund):
		return "", cannot("it is not owed")
	}
	doc, err := json.Marshal(refund)
	if err != nil {
		return "", fmt.Errorf("encode it: %w", err)
	}
	done, err := r.Records.MendRefund(ctx, f.OrderID, f.PaymentID, f.RefundID, stored[0].Refunds[id], doc)
	if err == nil && !done {
		err = errWrittenMeanwhile
	}
	return string(refund.Status) + " was written", err
}
