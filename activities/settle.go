package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// Settling is the action taken on a hold whose order may be gone.
type Settling string

const (
	// SettlingLeftAlone means that the order's workflow is running and owns the hold.
	SettlingLeftAlone Settling = "left_alone"
	// SettlingCommitted means that the order was paid, and its units are committed.
	SettlingCommitted Settling = "committed"
	// SettlingReleased means that the order is closed or unknown, and its units were
	// released.
	SettlingReleased Settling = "released"
)

// swept is the reason of what a settler releases.
const swept = "swept"

// Settler applies the rule for holds that outlived their order.
type Settler struct {
	Stock Stock
	Holds interface {
		HoldDetail(ctx context.Context, productID, orderID string) (product.HoldDetail, error)
	}
	Claims interface {
		ClaimDetail(ctx context.Context, code, orderID string) (order.CouponClaimDetail, error)
	}
	Orders interface {
		Of(ctx context.Context, orderID string) (Fate, error)
		// IsPaid asks a running workflow whether it belongs to the holder and is paid.
		IsPaid(ctx context.Context, h product.Holder) (bool, error)
	}
	Documents interface {
		Get(ctx context.Context, orderID string) (doc []byte, version int64, found bool, err error)
		// Payments returns the order's payments by field, see order.ReadPayments.
		Payments(ctx context.Context, orderID string) (map[string][]byte, error)
	}
	Records Records
	// Providers end payments of an order that could still be paid.
	Providers Providers
	// Refund starts the workflow of a refund, once.
	Refund func(ctx context.Context, r order.Refund) error
}

// Settle releases the hold of an order whose workflow is closed or unknown, or commits it
// if the order is paid: a running workflow that reports itself as paid has committed its
// hold, but Redis may have lost that since.
func (s *Settler) Settle(ctx context.Context, productID, orderID string) (Settling, error) {
	what, _, err := s.settle(ctx, productID, orderID)
	return what, err
}

// settle also reports whether the order's workflow is running.
func (s *Settler) settle(ctx context.Context, productID, orderID string) (what Settling, running bool, err error) {
	// Use this hold's try and placing time, not later ones: a workflow that is reset may
	// hold again, and so may a later order with this id.
	hold, err := s.Holds.HoldDetail(ctx, productID, orderID)
	if err != nil {
		return "", false, fmt.Errorf("read the hold of order %s on %s: %w", orderID, productID, err)
	}
	if hold.State != product.HoldStateHeld {
		return SettlingLeftAlone, false, nil
	}
	holder := hold.Holder()
	replaced, err := s.placedAgain(ctx, holder)
	if err != nil {
		return "", false, err
	}
	if replaced {
		what, err = s.giveBack(ctx, holder, nil, hold.Try, productID)
		return what, false, err
	}
	fate, paid, err := s.fate(ctx, holder)
	switch {
	case err != nil:
		return "", false, err
	case fate.Running && !paid:
		return SettlingLeftAlone, true, nil
	case paid:
		what, err = s.sell(ctx, holder, fate.Closed, productID)
	case fate.Ended != nil || fate.Status.Unpaid() || !fate.Known:
		what, err = s.abandoned(ctx, holder, fate, hold.Try, productID)
	default:
		what, err = s.giveBack(ctx, holder, nil, hold.Try, productID)
	}
	return what, fate.Running, err
}

// fate returns what is known about the holder, and whether it is paid. A running workflow
// counts as paid once its units are committed.
func (s *Settler) fate(ctx context.Context, h product.Holder) (fate Fate, paid bool, err error) {
	if fate, err = s.Orders.Of(ctx, h.OrderID); err != nil {
		return fate, false, err
	}
	fate = fate.of(h)
	if fate.Running {
		paid, err = s.Orders.IsPaid(ctx, h)
		return fate, paid, err
	}
	return fate, fate.Status.TookPayment(), nil
}

