package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/order"
	"holdfast/payment"
)

// edge is how much younger than Since a recorded success must be to be looked up at the
// provider: a provider with the same retention may be dropping it right now.
const edge = time.Hour

// walkProviders iterates over each provider's payments and compares them with their orders'
// records.
func (a *moneyAudit) walkProviders(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(a.Providers)) {
		part := make(map[paymentRef]*order.ProviderPayment, batch)
		for p, err := range a.Providers[name].Payments(ctx, a.Since) {
			if err != nil {
				return fmt.Errorf("walk over the payments of %s: %w", name, err)
			}
			key := order.PaymentKey(name, p.ID)
			if _, seen := a.seen[key]; seen {
				continue
			}
			a.seen[key] = p.OrderID
			part[paymentRef{name, p.ID, p.OrderID}] = &p
			if len(part) == batch {
				if err := a.walked(ctx, part); err != nil {
					return err
				}
				clear(part)
			}
		}
		if err := a.walked(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func (a *moneyAudit) walked(ctx context.Context, part map[paymentRef]*order.ProviderPayment) error {
	a.report.Payments += len(part)
	a.Progress("payments", len(part))
	if err := a.firstCheck(ctx, part); err != nil {
		return fmt.Errorf("compare %d payments: %w", len(part), err)
	}
	return nil
}

// walkRecords iterates over the records, of orders in Redis first and then of those that
// only the view has, and looks up successes that no provider's walk has shown with this
// order.
func (a *moneyAudit) walkRecords(ctx context.Context) error {
	warm := map[string]struct{}{}
	for ids, err := range a.Records.WalkPayments(ctx) {
		if err != nil {
			return err
		}
		if a.Cold != nil {
			for _, id := range ids {
				warm[id] = struct{}{}
			}
		}
		if err := a.recorded(ctx, ids); err != nil {
			return err
		}
	}
	if a.Cold == nil {
		return nil
	}
	for last := ""; ; {
		page, err := a.Cold.WalkOrders(ctx, last, batch)
		if err != nil {
			return fmt.Errorf("walk over the orders of the view: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		last = page[len(page)-1].ID
		var ids []string
		for _, o := range page {
			if _, seen := warm[o.ID]; !seen && len(o.Payments) > 0 && o.Closed() {
				ids = append(ids, o.ID)
			}
		}
		if err := a.recorded(ctx, ids); err != nil {
			return err
		}
	}
}

// recorded checks the records of some orders.
func (a *moneyAudit) recorded(ctx context.Context, orderIDs []string) error {
	accounts, err := a.accounts(ctx, orderIDs)
	if err != nil {
		return err
	}
	var refs []paymentRef
	for _, acc := range accounts {
		if acc.doc.Cold != nil {
			a.report.Cold++
		}
		a.report.Notes = append(a.report.Notes, acc.overdueNotes(a.started)...)
		for _, s := range acc.successes() {
			with, seen := a.seen[order.PaymentKey(s.provider, s.payment)]
			switch {
			case (seen && with == s.order) || s.at.Before(a.Since.Add(edge)):
			case a.Providers[s.provider] == nil:
				a.unseen[s.provider]++
			default:
				refs = append(refs, s.paymentRef)
			}
		}
	}
	a.report.Orders += len(accounts)
	a.Progress("orders", len(accounts))
	if len(refs) == 0 {
		return nil
	}
	theirs, err := a.lookUp(ctx, refs)
	if err != nil {
		return err
	}
	return a.firstCheck(ctx, theirs)
}

// lookUp asks the providers; nil stands for a payment that the provider doesn't have.
func (a *moneyAudit) lookUp(ctx context.Context, refs []paymentRef) (map[paymentRef]*order.ProviderPayment, error) {
	found := make([]*order.ProviderPayment, len(refs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(a.Concurrency)
	for i, ref := range refs {
		group.Go(func() (err error) {
			found[i], err = a.ask(ctx, ref)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	theirs := make(map[paymentRef]*order.ProviderPayment, len(refs))
	for i, ref := range refs {
		theirs[ref] = found[i]
	}
	return theirs, nil
}

// How often a provider that doesn't answer is asked again; the pause doubles.
const (
	asks     = 6
	askPause = 100 * time.Millisecond
)

// ask looks one payment up.
func (a *moneyAudit) ask(ctx context.Context, ref paymentRef) (*order.ProviderPayment, error) {
	var last error
	for n, pause := 0, askPause; n < asks; n, pause = n+1, pause*2 {
		if n > 0 {
			if err := wait(ctx, pause); err != nil {
				return nil, err
			}
		}
		p, err := a.Providers[ref.provider].LookUp(ctx, ref.payment)
		switch {
		case err == nil:
			return &p, nil
		case errors.Is(err, payment.ErrNoPayment):
			return nil, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		}
		last = err
	}
	return nil, fmt.Errorf("look up payment %s of %s: %w", ref.payment, ref.provider, last)
}
