package records

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/order"
	"holdfast/redisdb"
)

// Mend replaces what was seen by now, whatever its version. It is only for an audit's
// repair: everything else uses Put, where the newest version wins. If anything has changed
// since it was seen, Mend stores nothing and reports false.
//
// Of seen, the version, the document and the payments count; 0 and empty mean that nothing
// was there, or that the version was not a number. If now has version 0, the order's own
// document stays as it is.
func (s *Store) Mend(ctx context.Context, seen, now order.Record) (bool, error) {
	fields := make(map[string]seenNow, len(now.Payments))
	for id, doc := range now.Payments {
		fields[paymentField(id)] = seenNow{seen.Payments[id], doc}
	}
	return s.mend(ctx, now.OrderID, func(erased time.Time) ([]any, error) {
		if now.Version < 1 {
			return onlyBeside(now.OrderID, erased), nil
		}
		if !erased.IsZero() {
			var err error
			if now, err = now.Erased(erased); err != nil {
				return nil, err
			}
		}
		args := []any{
			now.OrderID, now.Version, now.Doc, string(now.Status), now.CustomerID, placedMillis(now), seen.Version, seen.Doc,
		}
		return appendApart(args, now, everything(now, 0)), nil
	}, fields)
}

// onlyBeside leaves the order's own document alone.
func onlyBeside(orderID string, erased time.Time) []any {
	args := []any{orderID, "", "", "", "", "", "", "", "", 0, "", 0, ""}
	if !erased.IsZero() {
		args[len(args)-1] = isErased
	}
	return args
}

// seenNow is a document of an order's payments as it was seen, and what replaces it.
type seenNow struct{ seen, now []byte }

// MendRefund is Mend for the document of one refund.
func (s *Store) MendRefund(ctx context.Context, orderID, paymentID, refundID string, seen, now []byte) (bool, error) {
	return s.mendBeside(ctx, orderID, refundField(paymentID, refundID), seen, now)
}

// MendDispute is Mend for the document of a dispute.
func (s *Store) MendDispute(ctx context.Context, orderID, provider, disputeID string, seen, now []byte) (bool, error) {
	return s.mendBeside(ctx, orderID, disputeField(provider, disputeID), seen, now)
}

func (s *Store) mendBeside(ctx context.Context, orderID, field string, seen, now []byte) (bool, error) {
	return s.mend(ctx, orderID, func(erased time.Time) ([]any, error) { return onlyBeside(orderID, erased), nil },
		map[string]seenNow{field: {seen, now}})
}

// mend sends the arguments for the order's own document, and the fields beside it. If the store
// answers that the order was erased, both are sent without the person.
func (s *Store) mend(
	ctx context.Context, orderID string, document func(erased time.Time) ([]any, error), beside map[string]seenNow,
) (bool, error) {
	parts, err := s.sendMend(ctx, orderID, time.Time{}, document, beside)
	if at, gone := erasedAt(parts); gone && err == nil {
		parts, err = s.sendMend(ctx, orderID, at, document, beside)
	}
	if err != nil {
		return false, fmt.Errorf("mend the documents of order %s: %w", orderID, err)
	}
	return parts[0] == int64(1), nil
}

func (s *Store) sendMend(
	ctx context.Context, orderID string, erased time.Time, document func(time.Time) ([]any, error), beside map[string]seenNow,
) ([]any, error) {
	args, err := document(erased)
	if err != nil {
		return nil, err
	}
	for _, field := range slices.Sorted(maps.Keys(beside)) {
		doc := beside[field].now
		if !erased.IsZero() {
			if doc, err = order.ErasedPayment(field, doc); err != nil {
				return nil, err
			}
		}
		args = append(args, field, doc, beside[field].seen, order.PublishedPayment(field, doc))
	}
	answer, err := s.run(ctx, mendScript, orderID, args)
	if err != nil {
		return nil, err
	}
	return redisdb.Slice(answer)
}
