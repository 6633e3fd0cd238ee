package records

import (
	"context"
	"fmt"

	"holdfast/order"
)

// Mend replaces what was seen by now, whatever its version. It is only for an audit's
// repair: everything else uses Put, where the newest version wins. If anything has changed
// since it was seen, Mend stores nothing and reports false.
//
// Of seen, the version, the document and the payments count; 0 and empty mean that nothing
// was there, or that the version was not a number. If now has version 0, the order's own
// document stays as it is.
func (s *Store) Mend(ctx context.Context, seen, now order.Record) (bool, error) {
	args := onlyBeside(now.OrderID)
	if now.Version > 0 {
		args = []any{
			now.OrderID, now.Version, now.Doc, string(now.Status), now.CustomerID, placedMillis(now), seen.Version, seen.Doc,
		}
		args = appendApart(args, now, everything(now, 0))
	}
	for _, id := range sortedKeys(now.Payments) {
		args = append(args, paymentField(id), now.Payments[id], seen.Payments[id])
	}
	return s.mend(ctx, now.OrderID, args)
}

// onlyBeside leaves the order's own document alone.
func onlyBeside(orderID string) []any {
	return []any{orderID, "", "", "", "", "", "", "", "", 0, "", 0}
}

// MendRefund is Mend for the document of one refund.
func (s *Store) MendRefund(ctx context.Context, orderID, paymentID, refundID string, seen, now []byte) (bool, error) {
	return s.mend(ctx, orderID, append(onlyBeside(orderID), refundField(paymentID, refundID), now, seen))
}

// MendDispute is Mend for the document of a dispute.
func (s *Store) MendDispute(ctx context.Context, orderID, provider, disputeID string, seen, now []byte) (bool, error) {
	return s.mend(ctx, orderID, append(onlyBeside(orderID), disputeField(provider, disputeID), now, seen))
}

func (s *Store) mend(ctx context.Context, orderID string, args []any) (bool, error) {
	a, err := s.run(ctx, mendScript, orderID, args)
	if err != nil {
		return false, fmt.Errorf("mend the documents of order %s: %w", orderID, err)
	}
	return a.Bool()
}
