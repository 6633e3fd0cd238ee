package api

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"holdfast/order"
	"holdfast/payment"
)

const (
	// checkoutAge is how long the gateway repeats what a provider answered.
	checkoutAge = time.Minute
	// maxCheckouts bounds the memory of it. Beyond, the oldest goes.
	maxCheckouts = 10_000
	// checkoutTimeout bounds one question to a provider, for all who wait for its answer.
	checkoutTimeout = 10 * time.Second
)

// checkouts keep, in memory alone, what buyers need to pay, so that a page that is loaded
// again asks no provider. Which payment is open they don't know: the order's saga says so each
// time, so that what another gateway did to the order counts at once.
type checkouts struct {
	now    func() time.Time
	asking singleflight.Group

	mu     sync.Mutex
	byKey  map[string]*list.Element
	oldest *list.List // of *checkout, as they were asked for
}

type checkout struct {
	key   string
	asked time.Time
	payment.Checkout
}

func newCheckouts(now func() time.Time) *checkouts {
	return &checkouts{now: now, byKey: map[string]*list.Element{}, oldest: list.New()}
}

func (c *checkouts) known(key string) (payment.Checkout, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget()
	e, ok := c.byKey[key]
	if !ok {
		return payment.Checkout{}, false
	}
	return e.Value.(*checkout).Checkout, true
}

// forget drops what is too old, and the oldest where there is too much.
func (c *checkouts) forget() {
	for e := c.oldest.Front(); e != nil; e = c.oldest.Front() {
		o := e.Value.(*checkout)
		if c.now().Sub(o.asked) < checkoutAge && c.oldest.Len() <= maxCheckouts {
			return
		}
		delete(c.byKey, o.key)
		c.oldest.Remove(e)
	}
}

func (c *checkouts) keep(key string, answer payment.Checkout, asked time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, there := c.byKey[key]; there {
		c.oldest.Remove(e)
	}
	c.byKey[key] = c.oldest.PushBack(&checkout{key: key, asked: asked, Checkout: answer})
	c.forget()
}

// ask asks the provider, once for all who want the same payment at the same time. An error
// is not kept.
func (c *checkouts) ask(ctx context.Context, key, paymentID string, p Provider) (payment.Checkout, error) {
	done := c.asking.DoChan(key, func() (any, error) {
		// On its own time: the caller who asks first may go away before the others.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkoutTimeout)
		defer cancel()
		asked := c.now()
		answer, err := p.Checkout(ctx, paymentID)
		if err == nil {
			c.keep(key, answer, asked)
		}
		return answer, err
	})
	select {
	case <-ctx.Done():
		return payment.Checkout{}, ctx.Err()
	case answer := <-done:
		if answer.Err != nil {
			return payment.Checkout{}, answer.Err
		}
		return answer.Val.(payment.Checkout), nil
	}
}

// checkout is what the buyer needs for the payment that the saga named. Under a key that
// was used before, the saga's answer may be an old one: only what is on record as open is
// repeated then.
func (s *Server) checkout(ctx context.Context, orderID string, p payable, keyed bool) (payment.Checkout, error) {
	key := p.name + "/" + p.id
	if known, ok := s.checkouts.known(key); ok && (!keyed || s.isOpen(ctx, orderID, p)) {
		return known, nil
	}
	answer, err := s.checkouts.ask(ctx, key, p.id, p.provider)
	if err != nil {
		return answer, fmt.Errorf("%w: payment %s of order %s: %w", errProviderAway, p.id, orderID, err)
	}
	return answer, nil
}

// payable is a payment at its provider.
type payable struct {
	name, id string
	provider Provider
}

// isOpen reports whether the last that was recorded of the payment is that it was opened.
func (s *Server) isOpen(ctx context.Context, orderID string, p payable) bool {
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	docs, err := s.cfg.Orders.Payments(ctx, orderID)
	if err != nil {
		return false
	}
	money, err := order.ReadPayments(docs)
	if err != nil {
		return false
	}
	for _, a := range money.Attempts {
		if a.Provider == p.name && a.PaymentID == p.id {
			return a.Type == order.PaymentCreated
		}
	}
	return false
}
