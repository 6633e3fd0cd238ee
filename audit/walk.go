package audit

import (
	"context"
	"strings"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// walkDocuments reads the state of every order from its document, sums the lines of the
// paid ones, and checks that the products hold or sold what the orders say.
func (a *auditor) walkDocuments(ctx context.Context) error {
	for docs, err := range a.documents(ctx) {
		if err != nil {
			return err
		}
		for _, d := range docs {
			a.document(d)
		}
		if err := a.holdsOfDocuments(ctx, docs); err != nil {
			return err
		}
		if err := a.paymentsOfDocuments(ctx, docs); err != nil {
			return err
		}
		if err := a.numbersOfDocuments(ctx, docs); err != nil {
			return err
		}
		if err := a.booksOfDocuments(ctx, docs); err != nil {
			return err
		}
		if err := a.claimsOfDocuments(ctx, docs); err != nil {
			return err
		}
		a.counts.Orders += len(docs)
		a.Progress("documents", len(docs))
	}
	return nil
}

func (a *auditor) document(d Document) {
	if !d.Found {
		return
	}
	if d.Cold != nil {
		a.counts.Cold++
	}
	if d.Unreadable != "" || d.Order.Version != d.Version || d.Order.ID != d.OrderID {
		a.suspectOrder(d.OrderID)
		if d.Unreadable != "" {
			return
		}
	}
	if len(erasureFindings(d)) > 0 || len(apartFindings(d)) > 0 || len(quantityFindings(&d.Order)) > 0 || len(priceFindings(&d.Order)) > 0 {
		a.suspectOrder(d.OrderID)
	}
	a.orders[d.OrderID] = standing{
		status: d.Order.Status, closed: d.Order.Closed(), returned: d.Order.TookUnitsBack(),
		inParts: d.Order.Fulfilment != nil, placed: d.Order.PlacedAt.UnixMilli(),
		coupons: strings.Join(d.Order.CouponCodes(), " "),
	}
	for _, l := range d.Order.Lines {
		if n := soldUnits(&d.Order, l); n != 0 {
			a.sold.add(l.ProductID, l.SKU, n)
		}
	}
}

// holdsOfDocuments compares the orders' lines with their holds.
func (a *auditor) holdsOfDocuments(ctx context.Context, docs []Document) error {
	var ids []HoldID
	var of []*order.Order
	for i := range docs {
		o := &docs[i].Order
		if !docs[i].Found || (!o.Status.TookPayment() && o.Status != order.StatusAwaitingPayment && o.Fulfilment == nil) {
			continue
		}
		for _, p := range o.ProductIDs() {
			ids, of = append(ids, HoldID{p, o.ID}), append(of, o)
		}
	}
	for len(ids) > 0 {
		n := min(len(ids), batch)
		holds, err := a.Books.ReadHolds(ctx, ids[:n])
		if err != nil {
			return err
		}
		for i, h := range holds {
			if len(holdOfOrder(of[i], h, false)) > 0 {
				a.suspectOrder(of[i].ID)
			}
		}
		ids, of = ids[n:], of[n:]
	}
	return nil
}

// walkWorkflows compares what the lists of workflows show with the documents.
func (a *auditor) walkWorkflows(ctx context.Context) error {
	for l, err := range a.Orders.Walk(ctx) {
		if err != nil {
			return err
		}
		a.counts.Workflows++
		a.Progress("workflows", 1)
		doc, known := a.orders[l.OrderID]
		if known {
			doc.listed = true
			a.orders[l.OrderID] = doc
		}
		if a.Deep || !known || l.Stuck || l.Status != shown(doc.status) || l.Running == doc.closed {
			a.suspectOrder(l.OrderID)
		}
		if a.Deep {
			a.suspectPayments(l.OrderID)
		}
	}
	for id, doc := range a.orders {
		if !doc.listed && !doc.closed { // a closed one may have been forgotten since
			a.suspectOrder(id)
		}
	}
	return nil
}

func shown(s order.Status) string {
	return saga.ListedStatus(s)
}

// walkHolds sums the live holds and compares each hold with its order.
func (a *auditor) walkHolds(ctx context.Context) error {
	for ids, err := range a.Books.WalkHolds(ctx) {
		if err != nil {
			return err
		}
		holds, err := a.Books.ReadHolds(ctx, ids)
		if err != nil {
			return err
		}
		for _, h := range holds {
			a.hold(h)
		}
		a.counts.Holds += len(holds)
		a.Progress("holds", len(holds))
	}
	return nil
}

func (a *auditor) hold(h Hold) {
	doc, known := a.orders[h.OrderID]
	if known && !h.PlacedAt.IsZero() && h.PlacedAt.UnixMilli() != doc.placed {
		a.suspectOrder(h.OrderID, h.ProductID)
	}
	switch h.State {
	case product.HoldStateHeld:
		for _, it := range h.Items {
			a.live.add(h.ProductID, it.SKU, it.Quantity)
			for _, buyer := range product.Buyers(h.CustomerID) {
				a.buyers.add(h.ProductID, buyer, it.Quantity)
			}
		}
		if !known || doc.status != order.StatusAwaitingPayment {
			a.suspectOrder(h.OrderID, h.ProductID)
		}
		if !h.OnProduct || !h.OnDeadlines {
			a.suspectProduct(h.ProductID)
		}
	case product.HoldStateCommitted:
		if !known || (!doc.status.TookPayment() && !doc.returned && !doc.inParts) ||
			(h.Expires > 0) != doc.closed || (doc.returned && notReturned(h) > 0) {
			a.suspectOrder(h.OrderID, h.ProductID)
		}
	case product.HoldStateReleased, product.HoldStateNone:
	}
	if h.Unreadable != "" || (h.State != product.HoldStateHeld && (h.OnProduct || h.OnDeadlines)) {
		a.suspectProduct(h.ProductID)
	}
}

// walkDeadlines finds entries of the sweeper's lists without a live hold.
func (a *auditor) walkDeadlines(ctx context.Context) error {
	for ids, err := range a.Books.WalkDeadlines(ctx) {
		if err != nil {
			return err
		}
		holds, err := a.Books.ReadHolds(ctx, ids)
		if err != nil {
			return err
		}
		for _, h := range holds {
			if h.State != product.HoldStateHeld {
				a.suspectProduct(h.ProductID)
			}
		}
		a.Progress("deadlines", len(ids))
	}
	return nil
}

// walkProducts compares every product's stock with the sums of its holds and of the paid
// orders' lines.
func (a *auditor) walkProducts(ctx context.Context) error {
	seen := map[string]bool{}
	for ids, err := range a.Books.WalkProducts(ctx) {
		if err != nil {
			return err
		}
		products, err := a.Books.ReadProducts(ctx, ids)
		if err != nil {
			return err
		}
		for _, p := range products {
			if a.live[p.ID] != nil || a.sold[p.ID] != nil {
				seen[p.ID] = true
			}
			if !p.Found || len(stockFindings(p, a.live[p.ID])) > 0 ||
				len(buyerFindings(p, a.buyers[p.ID])) > 0 || len(a.soldFindings(p, p, a.sold[p.ID])) > 0 {
				a.suspectProduct(p.ID)
			}
		}
		if err := a.listedHolds(ctx, products); err != nil {
			return err
		}
		a.counts.Products += len(products)
		a.Progress("products", len(products))
	}
	for _, sums := range []tally{a.live, a.sold} {
		for id := range sums {
			if !seen[id] {
				a.suspectProduct(id)
			}
		}
	}
	return nil
}

// listedHolds finds entries of the products' lists without a live hold.
func (a *auditor) listedHolds(ctx context.Context, products []Product) error {
	var ids []HoldID
	for _, p := range products {
		for _, o := range p.Listed {
			ids = append(ids, HoldID{p.ID, o})
		}
	}
	for len(ids) > 0 {
		n := min(len(ids), batch)
		holds, err := a.Books.ReadHolds(ctx, ids[:n])
		if err != nil {
			return err
		}
		for _, h := range holds {
			if h.State != product.HoldStateHeld {
				a.suspectProduct(h.ProductID)
			}
		}
		ids = ids[n:]
	}
	return nil
}