// abandoned ends an order that has no running workflow and holds productID. That hold is
// released last: it is how the order is found again until everything else is done.
func (s *Settler) abandoned(ctx context.Context, h product.Holder, fate Fate, try int, productID string) (Settling, error) {
	o, earlier, err := s.furthest(ctx, h, fate)
	if err != nil {
		return "", err
	}
	if o != nil && o.Status.TookPayment() { // the document was stored in the step that sold all its units
		return s.sell(ctx, h, o.Closed(), productID)
	}
	payments, err := s.payments(ctx, h.OrderID, fate, earlier)
	if err == nil {
		payments, err = s.endPayments(ctx, h.OrderID, payments)
	}
	if err == nil {
		err = s.close(ctx, h.OrderID, o, payments)
	}
	if err != nil {
		return "", fmt.Errorf("close order %s, which has no workflow: %w", h.OrderID, err)
	}
	if o != nil {
		if err := s.giveCouponsBack(ctx, o); err != nil {
			return "", err
		}
		others := slices.DeleteFunc(o.ProductIDs(), func(id string) bool { return id == productID })
		if _, err := s.giveBack(ctx, h, o, try, others...); err != nil {
			return "", err
		}
	}
	return s.giveBack(ctx, h, o, try, productID)
}

// giveBack ends an order's tries. If o is given, it also restocks what the order bought of
// the products, and lets the record of that expire: an order that ends unpaid with sold units was terminated, or lost a part of
// its stock in Redis, between the sale and the end of the payment step.
func (s *Settler) giveBack(ctx context.Context, h product.Holder, o *order.Order, try int, productIDs ...string) (Settling, error) {
	states, err := s.Stock.ReleaseSale(ctx, order.Sale{Holder: h, ProductIDs: productIDs, Try: try}, swept)
	if err != nil {
		return "", fmt.Errorf("release what order %s holds of %v: %w", h.OrderID, productIDs, err)
	}
	for i, id := range productIDs {
		if o == nil || states.Products[i] != product.HoldStateCommitted {
			continue
		}
		if err := restockSold(ctx, s.Stock, h, id, o.ReturnID(), o.Items(id)); err != nil {
			return "", err
		}
		if err := s.Stock.CloseSale(ctx, order.Sale{Holder: h, ProductIDs: []string{id}}, false); err != nil {
			return "", fmt.Errorf("close the sale of %s to order %s: %w", id, h.OrderID, err)
		}
	}
	return SettlingReleased, nil
}

// sell commits what an order paid for.
func (s *Settler) sell(ctx context.Context, h product.Holder, closed bool, productID string) (Settling, error) {
	sale := order.Sale{Holder: h, ProductIDs: []string{productID}, Try: 1}
	states, err := s.Stock.CommitSale(ctx, sale)
	if err == nil && closed { // the step that closed the order's sales didn't see this hold
		err = s.Stock.CloseSale(ctx, sale, false)
	}
	if err != nil {
		return "", fmt.Errorf("commit what order %s paid for of %s: %w", h.OrderID, productID, err)
	}
	if states.Products[0] != product.HoldStateCommitted { // it ended between the two reads; the audit names what is missing
		return SettlingLeftAlone, nil
	}
	return SettlingCommitted, nil
}

// placedAgain reports whether the hold's order id now belongs to a later order, whose
// workflow says nothing about the hold.
func (s *Settler) placedAgain(ctx context.Context, h product.Holder) (bool, error) {
	doc, _, found, err := s.Documents.Get(ctx, h.OrderID)
	if err != nil || !found || h.PlacedAt.IsZero() {
		return false, err
	}
	var o order.Order
	if err := json.Unmarshal(doc, &o); err != nil {
		return false, fmt.Errorf("read the document of order %s: %w", h.OrderID, err)
	}
	return o.PlacedAt.UnixMilli() > h.PlacedAt.UnixMilli(), nil
}

