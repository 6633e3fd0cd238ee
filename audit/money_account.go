package audit

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/order"
)

// paymentRef names a payment and the order with which it is checked: usually the one that
// the provider names.
type paymentRef struct{ provider, payment, order string }

// account is what is recorded about one order and its money.
type account struct {
	doc      Document
	attempts []order.Attempt
	refunds  []order.Refund
}

// claim is the record of a success.
type claim struct {
	made     bool
	amount   int64
	currency string
}

// claim returns the record of this payment's success: as a payment, as the one that the
// order took, or as a refund or a case. A refund is only recorded for a payment that
// succeeded.
func (a account) claim(of paymentRef) claim {
	for _, p := range a.attempts {
		if p.Provider == of.provider && p.PaymentID == of.payment && p.Type == order.PaymentSucceeded {
			return claim{true, p.Amount, p.Currency}
		}
	}
	if a.keeps(of) {
		return claim{true, a.doc.Order.Amounts[order.AmountPaid], a.doc.Order.Currency}
	}
	for _, r := range a.refundsOf(of) {
		return claim{true, max(r.PaymentAmount, r.Amount), r.Currency}
	}
	return claim{}
}

// keeps reports whether the order is paid by this payment.
func (a account) keeps(of paymentRef) bool {
	o := &a.doc.Order
	return a.doc.Found && o.Status.TookPayment() && o.Payment.ID == of.payment &&
		(o.Payment.Provider == "" || o.Payment.Provider == of.provider)
}

// refundsOf returns the refunds of a payment, without those that came to nothing.
func (a account) refundsOf(of paymentRef) []order.Refund {
	var found []order.Refund
	for _, r := range a.refunds {
		if r.Provider == of.provider && r.PaymentID == of.payment && onRecord(r) {
			found = append(found, r)
		}
	}
	return found
}

// gaveAway reports whether an operator assigned the payment to another order.
func (a account) gaveAway(p paymentRef) bool {
	return slices.ContainsFunc(a.refundsOf(p), func(r order.Refund) bool { return r.Status == order.RefundAssigned })
}

// success is a payment that is recorded as succeeded, and when.
type success struct {
	paymentRef
	at time.Time
}

// successes returns all of the order's, including those of cases.
func (a account) successes() []success {
	var all []success
	add := func(provider, id string, at time.Time) {
		ref := paymentRef{provider, id, a.doc.OrderID}
		if !slices.ContainsFunc(all, func(s success) bool { return s.paymentRef == ref }) {
			all = append(all, success{ref, at})
		}
	}
	for _, p := range a.attempts {
		if p.Type == order.PaymentSucceeded {
			add(p.Provider, p.PaymentID, p.OccurredAt)
		}
	}
	for _, r := range a.refunds {
		if onRecord(r) {
			add(r.Provider, r.PaymentID, r.DueAt)
		}
	}
	if o := &a.doc.Order; a.doc.Found && o.Status.TookPayment() && o.Payment.ID != "" && o.Payment.Provider != "" {
		add(o.Payment.Provider, o.Payment.ID, o.Payment.PaidAt)
	}
	return all
}

// accounts reads the records of orders, wherever they are.
func (a *moneyAudit) accounts(ctx context.Context, orderIDs []string) (map[string]account, error) {
	ids := slices.Clone(orderIDs)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return nil, nil
	}
	docs, err := a.Records.ReadDocuments(ctx, ids)
	if err != nil {
		return nil, err
	}
	stored, err := a.Records.ReadPayments(ctx, ids)
	if err != nil {
		return nil, err
	}
	if a.Cold != nil {
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(a.Concurrency)
		for i := range docs {
			if docs[i].Found {
				continue
			}
			group.Go(func() (err error) {
				docs[i], err = coldOrder(ctx, a.Cold, ids[i])
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return nil, err
		}
	}
	all := make(map[string]account, len(ids))
	for i, id := range ids {
		all[id] = newAccount(docs[i], stored[i].completed(docs[i].Cold))
	}
	return all, nil
}

// newAccount reads the documents. An unreadable one counts as missing: the audit of the
// orders reports it.
func newAccount(d Document, stored Payments) account {
	acc := account{doc: d}
	for _, doc := range stored.Attempts {
		var p order.Attempt
		if json.Unmarshal(doc, &p) == nil {
			acc.attempts = append(acc.attempts, p)
		}
	}
	for _, doc := range stored.Refunds {
		var r order.Refund
		if json.Unmarshal(doc, &r) == nil {
			acc.refunds = append(acc.refunds, r)
		}
	}
	return acc
}
