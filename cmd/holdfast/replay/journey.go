package replay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/client"
	"holdfast/order"
)

// errJournal means that the journal can't be written; a replay without it would be
// worthless.
var errJournal = errors.New("journal")

// longestWait is how long the gateway may delay one answer.
const longestWait = 10 * time.Second

// journey is one order's way through a replay.
type journey struct {
	*replay
	line  Line
	fate  fate
	order order.Order
	// how it was paid, if not once and in time: starts with a slash.
	how string
}

// follow plays the order to its end and returns its final state.
func (j *journey) follow(ctx context.Context) (string, error) {
	started := time.Now()
	if err := j.place(ctx); err != nil {
		var p *client.Problem
		if errors.As(err, &p) && !p.Transient() {
			return "refused/" + p.Kind(), nil
		}
		return "", err
	}
	if err := j.meetFate(ctx); err != nil {
		return "", err
	}
	j.tally.took(whole, started)
	if j.fate.adjusted {
		if err := j.adjust(ctx); err != nil {
			return "", err
		}
	}
	outcome := string(j.order.Status)
	if j.order.CancelReason != "" {
		outcome += "/" + string(j.order.CancelReason)
	}
	return outcome + j.how, nil
}

// place sends the order under its key until it is decided.
func (j *journey) place(ctx context.Context) error {
	key := j.KeyPrefix + j.line.Key
	body, err := j.request(ctx)
	if err != nil {
		return fmt.Errorf("place: %w", err)
	}
	started := time.Now()
	err = j.patient(ctx, func(ctx context.Context) error {
		a, err := j.Gateway.Place(ctx, key, body)
		if err != nil {
			return err
		}
		if err := decided(a); err != nil {
			return err
		}
		return a.Decode(&j.order)
	})
	if err != nil {
		return fmt.Errorf("place: %w", err)
	}
	j.tally.took(placing, started)
	return j.note(Ack{Call: Placed, Key: key})
}

func (j *journey) meetFate(ctx context.Context) error {
	if j.Through {
		if err := j.meetProvider(ctx); err != nil {
			return err
		}
	}
	switch j.fate.end {
	case abandon, payTwice, payWrong:
		return nil
	case payLate:
		if j.fate.other {
			return nil // it expires
		}
		fallthrough
	case cancel:
		return j.finish(ctx, Cancelled, func(ctx context.Context) (client.Answer, error) {
			return j.Gateway.Cancel(ctx, j.order.ID, j.key("cancel"), client.Cancellation{Reason: string(order.ReasonCustomer)})
		})
	case pay, refuse:
	}
	if !j.Through {
		if err := j.settle(ctx); err != nil {
			return err
		}
	}
	if !j.fate.delivered || !j.order.Status.TookPayment() {
		return nil
	}
	if j.fate.packaged {
		return j.ship(ctx)
	}
	return j.finish(ctx, Delivered, func(ctx context.Context) (client.Answer, error) {
		return j.Gateway.Deliver(ctx, j.order.ID, j.key("deliver"))
	})
}

// settle sends the provider's message and waits until the order shows it.
func (j *journey) settle(ctx context.Context) error {
	if !j.order.Status.Unpaid() { // nothing to pay, or a run before this one paid it
		return nil
	}
	event := j.event("pay-" + j.order.ID)
	call := Paid
	if j.fate.end == refuse {
		event.Type, call = order.PaymentDeclined, Refused
	}
	started := time.Now()
	if err := j.callback(ctx, event); err != nil {
		return err
	}
	j.tally.took(paying, started)
	if err := j.note(Ack{Call: call, PaymentID: event.PaymentID}); err != nil {
		return err
	}
	return j.shown(ctx, started)
}

// event is a success of this payment.
func (j *journey) event(paymentID string) order.PaymentEvent {
	return order.PaymentEvent{
		EventID: "evt-" + j.order.ID, Provider: j.Provider, Type: order.PaymentSucceeded,
		OrderID: j.order.ID, PaymentID: paymentID,
		Amount: j.order.Amounts[order.AmountTotal], Currency: j.order.Currency,
	}
}

// callback sends it to the gateway as the provider would.
func (j *journey) callback(ctx context.Context, e order.PaymentEvent) error {
	return j.patient(ctx, func(ctx context.Context) error {
		header, body, err := j.Sign(e) // signed for each try: a signature ages
		if err != nil {
			return err
		}
		return j.Gateway.Callback(ctx, j.Provider, header, body)
	})
}

// shown waits until the order shows its provider's message.
func (j *journey) shown(ctx context.Context, since time.Time) error {
	err := j.patient(ctx, func(ctx context.Context) error {
		o, err := j.Gateway.OrderAbove(ctx, j.order.ID, j.order.Version, longestWait)
		if err != nil {
			return err
		}
		if o.Status.Unpaid() {
			return errUndecided
		}
		j.order = o
		return nil
	})
	if err != nil {
		return fmt.Errorf("wait until order %s shows its payment: %w", j.order.ID, err)
	}
	j.tally.took(settled, since)
	return nil
}

// finish cancels or delivers the order.
func (j *journey) finish(ctx context.Context, call string, do func(context.Context) (client.Answer, error)) error {
	started := time.Now()
	err := j.patient(ctx, func(ctx context.Context) error {
		a, err := do(ctx)
		if err != nil {
			return err
		}
		if err := decided(a); err != nil {
			return err
		}
		return a.Decode(&j.order)
	})
	if err != nil {
		return err
	}
	j.tally.took(ending, started)
	return j.note(Ack{Call: call})
}

// adjust adds one unit of the order's first product.
func (j *journey) adjust(ctx context.Context) error {
	if len(j.order.Lines) == 0 {
		return fmt.Errorf("order %s has no lines", j.order.ID)
	}
	l := j.order.Lines[0]
	a := Ack{Call: Adjusted, Key: j.key("adjust"), ProductID: l.ProductID, SKU: l.SKU, Delta: 1}
	err := j.patient(ctx, func(ctx context.Context) error {
		stock, err := j.Gateway.Adjust(ctx, a.ProductID, a.SKU, a.Key, a.Delta)
		a.Stock = &stock
		return err
	})
	if err != nil {
		return err
	}
	return j.note(a)
}

// key names a call on the order, so that its repetitions count as one call.
func (j *journey) key(call string) string { return call + "-" + j.order.ID }

func (j *journey) patient(ctx context.Context, call func(context.Context) error) error {
	return patient(ctx, j.Patience, &j.repeats, call)
}

func (j *journey) note(a Ack) error {
	a.OrderID = j.order.ID
	if err := j.Journal.add(a); err != nil {
		return fmt.Errorf("%w: %w", errJournal, err)
	}
	return nil
}
