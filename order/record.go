package order

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Record is one write of an order's document, with the changes of its payments. The store
// accepts the document only if Version is newer, or if it belongs to a later placement: an
// id is used again if its Idempotency-Key is, after Temporal has forgotten the order.
type Record struct {
	OrderID    string
	CustomerID string
	// Network is Placement.Network, as far as the writer knows it.
	Network  string
	Status   Status
	PlacedAt time.Time
	// Reached are the statuses that the order reached with its last step.
	Reached []Status
	// Reason of a cancelled or rejected order.
	Reason  Reason
	Version int64
	// Doc is the document without its packages.
	Doc []byte
	// Packages by id. The store compares all of them with what it has, and asks for those
	// that it lacks. Changed are those that it is sent at once; nil means all.
	Packages map[string][]byte
	Changed  []string
	// Facts of the order, of which the store publishes those that are new. nil for orders of
	// shape 1, whose status is published instead.
	Facts []Fact
	// Payments by PaymentKey, each the JSON of an Attempt.
	Payments map[string][]byte
	// ErasedAt is the order's. The store takes nothing else of an erased order.
	ErasedAt time.Time
}

// NewRecord returns the record of an order in its current state. One of an erased order has nothing about
// the person.
func NewRecord(o *Order, payments map[string]Attempt) (Record, error) {
	if !o.ErasedAt.IsZero() { // what was said since is not stored either
		erased := o.Clone()
		erased.Erase(o.ErasedAt)
		o = &erased
	}
	r := Record{OrderID: o.ID, CustomerID: o.CustomerID, Status: o.Status, Version: o.Version, PlacedAt: o.PlacedAt, ErasedAt: o.ErasedAt}
	r.Reached, r.Reason = o.lastReached(), o.CancelReason
	if o.Shape >= 2 {
		r.Facts = o.Facts()
	}
	alone := *o
	if o.Fulfilment != nil && len(o.Packages) > 0 {
		f := *o.Fulfilment
		f.Packages, alone.Fulfilment = nil, &f
		r.Packages = make(map[string][]byte, len(o.Packages))
		for i := range o.Packages {
			doc, err := json.Marshal(&o.Packages[i])
			if err != nil {
				return Record{}, fmt.Errorf("encode package %s of order %s: %w", o.Packages[i].ID, o.ID, err)
			}
			r.Packages[o.Packages[i].ID] = doc
		}
	}
	var err error
	if r.Doc, err = json.Marshal(&alone); err != nil {
		return Record{}, fmt.Errorf("encode order %s: %w", o.ID, err)
	}
	if r.Payments, err = EncodePayments(payments); err != nil {
		return Record{}, err
	}
	return r, nil
}

// lastReached returns the statuses among the latest entries of the journal.
func (o *Order) lastReached() (reached []Status) {
	for i := len(o.Journal) - 1; i >= 0 && o.Journal[i].RecordedAt.Equal(o.UpdatedAt); i-- {
		if s := Status(o.Journal[i].Node); s.known() {
			reached = append(reached, s)
		}
	}
	return reached
}

// WithPackages returns an order's document with its packages, which are stored apart so that a message
// about one doesn't rewrite all of them. They are in the order in which they were packed.
func WithPackages[D ~[]byte](doc []byte, packages map[string]D) ([]byte, error) {
	if len(packages) == 0 {
		return doc, nil
	}
	type stored struct {
		ID     string `json:"id"`
		Number int    `json:"number"`
		doc    D
	}
	all := make([]stored, 0, len(packages))
	for id, doc := range packages {
		p := stored{doc: doc}
		if err := json.Unmarshal(doc, &p); err != nil {
			return nil, fmt.Errorf("read package %s: %w", id, err)
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b stored) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.ID, b.ID))
	})
	doc = bytes.TrimRight(doc, " \n")
	if len(doc) < 2 || doc[len(doc)-1] != '}' {
		return nil, errors.New("the order's document is not a JSON object")
	}
	whole := append(slices.Clone(doc[:len(doc)-1]), `,"packages":[`...)
	for i, p := range all {
		if i > 0 {
			whole = append(whole, ',')
		}
		whole = append(whole, p.doc...)
	}
	return append(whole, "]}"...), nil
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

// Order reads the order from its document.
func (st Stored) Order() (Order, error) {
	var o Order
	if err := json.Unmarshal(st.Doc, &o); err != nil {
		return o, fmt.Errorf("read order %s: %w", st.OrderID, err)
	}
	if o.ID != st.OrderID {
		return o, fmt.Errorf("the document of order %s is of order %q", st.OrderID, o.ID)
	}
	o.Restore()
	return o, nil
}
