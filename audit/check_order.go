package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// checkOrders checks every suspected order again, including its workflow. Orders without
// findings leave the list.
func (a *auditor) checkOrders(ctx context.Context) ([]Finding, error) {
	if _, err := a.countUnseen(ctx); err != nil { // the first ones may have left since the walk
		return nil, err
	}
	var mu sync.Mutex
	var all []Finding
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(a.Concurrency)
	for id, s := range maps.Clone(a.suspects) { // cleared orders leave it meanwhile
		group.Go(func() error {
			found, truth, err := a.checkOrder(ctx, id, s)
			if err != nil {
				return fmt.Errorf("order %s: %w", id, err)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, found...)
			delete(a.truths, id)
			if truth != nil {
				a.truths[id] = *truth
			}
			if len(found) == 0 {
				delete(a.suspects, id)
			}
			a.suspectAllOf(found, truth)
			a.Progress("suspects", 1)
			return nil
		})
	}
	err := group.Wait()
	return all, err
}

// suspectAllOf suspects the products and coupons of an order with findings: their sums may be
// wrong too.
func (a *auditor) suspectAllOf(found []Finding, truth *order.Order) {
	for _, f := range found {
		if f.ProductID != "" {
			a.suspectProduct(f.ProductID)
		}
		if f.CouponCode != "" {
			a.suspectCoupon(f.CouponCode)
		}
	}
	if truth != nil && len(found) > 0 {
		for _, id := range truth.ProductIDs() {
			a.suspectProduct(id)
		}
		for _, code := range truth.CouponCodes() {
			a.suspectCoupon(code)
		}
	}
}

// checkOrder is examineOrder, with a stuck workflow as one more finding.
func (a *auditor) checkOrder(ctx context.Context, id string, s *suspect) ([]Finding, *order.Order, error) {
	found, truth, err := a.examineOrder(ctx, id, s)
	if errors.Is(err, saga.ErrStuck) {
		return append(found, Finding{Kind: KindWorkflowStuck, OrderID: id, Detail: err.Error()}), truth, nil
	}
	return found, truth, err
}

