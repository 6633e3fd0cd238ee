package order

import (
	"encoding/json"
	"fmt"
	"time"
)

// Record is one write of an order's document, with the changes of its payments. The store
// accepts the document only if Version is newer, or if it belongs to a later placement: an
// id is used again if its Idempotency-Key is, after Temporal has forgotten the order.
type Record struct {
	OrderID    string
	CustomerID string
	Status     Status
	PlacedAt   time.Time
	// Node is the last step in the order's journal: the status, if that changed.
	Node string
	// Reason of a closed order.
	Reason  Reason
	Version int64
	Doc     []byte
	// Payments by PaymentKey, each the JSON of an Attempt.
	Payments map[string][]byte
}

// NewRecord returns the record of an order in its current state.
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

// EncodePayments encodes the documents of payments, by their key.
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

// Stored is all that is stored of an order at one moment.
type Stored struct {
	OrderID string
	// Found means that the order's own document exists. Its payments may exist without it:
	// they are stored before it, and may arrive after it was moved out.
	Found   bool
	Version int64
	Doc     []byte
	// Revision of all documents together; 0 if there are none.
	Revision int64
	// Payments and refunds by field: payment:<id>, refund:<payment id>/<refund id>.
	Payments map[string][]byte
	// Err is why the stored data of this order can't be read.
	Err error
}
