package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"holdfast/coupon"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
)

// Hold reserves all lines of an order, claims its coupons and records the order with the prices at which they
// were held.
type Hold struct {
	Stock   Stock
	Coupons Coupons
	Records Records
	// Money is the kind that the worker's payment providers take; empty takes any.
	Money order.Money
}

// HoldParams carries the whole order: a local activity's input is not recorded.
type HoldParams struct {
	Placement order.Placement
	PlacedAt  time.Time
	// Try numbers the attempt, from 1.
	Try int
	// InTurn asks one product after the other.
	InTurn bool
	// At is the saga's time of this step, for the journal.
	At time.Time
}

// Execute returns what was held, or each line and coupon that can't be. It undoes nothing: the saga
// has the refusal in history and releases all products.
func (a *Hold) Execute(ctx context.Context, p HoldParams) (order.Holding, error) {
	if p.Placement.Money.Conflicts(a.Money) {
		return order.Holding{}, fmt.Errorf("order %s was placed at a gateway that takes %s money, and this worker takes %s money: "+
			"one of them is misconfigured", p.Placement.OrderID, p.Placement.Money, a.Money)
	}
	if q := p.Placement.Quote; q != nil {
		if err := price.Verify(*q, p.Placement.Lines); err != nil { // the gateway has a bug: a retry won't help
			return order.Holding{}, temporal.NewNonRetryableApplicationError(err.Error(), "quote-invalid", err)
		}
	}
	reqs := p.Placement.HoldRequests(p.Try, p.PlacedAt)
	ask := a.Stock.Hold
	if p.InTurn {
		ask = a.Stock.HoldInTurn
	}
	answers, err := ask(ctx, reqs)
	if err != nil {
		return order.Holding{}, fmt.Errorf("hold stock of order %s: %w", p.Placement.OrderID, err)
	}
	h, err := order.Combine(p.Placement, answers)
	if err != nil { // two sagas of one order, or a bug: a retry won't help
		return order.Holding{}, temporal.NewNonRetryableApplicationError(err.Error(), "hold-conflict", err)
	}
	if !h.Held {
		return h, nil
	}
	o := order.New(p.Placement, p.PlacedAt)
	if err := o.Hold(h, p.At); err != nil {
		if errors.Is(err, product.ErrOverflow) {
			return order.TooLarge(p.Placement, order.ReasonAmountTooLarge), nil
		}
		return order.Holding{}, err
	}
	rec, err := order.NewRecord(&o, nil)
	if err != nil {
		return order.Holding{}, err
	}
	if len(rec.Doc)+order.RoomToPlace(len(o.Lines))+o.Commands.Room() > order.MaxDocumentBytes {
		return order.TooLarge(p.Placement, order.ReasonDocumentTooLarge), nil
	}
	if err := a.claim(ctx, p, &h); err != nil || !h.Held {
		return h, err
	}
	if err := a.Records.Put(ctx, rec); err != nil {
		return order.Holding{}, fmt.Errorf("record order %s as held: %w", o.ID, err)
	}
	return h, nil
}

// claim asks for a use of each of the order's coupons that has limits, if there are any. What
// the products hold is asked first: shops have far more orders that are sold out than coupons
// that are used up.
func (a *Hold) claim(ctx context.Context, p HoldParams, h *order.Holding) error {
	claims := p.Placement.CouponClaims(p.Try, p.PlacedAt)
	if len(claims) == 0 {
		return nil
	}
	for i := range claims {
		claims[i].CustomerID = coupon.CountedFor(claims[i].CustomerID)
	}
	answers, err := a.Coupons.Claim(ctx, claims)
	if err != nil {
		return fmt.Errorf("claim the coupons of order %s: %w", p.Placement.OrderID, err)
	}
	h.Claimed(answers)
	return nil
}

func withoutGuest(uses []order.CouponUse) []order.CouponUse {
	for i := range uses {
		uses[i].CustomerID = coupon.CountedFor(uses[i].CustomerID)
	}
	return uses
}

// saleOf is what an order takes.
func saleOf(o *order.Order, try int) order.Sale {
	s := o.Sale(max(try, 1))
	s.Coupons = withoutGuest(s.Coupons)
	return s
}
