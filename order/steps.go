package order

import (
	"strconv"
	"time"

	"holdfast/product"
)

// DetailNote is the detail of a step with its actor's own words.
const DetailNote = "note"

// note appends to the journal and increments the version: every change of an order is a
// step in its journal.
func (o *Order) note(node, actor string, occurred, recorded time.Time, detail map[string]string) {
	o.Version++
	o.UpdatedAt = recorded.UTC()
	o.Journal = append(o.Journal, Entry{
		Seq: int64(len(o.Journal)) + 1, Node: node, OccurredAt: occurred.UTC(), RecordedAt: recorded.UTC(),
		Actor: actor, Detail: detail,
	})
}

// Hold records the prices at which all lines were held: the order now awaits its payment. If
// the order was quoted, they are the quoted ones, and its amounts stay.
// It returns product.ErrOverflow if the total doesn't fit.
func (o *Order) Hold(h Holding, at time.Time) error {
	var total int64
	for i := range o.Lines {
		l, item := &o.Lines[i], h.Items[i]
		amount, err := product.Multiply(item.Price, l.Quantity)
		if err != nil {
			return err
		}
		if total, err = product.Add(total, amount); err != nil {
			return err
		}
		l.SKU, l.Title, l.UnitPrice, l.Amount = item.SKU, item.Title, item.Price, amount
	}
	o.Currency = h.Currency
	if o.Pricing == nil {
		o.Amounts[AmountItems], o.Amounts[AmountTotal] = total, total
	}
	o.Status, o.Payment.Status = StatusAwaitingPayment, PaymentPending
	o.note(string(StatusAwaitingPayment), ActorSystem, at, at, nil)
	return nil
}

// HoldUnanswered notes that it isn't known whether the stock is held. It uses up the
// version that the document of such a hold may have got, so that the next record replaces
// that document.
func (o *Order) HoldUnanswered(at time.Time) {
	o.note("hold_unanswered", ActorSystem, at, at, nil)
}

// Reject ends an order that could not get its stock.
func (o *Order) Reject(reason Reason, shortages []Shortage, at time.Time) {
	o.Status, o.CancelReason, o.Shortages = StatusRejected, reason, shortages
	o.closed(at)
	o.note(string(StatusRejected), ActorSystem, at, at, map[string]string{"reason": string(reason)})
}

// Pay records a payment: the units are sold.
func (o *Order) Pay(p PaymentEvent, at time.Time) {
	o.Status = StatusPaid
	o.Payment.Status, o.Payment.PaidAt = PaymentPaid, p.OccurredAt.UTC()
	o.Payment.Provider, o.Payment.ID = p.Provider, p.PaymentID
	o.Amounts[AmountPaid] = p.Amount
	o.note(string(StatusPaid), p.actor(), p.OccurredAt, at, p.detail())
}

// PayNothing records an order whose total is 0 as paid.
func (o *Order) PayNothing(at time.Time) {
	o.Status = StatusPaid
	o.Payment.Status, o.Payment.PaidAt = PaymentPaid, at.UTC()
	o.note(string(StatusPaid), ActorSystem, at, at, map[string]string{"amount": "0"})
}

// Attempt notes a payment that failed, was declined or can't be taken; the order's status
// doesn't change. newest means that no later attempt is known: its decline would end an
// unpaid order.
func (o *Order) Attempt(node string, p PaymentEvent, newest bool, at time.Time) {
	if newest && o.Status.Unpaid() {
		o.Payment.Provider, o.Payment.ID = p.Provider, p.PaymentID
	}
	o.note(node, p.actor(), p.OccurredAt, at, p.detail())
}

// Close ends an unpaid order, or one whose paid units are gone (ReasonNoStock).
func (o *Order) Close(status Status, reason Reason, actor string, at time.Time) {
	o.Status, o.CancelReason = status, reason
	o.closed(at)
	if status == StatusExpired {
		o.CancelReason = ""
	}
	if o.Payment.Status == PaymentPending {
		o.Payment.Status = PaymentNone
	}
	o.note(string(status), actor, at, at, map[string]string{"reason": string(reason)})
}

// CancelPaid cancels a paid order before its delivery: its units are restocked, its money
// is refunded.
func (o *Order) CancelPaid(reason Reason, actor string, at time.Time) {
	from := o.Status
	o.Status, o.CancelReason = StatusCancelled, reason
	o.closed(at)
	o.note(string(StatusCancelled), actor, at, at, map[string]string{"reason": string(reason), "from": string(from)})
}

// closed notes that the order has ended. Before shape 2 its status alone said so.
func (o *Order) closed(at time.Time) {
	if o.Shape >= 2 {
		o.ClosedAt = at.UTC()
	}
}

// Remark adds to the last step what its actor had to say about it, if anything.
func (o *Order) Remark(note string) {
	if note != "" {
		o.Journal[len(o.Journal)-1].Detail[DetailNote] = note
	}
}

// PaymentUnresolved notes that an order which is about to end waits for its payment
// provider, since money may still arrive.
func (o *Order) PaymentUnresolved(provider, paymentID, why string, at time.Time) {
	o.note("payment_unresolved", ActorSystem, at, at, map[string]string{
		"provider": provider, "paymentId": paymentID, "ends": why,
	})
}

// Deliver records the delivery of an order of shape 1.
func (o *Order) Deliver(actor string, at time.Time) {
	o.Status = StatusDelivered
	o.note(string(StatusDelivered), actor, at, at, nil)
}

func (p PaymentEvent) actor() string { return providerActor + p.Provider }

func (p PaymentEvent) detail() map[string]string {
	return map[string]string{
		"paymentId": p.PaymentID, "amount": strconv.FormatInt(p.Amount, 10), "currency": p.Currency,
	}
}
