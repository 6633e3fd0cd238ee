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
	// checkoutAge is how long the gateway reuses a provider's answer.
	checkoutAge = time.Minute
	// maxCheckouts limits how many answers are kept. Beyond that, the oldest is dropped.
	maxCheckouts = 10_000
	// checkoutTimeout limits one request to a provider, for all callers who wait for its answer.
	checkoutTimeout = 10 * time.Second
)

// checkouts is a cache, only in memory, of what buyers need to pay, so that reloading a page
// doesn't ask the provider again. It doesn't know which payment is open: the order's saga says so
// each time, so changes made through another gateway take effect immediately.
type checkouts struct {
	now    func() time.Time
	asking singleflight.Group

	mu     sync.Mutex
	byKey  map[string]*list.Element
	oldest *list.List // of *checkout, in the order they were requested
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

// forget drops expired entries, and the oldest ones if there are too many.
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

// ask asks the provider, once for all callers who want the same payment at the same time. Errors
// are not cached.
func (c *checkouts) ask(ctx context.Context, key, paymentID string, p Provider) (payment.Checkout, error) {
	done := c.asking.DoChan(key, func() (any, error) {
		// With its own timeout: the caller who asked first may go away before the others.
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

// checkout returns what the buyer needs for the payment that the saga named. Under a key that was
// used before, the saga's answer may be old: then the cached answer is used only if the payment is
// recorded as open.
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

// isOpen reports whether the payment's last recorded status is that it was opened.
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
