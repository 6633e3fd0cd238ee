package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast/order"
)

// sidesOf reads the records of the payments' orders.
func (a *moneyAudit) sidesOf(ctx context.Context, theirs map[paymentRef]*order.ProviderPayment) ([]sides, error) {
	ids := make([]string, 0, len(theirs))
	for ref, t := range theirs {
		ids = append(ids, ref.order)
		if t != nil && t.OrderID != ref.order {
			ids = append(ids, t.OrderID)
		}
	}
	accounts, err := a.accounts(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]sides, 0, len(theirs))
	for ref, t := range theirs {
		s := sides{ref: ref, theirs: t, ours: accounts[ref.order]}
		if t != nil && t.OrderID != ref.order {
			s.assigned = accounts[t.OrderID].gaveAway(paymentRef{ref.provider, ref.payment, t.OrderID})
		}
		all = append(all, s)
	}
	return all, nil
}

// firstCheck counts payments, and notes suspects.
func (a *moneyAudit) firstCheck(ctx context.Context, theirs map[paymentRef]*order.ProviderPayment) error {
	if len(theirs) == 0 {
		return nil
	}
	all, err := a.sidesOf(ctx, theirs)
	if err != nil {
		return err
	}
	for _, s := range all {
		counted := s.sums()
		a.sums.replace(nil, counted)
		if s.payable() {
			a.open[s.ref.order] = append(a.open[s.ref.order], s.ref)
		}
		if found := s.findings(a.Now()); len(found) > 0 {
			a.first = append(a.first, found...)
			a.suspects[s.ref] = counted
		}
	}
	return nil
}

// severalOpen notes the orders that seem to have several open payments.
func (a *moneyAudit) severalOpen() {
	for id, refs := range a.open {
		if len(refs) > 1 {
			a.unsure[id] = refs
			a.first = append(a.first, paymentsOpen(id, refs))
		}
	}
}

func paymentsOpen(orderID string, refs []paymentRef) MoneyFinding {
	names := make([]string, len(refs))
	for i, r := range refs {
		names[i] = order.PaymentKey(r.provider, r.payment)
	}
	slices.Sort(names)
	return MoneyFinding{
		Kind: KindPaymentsOpen, OrderID: orderID,
		Detail: fmt.Sprintf("%d of its payments can be paid: %s", len(refs), strings.Join(names, ", ")),
	}
}

// recheck checks the suspects until those with steps in progress are cleared, or the
// checks are used up.
func (a *moneyAudit) recheck(ctx context.Context) ([]MoneyFinding, error) {
	standing := persisting(map[moneyKey]MoneyFinding{}, a.first, true)
	pause := a.Pause
	for n := 1; n < a.Looks && len(standing) > 0; n++ {
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
		pause *= 2
		found, err := a.check(ctx)
		if err != nil {
			return nil, err
		}
		standing = persisting(standing, found, false)
	}
	return slices.Collect(maps.Values(standing)), nil
}

// check checks the current state of the suspects. Those without findings leave the list.
func (a *moneyAudit) check(ctx context.Context) (found []MoneyFinding, err error) {
	for refs := range slices.Chunk(slices.Collect(maps.Keys(a.suspects)), batch) {
		theirs, err := a.lookUp(ctx, refs)
		if err != nil {
			return nil, err
		}
		all, err := a.sidesOf(ctx, theirs)
		if err != nil {
			return nil, err
		}
		for _, s := range all {
			counted := s.sums()
			a.sums.replace(a.suspects[s.ref], counted)
			a.suspects[s.ref] = counted
			now := s.findings(a.Now())
			if found = append(found, now...); len(now) == 0 {
				delete(a.suspects, s.ref)
			}
		}
		a.Progress("suspects", len(refs))
	}
	for id, refs := range a.unsure {
		theirs, err := a.lookUp(ctx, refs)
		if err != nil {
			return nil, err
		}
		still := slices.DeleteFunc(slices.Clone(refs), func(r paymentRef) bool { return !sides{theirs: theirs[r]}.payable() })
		if a.unsure[id] = still; len(still) > 1 {
			found = append(found, paymentsOpen(id, still))
		} else {
			delete(a.unsure, id)
		}
		a.Progress("suspects", 1)
	}
	return found, nil
}

// judged adds what could not be checked, and drops findings that only follow from that: an
// order that has left Redis is unknown if the view that has it isn't available.
func (a *moneyAudit) judged(ctx context.Context, found []MoneyFinding) ([]MoneyFinding, error) {
	for name, n := range a.unseen {
		found = append(found, MoneyFinding{
			Kind: KindProviderUnseen, Provider: name,
			Detail: fmt.Sprintf("%d payments of %s are recorded, but its settings are missing: they were not compared", n, name),
		})
	}
	if a.Cold != nil || len(found) == 0 {
		return found, nil
	}
	forgotten, err := a.Records.Forgotten(ctx)
	if err != nil {
		return nil, err
	}
	left := int64(0)
	for _, n := range forgotten {
		left += n
	}
	if left == 0 {
		return found, nil
	}
	ids := make([]string, len(found))
	for i, f := range found {
		ids[i] = f.OrderID
	}
	docs, err := a.Records.ReadDocuments(ctx, ids)
	if err != nil {
		return nil, err
	}
	kept, unseen := []MoneyFinding{}, 0
	for i, f := range found {
		if f.OrderID != "" && !docs[i].Found {
			unseen++
			continue
		}
		kept = append(kept, f)
	}
	if unseen > 0 {
		kept = append(kept, MoneyFinding{
			Kind: KindOrdersUnseen,
			Detail: fmt.Sprintf("%d orders have left Redis and are only in the orders view, which was not given"+
				" (ELASTICSEARCH_URL): whether %d payments belong to them was not checked", left, unseen),
		})
	}
	return kept, nil
}
