package order

import (
	"errors"
	"slices"
	"time"
)

const (
	// MaxReturns limits the returns of an order, including those that came to nothing.
	MaxReturns = 100
	// maxOwnReturns is how many there may be when customers open one, so that some are left for
	// staff.
	maxOwnReturns = 80
	// ReturnUnreceived is how long an approved return may take to arrive before it is closed.
	ReturnUnreceived = 30 * 24 * time.Hour
	// maxReturnTexts limits the bytes of all reasons of an order's returns.
	maxReturnTexts = 64 << 10
)

// Errors of changes to an order's returns.
var (
	ErrUnknownReturn  = errors.New("the order has no such return")
	ErrTooManyReturns = errors.New("the order already has the maximum number of returns")
	// ErrTooManyReturnLines means that the returns would fill the order's document.
	ErrTooManyReturnLines = errors.New("the order's returns have too many lines, or too long reasons")
	// ErrReturnOver means that it was declined, received or closed before.
	ErrReturnOver = errors.New("the return is over")
	// ErrReturnNotApproved means that it can't be received before it is approved.
	ErrReturnNotApproved = errors.New("the return is not approved")
)

// Return is a part of a delivered order that the buyer sends back.
type Return struct {
	ID     string       `json:"id"`
	Status ReturnStatus `json:"status"`
	Lines  []ReturnLine `json:"lines"`
	// Received are the units that came back, with their condition.
	Received []ReceivedUnits `json:"received,omitempty"`
	// PackageID is set if the units come from a package that was refused or returned to the
	// sender: they were never delivered, and their refund doesn't wait for their receipt.
	PackageID string `json:"packageId,omitempty"`
	// Refund is the amount that is owed to the buyer for it, once it was received, in minor
	// units of the order's currency. Refunded is how much of that went back: see Order.Settle.
	Refund   int64  `json:"refund,omitempty"`
	Refunded int64  `json:"refunded,omitempty"`
	Actor    string `json:"actor"`
	Note     string `json:"note,omitempty"`
	// Fingerprint of the request: a different request under the same key is rejected.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Receipt names the request that recorded the receipt, and ReceiptFingerprint is its
	// fingerprint.
	Receipt            string    `json:"receipt,omitempty"`
	ReceiptFingerprint string    `json:"receiptFingerprint,omitempty"`
	CreatedAt          time.Time `json:"createdAt"`
	UpdatedAt          time.Time `json:"updatedAt"`
}

// ReturnLine is some units of a line that a buyer sends back, and why.
type ReturnLine struct {
	LineUnits
	Reason string `json:"reason,omitempty"`
}

// ReceivedUnits are some units of a line that came back.
type ReceivedUnits struct {
	LineUnits
	Condition Condition `json:"condition"`
}

// Condition says what happens to units that came back.
type Condition string

const (
	// ConditionRestock returns the units to stock.
	ConditionRestock Condition = "restock"
	// ConditionDamaged writes them off.
	ConditionDamaged Condition = "damaged"
)

// ReturnStatus is how far a return has come. The list is open.
type ReturnStatus string

const (
	ReturnRequested ReturnStatus = "requested"
	ReturnApproved  ReturnStatus = "approved"
	ReturnDeclined  ReturnStatus = "declined"
	ReturnReceived  ReturnStatus = "received"
	// ReturnClosed means that it was approved, but nothing arrived within ReturnUnreceived.
	ReturnClosed ReturnStatus = "closed"
)

// Over reports whether nothing more happens to the return.
func (s ReturnStatus) Over() bool {
	return s == ReturnDeclined || s == ReturnReceived || s == ReturnClosed
}

// units returns how many units of a line the return covers: those that came back or, until it is over,
// those that may.
func (r *Return) units(lineID string) (units int64) {
	if r.Status == ReturnReceived {
		for _, u := range r.Received {
			if u.LineID == lineID {
				units += u.Quantity
			}
		}
		return units
	}
	if r.Status.Over() {
		return 0
	}
	for _, l := range r.Lines {
		if l.LineID == lineID {
			units += l.Quantity
		}
	}
	return units
}

// Returnable returns how many units of a line were delivered and aren't part of a return.
func (f *Fulfilment) Returnable(lineID string) int64 {
	return max(f.Delivered(lineID)-f.returned(lineID), 0) // a message may have been struck
}

// OpenReturn adds a return, which is requested, or already approved if an operator opens it. own is
// whether the customer opens it.
func (f *Fulfilment) OpenReturn(r Return, own bool) error {
	if n := f.buyersReturns(); r.PackageID == "" && (n >= MaxReturns || (own && n >= maxOwnReturns)) {
		return ErrTooManyReturns
	}
	var asked []LineUnits
	for _, l := range r.Lines {
		asked = append(asked, l.LineUnits)
	}
	if r.PackageID == "" {
		if err := f.checkOpen(MergeUnits(asked), f.Returnable); err != nil {
			return err
		}
	}
	r.Lines = mergeBy(r.Lines, func(l ReturnLine) [2]string { return [2]string{l.LineID, l.Reason} }, func(l *ReturnLine) *int64 { return &l.Quantity })
	if err := f.boundReturns(r); err != nil {
		return err
	}
	r.CreatedAt = r.CreatedAt.UTC()
	r.UpdatedAt = r.CreatedAt
	f.Returns = append(f.Returns, r)
	return nil
}

// buyersReturns counts the returns other than those of packages that come back by themselves, of which
// there are at most as many as packages.
func (f *Fulfilment) buyersReturns() (n int) {
	for _, r := range f.Returns {
		if r.PackageID == "" {
			n++
		}
	}
	return n
}

