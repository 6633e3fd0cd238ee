package audit

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"holdfast/order"
	"holdfast/product"
)

// snapshots bounds how often a product or a coupon is read until no new hold or claim appeared
// between listing them and reading them all at one moment.
const snapshots = 10

// checkProducts checks every suspected product again.
func (a *auditor) checkProducts(ctx context.Context) ([]Finding, error) {
	ids := slices.Sorted(maps.Keys(a.products))
	if len(ids) == 0 {
		return nil, nil
	}
	holders, err := a.holders(ctx)
	if err != nil {
		return nil, err
	}
	var all []Finding
	for _, id := range ids {
		found, err := a.checkProduct(ctx, id, holders[id])
		if err != nil {
			return nil, fmt.Errorf("product %s: %w", id, err)
		}
		all = append(all, found...)
		a.Progress("suspects", 1)
	}
	found, err := a.checkSales(ctx, ids)
	all = append(all, found...)
	clear(a.products) // those with steps in progress leave the list
	for _, f := range all {
		a.products[f.ProductID] = true
	}
	return all, err
}

// holders finds every order that has a hold of a suspected product, or an entry in one of
// the lists, by walking over all holds: the lists may be what is wrong.
func (a *auditor) holders(ctx context.Context) (map[string]map[string]bool, error) {
	of := map[string]map[string]bool{}
	add := func(ids []HoldID) {
		for _, id := range ids {
			if a.products[id.ProductID] {
				if of[id.ProductID] == nil {
					of[id.ProductID] = map[string]bool{}
				}
				of[id.ProductID][id.OrderID] = true
			}
		}
	}
	for ids, err := range a.Books.WalkHolds(ctx) {
		if err != nil {
			return nil, err
		}
		add(ids)
	}
	for ids, err := range a.Books.WalkDeadlines(ctx) {
		if err != nil {
			return nil, err
		}
		add(ids)
	}
	return of, nil
}

// checkProduct reads a product and all its holds at one moment, and returns the findings.
func (a *auditor) checkProduct(ctx context.Context, id string, holders map[string]bool) ([]Finding, error) {
	if holders == nil {
		holders = map[string]bool{}
	}
	for range snapshots {
		p, holds, err := a.Books.Snapshot(ctx, id, slices.Sorted(maps.Keys(holders)))
		if err != nil {
			return nil, err
		}
		complete := true
		for _, o := range p.Listed {
			complete = complete && holders[o]
			holders[o] = true
		}
		if complete {
			return a.productFindings(p, holds), nil
		}
	}
	// So many holds arrive that they can't be read at one moment; the next check may
	// succeed.
	return nil, nil
}

func (a *auditor) productFindings(p Product, holds []Hold) []Finding {
	live, buyers := map[string]int64{}, map[string]int64{}
	var found []Finding
	for _, h := range holds {
		if h.State == product.HoldStateHeld {
			for _, it := range h.Items {
				live[it.SKU] += it.Quantity
				for _, buyer := range product.Buyers(h.CustomerID) {
					buyers[buyer] += it.Quantity
				}
			}
		}
		found = append(found, listFindings(h)...)
	}
	if !p.Found {
		return append(found, missing(p, live, a.sold[p.ID])...)
	}
	found = append(found, buyerFindings(p, buyers)...)
	return append(found, stockFindings(p, live)...)
}

// buyerFindings compares what customers' unpaid orders hold with their live holds.
func buyerFindings(p Product, live map[string]int64) []Finding {
	var found []Finding
	off := func(customer string, counted, held int64) {
		found = append(found, Finding{
			Kind: KindCustomerUnitsDiffer, ProductID: p.ID, CustomerID: customer, Units: counted - held,
			Detail: fmt.Sprintf("the limit counts %d units of the customer's unpaid orders, but their live holds add up to %d", counted, held),
		})
	}
	for customer, n := range p.Buyers {
		if n != live[customer] {
			off(customer, n, live[customer])
		}
	}
	for customer, n := range live {
		if _, counted := p.Buyers[customer]; !counted {
			off(customer, 0, n)
		}
	}
	return found
}

func missing(p Product, live, sold map[string]int64) []Finding {
	var units int64
	for _, sums := range []map[string]int64{live, sold} {
		for _, n := range sums {
			units += n
		}
	}
	if units == 0 {
		return nil
	}
	return []Finding{{
		Kind: KindProductMissing, ProductID: p.ID, Units: units,
		Detail: fmt.Sprintf("the product is gone, but orders hold or bought %d units of it", units),
	}}
}

