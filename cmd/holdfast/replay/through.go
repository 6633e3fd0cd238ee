package replay

import (
	"context"
	"time"

	"holdfast/client"
	"holdfast/payment/sandbox"
)

// meetProvider opens a payment of an order that awaits one, and acts on its page as the
// order's fate has the buyer do. Buyers who abandon or cancel their order have been there,
// too.
func (j *journey) meetProvider(ctx context.Context) error {
	if !j.order.Status.Unpaid() { // nothing to pay, or a run before this one paid it
		return nil
	}
	offer, err := j.open(ctx)
	if err != nil {
		return err
	}
	switch j.fate.end {
	case abandon, cancel:
		return nil
	case pay:
		return j.pays(ctx, offer, sandbox.ActionPay, Paid)
	case refuse:
		return j.pays(ctx, offer, sandbox.ActionRefuse, Refused)
	case payTwice:
		return j.paysTwice(ctx, offer)
	case payLate: // the money arrives some seconds after the cancellation, or after the payment window
		j.how = "/late"
		return j.acts(ctx, offer, sandbox.ActionPayLate, 0, PaidLate)
	case payWrong:
		j.how = "/wrong_amount"
		return j.acts(ctx, offer, sandbox.ActionPay, offer.Amount+1, PaidWrong)
	}
	return nil
}

func (j *journey) open(ctx context.Context) (offer client.Offer, err error) {
	started := time.Now()
	// Without a key: a repeated call with one may get the first one's failure.
	err = j.patient(ctx, func(ctx context.Context) error {
		offer, err = j.Gateway.OpenPayment(ctx, j.order.ID, j.Provider)
		return err
	})
	if err == nil {
		j.tally.took(opening, started)
	}
	return offer, err
}

// acts does one thing on the provider's page; it can be repeated.
func (j *journey) acts(ctx context.Context, offer client.Offer, a sandbox.Action, amount int64, call string) error {
	started := time.Now()
	err := j.patient(ctx, func(ctx context.Context) error {
		return j.Gateway.PayPage(ctx, offer, string(a), amount)
	})
	if err != nil {
		return err
	}
	j.tally.took(paying, started)
	return j.note(Ack{Call: call, PaymentID: offer.PaymentID})
}

// pays acts, and waits until the order shows it.
func (j *journey) pays(ctx context.Context, offer client.Offer, a sandbox.Action, call string) error {
	started := time.Now()
	if err := j.acts(ctx, offer, a, 0, call); err != nil {
		return err
	}
	return j.shown(ctx, started)
}

// paysTwice pays by two payments, or has the callback of one sent again under another event
// id.
func (j *journey) paysTwice(ctx context.Context, offer client.Offer) error {
	if !j.fate.other {
		j.how = "/twice"
		return j.pays(ctx, offer, sandbox.ActionPayTwice, PaidTwice)
	}
	j.how = "/repeated"
	if err := j.pays(ctx, offer, sandbox.ActionPay, Paid); err != nil {
		return err
	}
	if err := j.callback(ctx, j.event(offer.PaymentID)); err != nil {
		return err
	}
	return j.note(Ack{Call: Repeated, PaymentID: offer.PaymentID})
}