// close stores the last document of an order that ends unpaid, if it has one, and refunds
// what was paid.
func (s *Settler) close(ctx context.Context, orderID string, o *order.Order, payments map[string]order.Attempt) error {
	if o != nil {
		if o.Status.Unpaid() {
			o.Close(order.StatusCancelled, order.ReasonTerminated, order.ActorSystem, time.Now().UTC())
		}
		rec, err := order.NewRecord(o, payments)
		if err != nil {
			return err
		}
		if err := s.Records.Put(ctx, rec); err != nil {
			return err
		}
	}
	for _, p := range payments {
		if p.Type != order.PaymentSucceeded {
			continue
		}
		if err := s.Refund(ctx, order.RefundOf(p.Event(orderID), order.RefundLate)); err != nil {
			return fmt.Errorf("refund payment %s: %w", p.PaymentID, err)
		}
	}
	return nil
}

// payments returns the order's payments that may still bring in money or have to be
// refunded. It merges what the workflow knows with the record, since the workflow may be
// gone, or may have ended before it received a message. Recorded payments that were taken
// or refunded belong to an earlier order with the same id and are left out; that order's
// document is passed too if it still exists.
func (s *Settler) payments(ctx context.Context, orderID string, fate Fate, earlier *order.Order) (map[string]order.Attempt, error) {
	docs, err := s.Documents.Payments(ctx, orderID)
	if err != nil {
		return nil, err
	}
	money, err := order.ReadPayments(docs)
	if err != nil {
		return nil, fmt.Errorf("read its payments: %w", err)
	}
	back := refunded(money)
	byEarlier := func(p order.Attempt) bool {
		return earlier != nil && Fate(saga.FateOf(*earlier)).took(LookUpParams{Provider: p.Provider, PaymentID: p.PaymentID})
	}
	all := make(map[string]order.Attempt, len(money.Attempts))
	for _, p := range money.Attempts {
		switch {
		case p.Taken && !fate.Known && !byEarlier(p):
			return nil, fmt.Errorf("it is unknown, but took payment %s", p.Key())
		case !p.Taken && !back[p.Key()]:
			all[p.Key()] = p
		}
	}
	maps.Copy(all, fate.Payments)
	return all, nil
}

// endPayments makes sure that no money can arrive any more, and returns the outcome of the
// order's payments. Until the providers have confirmed that, the stock stays on hold.
func (s *Settler) endPayments(ctx context.Context, orderID string, payments map[string]order.Attempt) (map[string]order.Attempt, error) {
	now := maps.Clone(payments)
	for key, p := range payments {
		if p.Type != order.PaymentCreated && p.Type != order.PaymentFailed {
			continue
		}
		if _, ours := s.Providers[p.Provider]; !ours && p.Type == order.PaymentFailed {
			continue // reported by a holder of the webhook secret, without a provider that could be asked
		}
		ended, processing, err := s.Providers.end(ctx, AskedPayment{ID: p.PaymentID, Request: order.PaymentRequest{
			Provider: p.Provider, OrderID: orderID, Amount: p.Amount, Currency: p.Currency,
		}})
		switch {
		case err != nil:
			return nil, err
		case processing:
			return nil, &ProcessingError{Provider: p.Provider, Payment: p.PaymentID}
		case ended.Paid != nil:
			now[key] = order.NewAttempt(*ended.Paid, false)
		default:
			p.Type = order.PaymentEnded
			now[key] = p
		}
	}
	return now, nil
}

// furthest returns the order as its workflow left it, or its document if that is further
// ahead: a step may have stored it without the workflow seeing the step's end. It returns
// nil if neither is known. A document of an earlier order with the same id is returned
// separately.
func (s *Settler) furthest(ctx context.Context, h product.Holder, fate Fate) (o, earlier *order.Order, err error) {
	doc, version, found, err := s.Documents.Get(ctx, h.OrderID)
	if err != nil || !found {
		return fate.Ended, nil, err
	}
	var there order.Order
	if err := json.Unmarshal(doc, &there); err != nil {
		return nil, nil, fmt.Errorf("read its document: %w", err)
	}
	switch {
	case !sameOrder(there.PlacedAt, h.PlacedAt):
		return fate.Ended, &there, nil
	case fate.Ended != nil && fate.Ended.Version >= version:
		return fate.Ended, nil, nil
	}
	return &there, nil, nil
}