// stockFindings checks a product's stock against its ledger and its live holds.
func stockFindings(p Product, live map[string]int64) []Finding {
	if !p.Found {
		return nil
	}
	var found []Finding
	off := func(k Kind, sku string, units int64, format string, args ...any) {
		found = append(found, Finding{
			Kind: k, ProductID: p.ID, SKU: sku, Units: units, Detail: fmt.Sprintf(format, args...),
		})
	}
	if p.Unreadable != "" {
		off(KindUnreadable, "", 0, "%s", p.Unreadable)
	}
	for sku, s := range p.Stock {
		if ledger := s.Adjusted - s.Committed + s.Restocked; s.OnHand != ledger {
			off(KindLedgerDiffers, sku, s.OnHand-ledger, "onHand is %d, but adjusted %d - committed %d + restocked %d is %d",
				s.OnHand, s.Adjusted, s.Committed, s.Restocked, ledger)
		}
		if s.Held < 0 || s.Held > s.OnHand {
			off(KindStockImpossible, sku, s.Held-s.OnHand, "held is %d of %d on hand", s.Held, s.OnHand)
		}
		if s.Held != live[sku] {
			off(KindHeldDiffers, sku, s.Held-live[sku], "held is %d, but the live holds add up to %d", s.Held, live[sku])
		}
	}
	for sku, n := range live {
		if _, ok := p.Stock[sku]; !ok {
			off(KindHeldDiffers, sku, -n, "%d units are held of a variant that doesn't exist", n)
		}
	}
	return found
}

// listFindings checks that the lists contain exactly the live holds.
func listFindings(h Hold) []Finding {
	var found []Finding
	if h.Unreadable != "" {
		found = append(found, Finding{
			Kind: KindUnreadable, ProductID: h.ProductID, OrderID: h.OrderID, Detail: "the hold can't be read: " + h.Unreadable,
		})
	}
	var on, off []string
	for _, list := range []struct {
		name string
		on   bool
	}{{"the product's list of holds", h.OnProduct}, {"the sweeper's list", h.OnDeadlines}} {
		if list.on {
			on = append(on, list.name)
		} else {
			off = append(off, list.name)
		}
	}
	f := Finding{ProductID: h.ProductID, OrderID: h.OrderID, Units: sum(h.Items)}
	switch {
	case h.State == product.HoldStateHeld && len(off) > 0:
		f.Kind, f.Detail = KindHoldNotListed, "a live hold is missing from "+strings.Join(off, " and ")
	case h.State != product.HoldStateHeld && len(on) > 0:
		f.Kind, f.Detail = KindListedWithoutHold, "the hold is "+string(h.State)+" and still on "+strings.Join(on, " and ")
	default:
		return found
	}
	return append(found, f)
}

// checkSales compares the suspected products' ledgers with the paid orders' lines. Sales
// continue while the documents are read: a sum is wrong only if it lies outside what the
// ledger said before and after.
func (a *auditor) checkSales(ctx context.Context, ids []string) ([]Finding, error) {
	before, err := a.readProducts(ctx, ids)
	if err != nil {
		return nil, err
	}
	// A sale's document follows its ledger entry: allow it that much time.
	if err := wait(ctx, a.Pause); err != nil {
		return nil, err
	}
	sold := tally{}
	for docs, err := range a.documents(ctx) {
		if err != nil {
			return nil, err
		}
		for i := range docs {
			if _, wrong := a.truths[docs[i].OrderID]; !wrong && docs[i].Found && docs[i].Unreadable == "" {
				a.addSales(sold, &docs[i].Order)
			}
		}
	}
	for _, o := range a.truths {
		a.addSales(sold, &o)
	}
	after, err := a.readProducts(ctx, ids)
	if err != nil {
		return nil, err
	}
	var found []Finding
	for i := range before {
		found = append(found, a.soldFindings(before[i], after[i], sold[before[i].ID])...)
	}
	return found, nil
}

func (a *auditor) readProducts(ctx context.Context, ids []string) ([]Product, error) {
	var all []Product
	for part := range slices.Chunk(ids, batch) {
		read, err := a.Books.ReadProducts(ctx, part)
		if err != nil {
			return nil, err
		}
		all = append(all, read...)
	}
	return all, nil
}

func (a *auditor) addSales(sold tally, o *order.Order) {
	for _, l := range o.Lines {
		if n := soldUnits(o, l); n != 0 && a.products[l.ProductID] {
			sold.add(l.ProductID, l.SKU, n)
		}
	}
}

func (a *auditor) soldFindings(before, after Product, sold map[string]int64) []Finding {
	if !before.Found || !after.Found {
		return nil
	}
	var found []Finding
	skus := map[string]bool{}
	for sku := range after.Stock {
		skus[sku] = true
	}
	for sku := range sold {
		skus[sku] = true
	}
	for sku := range skus {
		b, e := before.Stock[sku], after.Stock[sku]
		least, most := b.Committed-e.Restocked, e.Committed-b.Restocked
		units := int64(0)
		switch n := sold[sku]; {
		case n < least:
			units = least - n
		case n > most:
			units = most - n
		default:
			continue
		}
		found = append(found, Finding{
			Kind: KindSoldDiffers, ProductID: after.ID, SKU: sku, Units: units,
			Detail: fmt.Sprintf("committed %d - restocked %d, but the paid orders' lines add up to %d",
				e.Committed, e.Restocked, sold[sku]),
		})
	}
	return found
}
