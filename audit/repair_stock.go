package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// release releases what a closed order still holds.
func (r Repairer) release(ctx context.Context, f Finding, l lacks) (string, error) {
	h, err := r.read(ctx, f)
	if err != nil {
		return "", err
	}
	rec, err := r.Orders.Recorded(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	if rec.Running || (rec.Known && rec.Status.TookPayment()) {
		o, err := r.Orders.Order(ctx, f.OrderID)
		if err != nil {
			return "", err
		}
		if !another(&o, h) || h.PlacedAt.After(o.PlacedAt) {
			return "", cannot("its workflow says %s now", rec.Status)
		}
	}
	for _, it := range h.Items {
		if l.held[variant{f.ProductID, it.SKU}] > 0 {
			return "", cannot("held doesn't include these units: only the hold's record is wrong")
		}
	}
	states, err := r.Stock.Release(ctx, h.Holder(), max(h.Try, 1), []string{f.ProductID}, "audit")
	if err != nil {
		return "", err
	}
	if states[0] != product.HoldStateReleased {
		return "", cannot("the hold is %s now", states[0])
	}
	return fmt.Sprintf("%d units were released", sum(h.Items)), nil
}

// sell sells to a paid order what it paid for, as far as the product's ledger lacks it. If
// the hold is gone the units are held again first.
func (r Repairer) sell(ctx context.Context, f Finding, l lacks) (string, error) {
	o, err := r.Orders.Order(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	if !o.Status.TookPayment() {
		return "", cannot("its workflow says %s now", o.Status)
	}
	h, err := r.read(ctx, f)
	if err != nil {
		return "", err
	}
	items := o.Items(f.ProductID)
	lacks := int64(0)
	for _, it := range items {
		lacks += max(min(l.sold[variant{f.ProductID, it.SKU}], it.Quantity), 0)
	}
	switch {
	case lacks == 0 && h.State == product.HoldStateNone && time.Since(o.Payment.PaidAt) > forgottenAfter:
		return r.remember(ctx, f) // an earlier version let Redis forget it, although the order is open
	case lacks < f.Units:
		return "", cannot("the ledger includes these units as sold: only the hold's record is wrong")
	}
	if h.State != product.HoldStateHeld || another(&o, h) {
		if err := r.holdAgain(ctx, f, &o, h.Try+1); err != nil {
			return "", err
		}
	}
	states, err := r.Stock.Commit(ctx, o.Holder(), []string{f.ProductID})
	if err != nil {
		return "", err
	}
	if states[0] != product.HoldStateCommitted {
		return "", cannot("the hold is %s now", states[0])
	}
	for _, it := range items {
		l.sold[variant{f.ProductID, it.SKU}] -= it.Quantity
	}
	if o.Closed() {
		if err := r.Stock.CloseSales(ctx, o.Holder(), []string{f.ProductID}); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d units were sold to it", f.Units), nil
}

// remember stores again that the order bought what the ledger counts as sold.
func (r Repairer) remember(ctx context.Context, f Finding) (string, error) {
	o, err := r.Orders.Order(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	var items []product.HeldItem
	for _, l := range o.Lines {
		if l.ProductID == f.ProductID {
			items = addItem(items, product.HeldItem{SKU: l.SKU, Title: l.Title, Quantity: l.Quantity, Price: l.UnitPrice})
		}
	}
	if !o.Status.TookPayment() || len(items) == 0 {
		return "", cannot("its workflow says %s now", o.Status)
	}
	state, err := r.Stock.RememberSale(ctx, o.Holder(), f.ProductID, o.Currency, items)
	if err != nil {
		return "", err
	}
	if state != product.HoldStateCommitted {
		return "", cannot("the hold is %s now", state)
	}
	if o.Closed() {
		if err := r.Stock.CloseSales(ctx, o.Holder(), []string{f.ProductID}); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("its hold says again that %d units were sold to it", sum(items)), nil
}

// closeSale lets what a closed order bought expire after a while. Its worker stopped before
// that step, or its version didn't have it.
func (r Repairer) closeSale(ctx context.Context, f Finding) (string, error) {
	o, err := r.Orders.Order(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	if !o.Closed() {
		return "", cannot("its workflow says %s now", o.Status)
	}
	if err := r.Stock.CloseSales(ctx, o.Holder(), []string{f.ProductID}); err != nil {
		return "", err
	}
	return "its hold expires in a while", nil
}

// addItem sums the lines of one sku, as its hold did.
func addItem(items []product.HeldItem, it product.HeldItem) []product.HeldItem {
	for i := range items {
		if items[i].SKU == it.SKU {
			items[i].Quantity += it.Quantity
			return items
		}
	}
	return append(items, it)
}

// giveBack returns what a cancelled order bought, once, under the id of the return that its
// workflow used.
func (r Repairer) giveBack(ctx context.Context, f Finding, l lacks) (string, error) {
	o, err := r.Orders.Order(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	if !o.TookUnitsBack() {
		return "", cannot("its workflow says %s now", o.Status)
	}
	before, err := r.read(ctx, f)
	if err != nil {
		return "", err
	}
	units, err := r.Stock.Restock(ctx, o.Holder(), f.ProductID, o.ReturnID(), o.Items(f.ProductID))
	if err != nil && !refused(err) {
		return "", err
	}
	var back int64
	for sku, n := range units { // some may have come back before
		now := max(n-before.Returned[sku], 0)
		back += now
		l.sold[variant{f.ProductID, sku}] += now
	}
	if closing := r.Stock.CloseSales(ctx, o.Holder(), []string{f.ProductID}); closing != nil {
		return "", closing
	}
	switch {
	case err != nil && back > 0:
		return "", cannot("only %d units came back: %s", back, err)
	case err != nil:
		return "", cannot("%s", err)
	}
	return fmt.Sprintf("%d units came back", back), nil
}

// shortOf describes which variants a product has too few units of; empty if there are
// enough.
func shortOf(h product.Hold) string {
	var short []string
	for _, r := range h.Refusals {
		if r.Reason == product.ReasonOutOfStock {
			short = append(short, fmt.Sprintf("%d of %s wanted, %d available, %d held by other orders",
				r.Requested, r.SKU, r.Available, r.HeldByOthers))
		}
	}
	return strings.Join(short, "; ")
}

// recount sets the units that the limit counts to the sum of the customer's live holds at
// one moment.
func (r Repairer) recount(ctx context.Context, f Finding) (string, error) {
	for range snapshots {
		p, _, err := r.Books.Snapshot(ctx, f.ProductID, nil)
		if err != nil {
			return "", err
		}
		again, holds, err := r.Books.Snapshot(ctx, f.ProductID, p.Listed)
		if err != nil {
			return "", err
		}
		var units int64
		for _, h := range holds {
			if h.State == product.HoldStateHeld && h.CustomerID == f.CustomerID {
				units += sum(h.Items)
			}
		}
		if again.Version != p.Version {
			continue // another order may be on the list
		}
		done, err := r.Stock.Recount(ctx, f.ProductID, again.Version, map[string]int64{f.CustomerID: units})
		if err != nil {
			return "", err
		}
		if done {
			return fmt.Sprintf("the limit counts %d units now", units), nil
		}
	}
	return "", cannot("orders of the product change too fast: try again when there is less traffic")
}

// refused reports whether the product can never take the units back.
func refused(err error) bool {
	_, tooMany := errors.AsType[product.Invalid](err)
	return tooMany || errors.Is(err, product.ErrUnknownSKU) || errors.Is(err, product.ErrNotFound) || errors.Is(err, product.ErrNotSold)
}

// hold holds again the units of an order that awaits its payment, after Redis has lost
// them. If the hold was ended on purpose, the workflow itself will hold again when the
// payment arrives.
func (r Repairer) hold(ctx context.Context, f Finding) (string, error) {
	o, err := r.Orders.Order(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	h, err := r.read(ctx, f)
	if err != nil {
		return "", err
	}
	switch {
	case o.Status != order.StatusAwaitingPayment:
		return "", cannot("its workflow says %s now", o.Status)
	case !o.Payment.Deadline.After(time.Now()):
		return "", cannot("its payment window has ended")
	case h.State != product.HoldStateNone && !another(&o, h):
		// A higher try than the workflow's would outlive its release.
		return "", cannot("the hold was %s; a payment would hold again", h.State)
	}
	// The first try: whatever the workflow releases also ends it.
	if err := r.holdAgain(ctx, f, &o, 1); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d units are held for it", f.Units), nil
}

func (r Repairer) holdAgain(ctx context.Context, f Finding, o *order.Order, try int) error {
	req := product.HoldRequest{
		ProductID: f.ProductID, OrderID: f.OrderID, PlacedAt: o.PlacedAt, Try: try, Deadline: o.Payment.Deadline, Force: true,
	}
	if product.ValidID(o.CustomerID) { // it counts as the customer's, and forced requests are never over a limit
		req.CustomerID, req.MaxCustomerUnits = o.CustomerID, product.MaxStock
	}
	for _, it := range o.Items(f.ProductID) {
		req.Lines = append(req.Lines, product.HoldLine{SKU: it.SKU, Quantity: it.Quantity, Price: product.AnyPrice})
	}
	answers, err := r.Stock.Hold(ctx, []product.HoldRequest{req})
	if err != nil {
		return err
	}
	if short := shortOf(answers[0]); short != "" && o.Status.TookPayment() {
		return cannot("oversold: the order paid for units that are gone: %s. Bring in stock and repair again,"+
			" or cancel the order, which refunds the payment", short)
	} else if short != "" {
		return cannot("its units went to other orders in the meantime: %s. Unless some come back, its payment will be refunded", short)
	}
	if answers[0].Outcome != product.HoldMade {
		return cannot("the product answered %s: %v", answers[0].Outcome, answers[0].Refusals)
	}
	return nil
}
