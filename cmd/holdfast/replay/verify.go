package replay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/client"
	"holdfast/order"
)

// Violation is an answer of the gateway that is no longer true.
type Violation struct {
	Ack    Ack    `json:"ack"`
	Detail string `json:"detail"`
}

// Verification of a journal.
type Verification struct {
	Acks       int         `json:"acks"`
	Orders     int         `json:"orders"`
	Violations []Violation `json:"violations"`
}

// VerifyConfig says how a journal is checked.
type VerifyConfig struct {
	Gateway     *client.Client
	Concurrency int
	// Patience with one order: a message acknowledged before a crash may only be handled
	// after the restart.
	Patience time.Duration
	// Progress is called for each finished order or adjustment; it may be nil.
	Progress func()
}

// Verify checks that everything that was acknowledged is still true.
func Verify(ctx context.Context, cfg VerifyConfig, acks []Ack) (Verification, error) {
	byOrder := map[string][]Ack{}
	var adjusted []Ack
	for _, a := range acks {
		if a.Call == Adjusted {
			adjusted = append(adjusted, a)
			continue
		}
		byOrder[a.OrderID] = append(byOrder[a.OrderID], a)
	}
	v := &verifier{VerifyConfig: cfg}
	if v.Progress == nil {
		v.Progress = func() {}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(cfg.Concurrency, 1))
	for id, acks := range byOrder {
		group.Go(func() error { return v.order(ctx, id, acks) })
	}
	for _, a := range adjusted {
		group.Go(func() error { return v.adjustment(ctx, a) })
	}
	err := group.Wait()
	slices.SortFunc(v.found, func(a, b Violation) int { return a.Ack.At.Compare(b.Ack.At) })
	return Verification{Acks: len(acks), Orders: len(byOrder), Violations: v.found}, err
}

type verifier struct {
	VerifyConfig
	mu      sync.Mutex
	found   []Violation
	repeats atomic.Int64
}

func (v *verifier) violation(a Ack, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.found = append(v.found, Violation{Ack: a, Detail: fmt.Sprintf(format, args...)})
}

// order checks all acks of one order until they are true or patience ends. It reads the order once
// for all of them.
func (v *verifier) order(ctx context.Context, id string, acks []Ack) error {
	last := map[int]string{} // what is missing, by the index of its ack
	err := patient(ctx, v.Patience, &v.repeats, func(ctx context.Context) error {
		o, err := v.Gateway.Order(ctx, id)
		if err != nil {
			return err
		}
		for i, a := range acks {
			missing, err := v.missing(ctx, a, o)
			if err != nil {
				return err
			}
			if delete(last, i); missing != "" {
				last[i] = missing
			}
		}
		if len(last) > 0 {
			return errUndecided
		}
		return nil
	})
	var p *client.Problem
	switch {
	case err == nil:
	case errors.As(err, &p) && p.Status == http.StatusNotFound:
		for _, a := range acks {
			v.violation(a, "the order is gone")
		}
	case len(last) > 0 && ctx.Err() == nil: // patience ended, perhaps in the middle of a call
		for i, missing := range last {
			v.violation(acks[i], "%s", missing)
		}
	default:
		return fmt.Errorf("read order %s: %w", id, err)
	}
	v.Progress()
	return nil
}

// missing describes what the order doesn't show of an ack, or is empty.
func (v *verifier) missing(ctx context.Context, a Ack, o order.Order) (string, error) {
	switch a.Call {
	case Placed:
		if o.Status.Undecided() || o.Status == order.StatusRejected {
			return fmt.Sprintf("it had its stock, but now it is %s", o.Status), nil
		}
	case Paid:
		return v.unpaid(ctx, a, o)
	case Refused:
		if o.Status.Unpaid() {
			return fmt.Sprintf("its payment was refused, but it is still %s", o.Status), nil
		}
	case Cancelled:
		if o.Status != order.StatusCancelled {
			return fmt.Sprintf("it was cancelled, but now it is %s", o.Status), nil
		}
	case Delivered:
		if o.Status != order.StatusDelivered {
			return fmt.Sprintf("it was delivered, but now it is %s", o.Status), nil
		}
	case PaidLate, PaidTwice, PaidWrong, Repeated:
		return v.notGoneBack(ctx, a, o)
	case Packed, Scanned, Readdressed, CancelledInPart, Returned:
		return v.missingGoods(ctx, a, o)
	default:
		return "", fmt.Errorf("the journal has an unknown call %q", a.Call)
	}
	return "", nil
}

// unpaid checks that acknowledged money either paid the order or is refunded.
func (v *verifier) unpaid(ctx context.Context, a Ack, o order.Order) (string, error) {
	if o.Status.TookPayment() && o.Payment.ID == a.PaymentID {
		return "", nil
	}
	p, err := v.Gateway.Payment(ctx, o.ID)
	if err != nil {
		return "", err
	}
	for _, r := range p.Refunds {
		if r.PaymentID == a.PaymentID {
			return "", nil
		}
	}
	return fmt.Sprintf("payment %s was acknowledged; the order is %s, and there is no refund of it",
		a.PaymentID, o.Status), nil
}

// adjustment repeats the call: if it was kept, it gets its first answer again.
func (v *verifier) adjustment(ctx context.Context, a Ack) error {
	var now client.Stock
	err := patient(ctx, v.Patience, &v.repeats, func(ctx context.Context) (err error) {
		now, err = v.Gateway.Adjust(ctx, a.ProductID, a.SKU, a.Key, a.Delta)
		return err
	})
	var p *client.Problem
	switch {
	case errors.As(err, &p) && p.Status == http.StatusNotFound:
		v.violation(a, "the product is gone")
	case err != nil:
		return fmt.Errorf("repeat the adjustment %s: %w", a.Key, err)
	case a.Stock != nil && now != *a.Stock:
		v.violation(a, "the adjustment was lost: its answer was %+v, but now it is %+v", *a.Stock, now)
	}
	v.Progress()
	return nil
}