// returned returns how many units of a line are part of buyers' returns, open or received.
func (f *Fulfilment) returned(lineID string) (units int64) {
	for i := range f.Returns {
		if r := &f.Returns[i]; r.PackageID == "" {
			units += r.units(lineID)
		}
	}
	return units
}

// boundReturns returns an error if the lines and reasons of the returns would be too many with another one.
// Units of a line may come back for two reasons, and at various times.
func (f *Fulfilment) boundReturns(r Return) error {
	if r.PackageID != "" {
		return nil
	}
	lines, texts := 0, 0
	for _, other := range append(slices.Clone(f.Returns), r) {
		if other.PackageID == "" {
			lines += len(other.Lines)
			for _, l := range other.Lines {
				texts += len(l.Reason)
			}
		}
	}
	if lines > 2*len(f.Lines)+MaxReturns || texts > maxReturnTexts {
		return ErrTooManyReturnLines
	}
	return nil
}

// mergeBy adds up the units of the elements that have the same key.
func mergeBy[T any, K comparable](all []T, key func(T) K, units func(*T) *int64) []T {
	var merged []T
	at := map[K]int{}
	for _, one := range all {
		i, ok := at[key(one)]
		if !ok {
			at[key(one)] = len(merged)
			merged = append(merged, one)
			continue
		}
		*units(&merged[i]) += *units(&one)
	}
	return merged
}

// receivable returns how many units of a line were delivered and haven't come back.
func (f *Fulfilment) receivable(lineID string) int64 {
	units := f.Delivered(lineID)
	for i := range f.Returns {
		if r := &f.Returns[i]; r.PackageID == "" && r.Status == ReturnReceived {
			units -= r.units(lineID)
		}
	}
	return units
}

// DecideReturn approves or declines a return that was requested.
func (f *Fulfilment) DecideReturn(id string, approve bool, at time.Time) error {
	r, err := f.openReturn(id)
	if err != nil {
		return err
	}
	r.Status, r.UpdatedAt = ReturnDeclined, at.UTC()
	if approve {
		r.Status = ReturnApproved
	}
	return nil
}

// ReceiveReturn records what came back, which may be less than was announced, and ends the return. The
// refund is for the units that came back, in minor units of the order's currency.
func (f *Fulfilment) ReceiveReturn(id string, received []ReceivedUnits, refund int64, fingerprint string, at time.Time) error {
	r, err := f.openReturn(id)
	if err != nil {
		return err
	}
	if r.Status != ReturnApproved {
		return ErrReturnNotApproved
	}
	var came []LineUnits
	for _, u := range received {
		came = append(came, u.LineUnits)
	}
	if err := f.checkOpen(MergeUnits(came), r.units); err != nil {
		return err
	}
	if err := f.checkOpen(MergeUnits(came), f.receivable); err != nil && r.PackageID == "" {
		return err
	}
	r.Status, r.UpdatedAt = ReturnReceived, at.UTC()
	r.Received = mergeBy(received, func(u ReceivedUnits) [2]string { return [2]string{u.LineID, string(u.Condition)} },
		func(u *ReceivedUnits) *int64 { return &u.Quantity })
	r.ReceiptFingerprint = fingerprint
	if r.PackageID == "" {
		r.Refund = refund
	}
	for _, u := range received {
		switch l := f.line(u.LineID); u.Condition {
		case ConditionRestock:
			l.Restocked += u.Quantity
		case ConditionDamaged:
			l.Damaged += u.Quantity
		}
	}
	return nil
}

// Return returns the return with this id, or nil if there is none.
func (f *Fulfilment) Return(id string) *Return {
	i := slices.IndexFunc(f.Returns, func(r Return) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return &f.Returns[i]
}

// SplitReceived adds up the units that came back by line: those that go back to stock, and all of
// them.
func SplitReceived(received []ReceivedUnits) (restock, all []LineUnits) {
	for _, u := range received {
		all = append(all, u.LineUnits)
		if u.Condition == ConditionRestock {
			restock = append(restock, u.LineUnits)
		}
	}
	return MergeUnits(restock), MergeUnits(all)
}

// CloseReturns closes the approved returns that haven't arrived in time, and returns their ids.
func (f *Fulfilment) CloseReturns(now time.Time) (closed []string) {
	for i := range f.Returns {
		if r := &f.Returns[i]; r.Status == ReturnApproved && now.Sub(r.UpdatedAt) >= ReturnUnreceived {
			r.Status, r.UpdatedAt = ReturnClosed, now.UTC()
			closed = append(closed, r.ID)
		}
	}
	return closed
}

// ReturnsOpen reports whether the order waits for a return, which keeps it open.
func (f *Fulfilment) ReturnsOpen() bool {
	return slices.ContainsFunc(f.Returns, func(r Return) bool { return !r.Status.Over() })
}

func (f *Fulfilment) openReturn(id string) (*Return, error) {
	i := slices.IndexFunc(f.Returns, func(r Return) bool { return r.ID == id })
	if i < 0 {
		return nil, ErrUnknownReturn
	}
	if f.Returns[i].Status.Over() {
		return nil, ErrReturnOver
	}
	return &f.Returns[i], nil
}

// Refundable returns the refund for giving back some more units of a line, after all units that were
// removed or came back before: see RefundOfUnits. It is a multiple of the step, at least 1, of which the
// line's price is one.
func (f *Fulfilment) Refundable(l Line, giving, step int64) int64 {
	done := int64(0)
	for _, s := range f.Lines {
		if s.LineID == l.ID {
			done += s.Removed
		}
	}
	for i := range f.Returns {
		if r := &f.Returns[i]; r.Status == ReturnReceived && r.PackageID == "" {
			done += r.units(l.ID)
		}
	}
	return step * RefundOfUnits(l.Payable()/step, l.Quantity, done, max(min(giving, l.Quantity-done), 0))
}
