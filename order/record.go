package order

import (
	"encoding/json"
	"fmt"
	"time"
)

// Record is one write of an order's document, beside what changed of its
// payments. The store takes the document only if Version is newer, or if it is of
// a later placement: an id comes back when its Idempotency-Key is used again
// after Temporal has forgotten the order.
type Record struct {
	OrderID    string
	CustomerID string
	Status     Status
	PlacedAt   time.Time
	// Node is the last step of the order's story: the status, where that is what
	// changed.
	Node string
	// Reason of a closed order.
	Reason  Reason
	Version int64
	Doc     []byte
	// Payments by PaymentKey, each the JSON of an Attempt.
	Payments map[string][]byte
}

// NewRecord makes the record of an order as it is now.
func NewRecord(o *Order, payments map[string]Attempt) (Record, error) {
	doc, err := json.Marshal(o)
	if err != nil {
		return Record{}, fmt.Errorf("encode order %s: %w", o.ID, err)
	}
	r := Record{
		OrderID: o.ID, CustomerID: o.CustomerID, Status: o.Status, Reason: o.CancelReason,
		Version: o.Version, PlacedAt: o.PlacedAt, Doc: doc,
	}
	if n := len(o.Journal); n > 0 {
		r.Node = o.Journal[n-1].Node
	}
	if r.Payments, err = EncodePayments(payments); err != nil {
		return Record{}, err
	}
	return r, nil
}

// EncodePayments makes the documents of payments, by their key.
func EncodePayments(payments map[string]Attempt) (map[string][]byte, error) {
	if len(payments) == 0 {
		return nil, nil
	}
	docs := make(map[string][]byte, len(payments))
	for key, a := range payments {
		doc, err := json.Marshal(a)
		if err != nil {
			return nil, fmt.Errorf("encode payment %s: %w", key, err)
		}
		docs[key] = doc
	}
	return docs, nil
}

// Stored is all that is kept of an order, as it was at one moment.
type Stored struct {
	OrderID string
	// Found: the order's own document is there. Its payments may be without it: they
	// come before it, and may come after it was moved out.
	Found   bool
	Version int64
	Doc     []byte
	// Revision of all documents together; 0 where there is none.
	Revision int64
	// Payments and refunds by field: payment:<id>, refund:<payment id>/<refund id>.
	Payments map[string][]byte
	// Err says why what is stored can't be read: of this order alone.
	Err error
}