// examineOrder returns the findings about one order. If its document is not what its
// workflow recorded, it returns the workflow's order too.
func (a *auditor) examineOrder(ctx context.Context, id string, s *suspect) ([]Finding, *order.Order, error) {
	doc, err := a.readOne(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	rec, err := a.Orders.Recorded(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if a.unseen && !doc.Found && (!rec.Known || rec.Closed) {
		return a.liveHolds(ctx, id, s) // it may have left Redis, where nothing else is known about it
	}
	found := documentFindings(doc, rec)
	if len(found) == 0 {
		found = slices.Concat(apartFindings(doc), quantityFindings(&doc.Order), priceFindings(&doc.Order))
	}
	truth := &doc.Order
	var asked *order.Order
	if rec.Known && (len(found) > 0 || !doc.Found) {
		o, err := a.Orders.Order(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		truth, asked = &o, &o
		if found, err = documentOf(doc, &o); err != nil {
			return nil, nil, err
		}
		found = slices.Concat(found, quantityFindings(&o), priceFindings(&o))
	}
	found = append(found, erasureFindings(doc)...)
	// Redis may have lost payments beside the document: once asked, asked each time.
	if s.payments = s.payments || len(found) > 0 || rec.ByForce; s.payments && rec.Known {
		payments, err := a.paymentFindings(ctx, id, rec.ByForce)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, payments...)
	}
	if rec.Running {
		numbers, err := a.numberFindings(ctx, truth)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, numbers...)
	}
	books, err := a.bookFindings(ctx, truth)
	if err != nil {
		return nil, nil, err
	}
	found = append(found, books...)
	parts, err := a.checkParts(ctx, truth)
	if err != nil {
		return nil, nil, err
	}
	found = append(found, parts...)
	known := rec.Known || (doc.Found && doc.Unreadable == "")
	claims, err := a.claimFindings(ctx, truth, s, id, known, rec.Running)
	if err != nil {
		return nil, nil, err
	}
	found = append(found, claims...)
	ids := a.holdIDs(id, truth, s.products)
	if len(ids) == 0 {
		return found, asked, nil
	}
	holds, err := a.Books.ReadHolds(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range holds {
		if known {
			found = append(found, holdOfOrder(truth, h, rec.Running)...)
		} else if h.State == product.HoldStateHeld || h.State == product.HoldStateCommitted {
			found = append(found, unknownOrder(h))
		}
	}
	return found, asked, nil
}

// liveHolds returns the live holds and claims of an order that may have left Redis: by then it can't
// have any.
func (a *auditor) liveHolds(ctx context.Context, id string, s *suspect) ([]Finding, *order.Order, error) {
	holds, err := a.Books.ReadHolds(ctx, a.holdIDs(id, &order.Order{}, s.products))
	if err != nil {
		return nil, nil, err
	}
	found, err := a.claimFindings(ctx, &order.Order{}, s, id, false, false)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range holds {
		if h.State == product.HoldStateHeld {
			found = append(found, unknownOrder(h))
		}
	}
	return found, nil, nil
}

func unknownOrder(h Hold) Finding {
	return Finding{
		Kind: KindHoldOfUnknownOrder, ProductID: h.ProductID, OrderID: h.OrderID, Units: sum(h.Items),
		Detail: fmt.Sprintf("%d units are %s for an order that is unknown to Temporal and Redis", sum(h.Items), h.State),
	}
}

func (a *auditor) holdIDs(id string, o *order.Order, extra map[string]bool) []HoldID {
	products := maps.Clone(extra)
	for _, p := range o.ProductIDs() {
		products[p] = true
	}
	var ids []HoldID
	for _, p := range slices.Sorted(maps.Keys(products)) {
		ids = append(ids, HoldID{p, id})
	}
	return ids
}

// documentOf compares the document, and what lies beside it, with the order that its
// workflow returned. What was erased from the document is no difference.
func documentOf(d Document, o *order.Order) ([]Finding, error) {
	readable := d.Found && d.Unreadable == ""
	if readable && !d.Order.PlacedAt.IsZero() && o.PlacedAt.After(d.Order.PlacedAt) {
		return []Finding{{
			Kind: KindDocumentOld, OrderID: d.OrderID,
			Detail: fmt.Sprintf("it is of an order placed at %s, but its workflow's was placed under the same id at %s",
				d.Order.PlacedAt, o.PlacedAt),
		}}, nil
	}
	if readable && !d.Order.ErasedAt.IsZero() {
		erased := o.Clone()
		erased.Erase(d.Order.ErasedAt)
		o = &erased
	}
	found := documentFindings(d, saga.Recorded{Known: true, Closed: o.Closed(), Status: o.Status, Version: o.Version})
	if len(found) > 0 || !readable || d.Version != o.Version {
		return found, nil
	}
	if goodsDiffer(&d.Order, o) {
		found = []Finding{{
			Kind: KindDocumentDiffers, OrderID: d.OrderID,
			Detail: fmt.Sprintf("its version %d says other things about the order's units than its workflow does", d.Version),
		}}
	}
	if d.Cold != nil {
		return found, nil
	}
	apart, err := packageFindings(d, o)
	return append(found, apart...), err
}

// documentFindings compares the document with what the workflow recorded.
func documentFindings(d Document, rec saga.Recorded) []Finding {
	off := func(k Kind, format string, args ...any) []Finding {
		return []Finding{{Kind: k, OrderID: d.OrderID, Detail: fmt.Sprintf(format, args...)}}
	}
	switch {
	case d.Unreadable != "":
		return off(KindDocumentUnreadable, "%s", d.Unreadable)
	case !rec.Known && d.Found && !d.Order.Closed():
		return off(KindOrderUnknown, "its document says %s, but it has no workflow", d.Order.Status)
	case !rec.Known:
		return nil // Temporal has forgotten it since it closed; or it was never more than a hold
	case !d.Found && rec.Status.Undecided():
		return nil // its first document is stored with its stock
	case !d.Found:
		return off(KindDocumentMissing, "its workflow says %s, version %d", rec.Status, rec.Version)
	case d.Version < rec.Version:
		return off(KindDocumentOld, "it has version %d (%s), its workflow has %d (%s)", d.Version, d.Order.Status, rec.Version, rec.Status)
	case rec.ByForce && rec.Status.Unpaid() && d.Order.CancelReason == order.ReasonTerminated && d.Version > rec.Version:
		return nil // only the sweeper could still close it
	case d.Version > rec.Version:
		return off(KindDocumentAhead, "it has version %d (%s), its workflow has %d (%s)", d.Version, d.Order.Status, rec.Version, rec.Status)
	case d.Order.Status != rec.Status || d.Order.Version != d.Version || d.Order.ID != d.OrderID:
		return off(KindDocumentDiffers, "it says order %s, %s, version %d; its workflow says %s, version %d",
			d.Order.ID, d.Order.Status, d.Order.Version, rec.Status, rec.Version)
	case d.Order.Closed() != rec.Closed:
		return off(KindDocumentDiffers, "it says that the order is %s, its workflow says that it is %s",
			openOrClosed(d.Order.Closed()), openOrClosed(rec.Closed))
	}
	return nil
}

func openOrClosed(closed bool) string {
	if closed {
		return "closed"
	}
	return "open"
}
