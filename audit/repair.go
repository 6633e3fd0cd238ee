package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Stock is what a repair asks of the product entities: the same commands, with
// the same checks, as those that the workflows give.
type Stock interface {
	Hold(ctx context.Context, reqs []product.HoldRequest) ([]product.Hold, error)
	Commit(ctx context.Context, orderID string, productIDs []string) ([]product.HoldState, error)
	Release(ctx context.Context, orderID string, try int, productIDs []string, reason string) ([]product.HoldState, error)
}

// Repair is one finding, and what was done about it or why nothing could be.
type Repair struct {
	Finding Finding `json:"finding"`
	Done    string  `json:"done"`
}

// Repairer applies again what workflows recorded.
type Repairer struct {
	Config
	Stock   Stock
	Records Records
}

// Run audits, repairs what it can, and audits again. The report is that of the
// second audit, beside what was repaired.
func (r Repairer) Run(ctx context.Context) (Report, error) {
	r.fill()
	before, err := Run(ctx, r.Config)
	if err != nil || len(before.Findings) == 0 {
		return before, err
	}
	repaired, left, err := r.repair(ctx, before.Findings)
	if err != nil {
		return before, fmt.Errorf("repair: %w", err)
	}
	after, err := Run(ctx, r.Config)
	after.Repaired, after.NotRepaired = repaired, left
	return after, err
}

// repair goes from what frees units to what takes them.
func (r Repairer) repair(ctx context.Context, findings []Finding) (done, left []Repair, err error) {
	lacks := lacking(findings)
	for _, step := range []struct {
		kinds []Kind
		do    func(context.Context, Finding) (string, error)
	}{
		{[]Kind{HoldOfClosedOrder}, func(ctx context.Context, f Finding) (string, error) { return r.release(ctx, f, lacks) }},
		{[]Kind{PaidNotCommitted}, func(ctx context.Context, f Finding) (string, error) { return r.sell(ctx, f, lacks) }},
		{[]Kind{OrderNotHeld}, r.hold},
		{[]Kind{
			DocumentMissing, DocumentOld, DocumentDiffers, DocumentUnreadable, PaymentMissing, PaymentDiffers,
		}, r.write},
		{[]Kind{RefundMissing, RefundDiffers}, r.writeRefund},
	} {
		for _, f := range findings {
			if !slices.Contains(step.kinds, f.Kind) {
				continue
			}
			what, err := step.do(ctx, f)
			var no *cannotError
			switch {
			case errors.As(err, &no):
				left = append(left, Repair{f, no.why})
			case errors.Is(err, ErrUnknownOrder), errors.Is(err, ErrStuck):
				left = append(left, Repair{f, err.Error()})
			case err != nil:
				return done, left, fmt.Errorf("%s: %w", f, err)
			default:
				done = append(done, Repair{f, what})
			}
		}
	}
	return done, left, nil
}

// lacks counts, by product and sku, the units that a ledger lacks of what paid
// orders bought, and the units by which held is below the live holds. They tell
// a step that Redis has lost from a hold whose own record is wrong: for the
// latter the same step would count twice.
type lacks struct{ sold, held map[variant]int64 }

type variant struct{ product, sku string }

func lacking(findings []Finding) lacks {
	l := lacks{sold: map[variant]int64{}, held: map[variant]int64{}}
	for _, f := range findings {
		switch v := (variant{f.ProductID, f.SKU}); {
		case f.Kind == SoldDiffers && f.Units < 0:
			l.sold[v] = -f.Units
		case f.Kind == HeldDiffers && f.Units < 0:
			l.held[v] = -f.Units
		}
	}
	return l
}

// release gives back what a closed order still holds.
func (r Repairer) release(ctx context.Context, f Finding, l lacks) (string, error) {
	rec, err := r.Orders.Recorded(ctx, f.OrderID)
	if err != nil {
		return "", err
	}
	if rec.Running || (rec.Known && rec.Status.TookPayment()) {
		return "", cannot("its workflow says %s now", rec.Status)
	}
	h, err := r.read(ctx, f)
	if err != nil {
		return "", err
	}
	for _, it := range h.Items {
		if l.held[variant{f.ProductID, it.SKU}] > 0 {
			return "", cannot("held doesn't count these units: only the hold's record is wrong")
		}
	}
	states, err := r.Stock.Release(ctx, f.OrderID, max(h.Try, 1), []string{f.ProductID}, "audit")
	if err != nil {
		return "", err
	}
	if states[0] != product.Released {
		return "", cannot("the hold is %s now", states[0])
	}
	return fmt.Sprintf("%d units were given back", sum(h.Items)), nil
}

// sell sells to a paid order what it paid for, as far as the product's ledger
// lacks it. Where the hold is gone the units are held again first.
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
	for _, it := range items {
		if l.sold[variant{f.ProductID, it.SKU}] < it.Quantity {
			return "", cannot("the ledger counts these units as sold: only the hold's record is wrong")
		}
	}
	if h.State != product.Held {
		if err := r.holdAgain(ctx, f, &o, h.Try+1); err != nil {
			return "", err
		}
	}
	states, err := r.Stock.Commit(ctx, f.OrderID, []string{f.ProductID})
	if err != nil {
		return "", err
	}
	if states[0] != product.Committed {
		return "", cannot("the hold is %s now", states[0])
	}
	for _, it := range items {
		l.sold[variant{f.ProductID, it.SKU}] -= it.Quantity
	}
	return fmt.Sprintf("%d units were sold to it", f.Units), nil
}

// hold gives an order that waits for its payment the units back that Redis has
// lost. Where the hold was ended on purpose, its workflow will hold again itself
// when the payment comes.
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
	case o.Status != order.AwaitingPayment:
		return "", cannot("its workflow says %s now", o.Status)
	case !o.Payment.Deadline.After(time.Now()):
		return "", cannot("its payment window has ended")
	case h.State != product.NoHold:
		// A higher try than the workflow's would outlive its release.
		return "", cannot("the hold was %s; a payment would hold again", h.State)
	}
	// The first try: whatever the workflow releases ends it.
	if err := r.holdAgain(ctx, f, &o, 1); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d units are held for it", f.Units), nil
}

func (r Repairer) holdAgain(ctx context.Context, f Finding, o *order.Order, try int) error {
	req := product.HoldRequest{
		ProductID: f.ProductID, OrderID: f.OrderID, Try: try, Deadline: o.Payment.Deadline, Force: true,
	}
	for _, it := range o.Items(f.ProductID) {
		req.Lines = append(req.Lines, product.HoldLine{SKU: it.SKU, Quantity: it.Quantity, Price: product.AnyPrice})
	}
	answers, err := r.Stock.Hold(ctx, []product.HoldRequest{req})
	if err != nil {
		return err
	}
	if answers[0].Outcome != product.HoldMade {
		return cannot("the product answers %s: %v", answers[0].Outcome, answers[0].Refusals)
	}
	return nil
}

func (r Repairer) read(ctx context.Context, f Finding) (Hold, error) {
	holds, err := r.Books.ReadHolds(ctx, []HoldID{{f.ProductID, f.OrderID}})
	if err != nil {
		return Hold{}, err
	}
	return holds[0], nil
}

// cannotError says why a finding stays one: nothing on record mends it.
type cannotError struct{ why string }

func (e *cannotError) Error() string { return e.why }

func cannot(format string, args ...any) error { return &cannotError{fmt.Sprintf(format, args...)} }
