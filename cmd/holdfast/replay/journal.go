package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"holdfast/client"
	"holdfast/order"
)

// The calls in a journal.
const (
	Placed    = "placed"
	Paid      = "paid"
	Refused   = "refused"
	Cancelled = "cancelled"
	Delivered = "delivered"
	Adjusted  = "adjusted"
	// PaidLate, PaidTwice and PaidWrong were accepted by the provider's page: the order has
	// no use for these payments (except one of the two), and they are refunded.
	PaidLate  = "paid_late"
	PaidTwice = "paid_twice"
	PaidWrong = "paid_wrong"
	// Repeated means that the callback of a payment was sent again.
	Repeated = "repeated"
	// Packed, Scanned and Readdressed are about packages. Scanned is noted once for each time that
	// a scan was sent.
	Packed      = "packed"
	Scanned     = "scanned"
	Readdressed = "readdressed"
	// CancelledInPart and Returned mean that units, and what they cost, go back.
	CancelledInPart = "cancelled_in_part"
	Returned        = "returned"
)

// Ack is one statement that the gateway acknowledged: it must stay true, whatever crashes
// afterwards.
type Ack struct {
	At      time.Time `json:"at"`
	Call    string    `json:"call"`
	Key     string    `json:"key,omitempty"`
	OrderID string    `json:"orderId,omitempty"`
	// PaymentID, if the call is about a payment.
	PaymentID string `json:"paymentId,omitempty"`
	// for Adjusted
	ProductID string        `json:"productId,omitempty"`
	SKU       string        `json:"sku,omitempty"`
	Delta     int64         `json:"delta,omitempty"`
	Stock     *client.Stock `json:"stock,omitempty"`
	// for Packed and Scanned
	PackageID string     `json:"packageId,omitempty"`
	EventID   string     `json:"eventId,omitempty"`
	Node      order.Node `json:"node,omitempty"`
	// Units are those that were packed, cancelled or returned.
	Units []order.LineUnits `json:"units,omitempty"`
	// PartID is the id of what was cancelled or returned, Refund what the buyer gets back for it,
	// in minor units of the order's currency, as the order's lines have it.
	PartID string `json:"partId,omitempty"`
	Refund int64  `json:"refund,omitempty"`
	// Condition of the returned units.
	Condition order.Condition `json:"condition,omitempty"`
	// Address, for Readdressed.
	Address *order.Address `json:"address,omitempty"`
}

// Journal writes acknowledged calls, one JSON line each. A nil one writes nothing.
type Journal struct {
	mu sync.Mutex
	w  io.Writer
}

// NewJournal writes to w, one Write per line.
func NewJournal(w io.Writer) *Journal { return &Journal{w: w} }

func (j *Journal) add(a Ack) error {
	if j == nil {
		return nil
	}
	a.At = time.Now().UTC()
	line, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return nil
}

// ReadJournal reads a journal. A last line without its end was cut off by a crash of the
// writer and is ignored.
func ReadJournal(r io.Reader) ([]Ack, error) {
	in := bufio.NewReader(r)
	var acks []Ack
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return acks, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read line %d of the journal: %w", n, err)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var a Ack
		if err := json.Unmarshal(line, &a); err != nil {
			return nil, fmt.Errorf("line %d of the journal: %w", n, err)
		}
		acks = append(acks, a)
	}
}
