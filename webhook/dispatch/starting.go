package dispatch

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/order"
	"holdfast/streams"
	"holdfast/webhook"
)

const (
	// atOnce is how many deliveries are started at a time: few, because orders come first.
	atOnce = 8
	// perPart is how many entries are acknowledged together: with fewer, a crash repeats
	// less, and fewer documents of orders are in memory.
	perPart = 100
)

// dispatch goes over the entries in parts, and acknowledges each entry once all of its
// deliveries are started: one that fails doesn't hold up the others.
func (d *Dispatcher) dispatch(ctx context.Context, entries []streams.Entry) error {
	// Read after the entries: an endpoint that was registered before one of them was
	// written is on this list.
	endpoints, err := d.Endpoints.List(ctx)
	if err != nil {
		return err
	}
	var failed error
	for part := range slices.Chunk(entries, perPart) {
		if err := d.dispatchPart(ctx, part, endpoints); err != nil {
			failed = err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return failed
}

func (d *Dispatcher) dispatchPart(ctx context.Context, part []streams.Entry, endpoints []webhook.Stored) error {
	deliveries, err := d.deliveries(ctx, part, endpoints)
	if err != nil {
		return err
	}
	failed := make([]error, len(part)) // by entry
	var mu sync.Mutex
	var starting errgroup.Group
	starting.SetLimit(atOnce)
	for _, one := range deliveries {
		starting.Go(func() error {
			if err := d.begin(ctx, one.Delivery); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed[one.entry] = err
			}
			return nil
		})
	}
	_ = starting.Wait() // each error is kept with its entry
	var done []streams.Entry
	for i, e := range part {
		if failed[i] == nil {
			done = append(done, e)
		}
	}
	if len(done) > 0 {
		failed = append(failed, d.reader.Ack(ctx, done))
	}
	return errors.Join(failed...)
}

// begin starts one delivery. One that Temporal will never accept is dropped: it must not
// hold up all later ones.
func (d *Dispatcher) begin(ctx context.Context, one webhook.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	err := d.Start(ctx, one)
	if errors.Is(err, webhook.ErrNeverTaken) {
		d.Log.ErrorContext(ctx, "a webhook can't be delivered", "webhook_id", one.EndpointID, "event_id", one.Event.ID, "error", err)
		return nil
	}
	if err == nil {
		d.started.WithLabelValues(one.Event.Type).Inc()
	}
	return err
}

// delivery is a delivery of the entry at one position of its part.
type delivery struct {
	webhook.Delivery
	entry int
}

// startWithin bounds one start.
const startWithin = 10 * time.Second

// deliveries returns everything that the entries stand for. What can't be read is logged
// and left out: it can't be read the next time either.
func (d *Dispatcher) deliveries(ctx context.Context, part []streams.Entry, endpoints []webhook.Stored) ([]delivery, error) {
	type wanted struct {
		message
		by    []webhook.Stored
		entry int
	}
	var all []wanted
	var orders []string
	for i, e := range part {
		messages, err := messagesOf(e)
		if err != nil {
			d.Log.WarnContext(ctx, "an event that webhooks may want can't be read", "event_id", e.EventID(), "error", err)
		}
		written := writtenAt(e)
		for _, m := range messages {
			w := wanted{message: m, entry: i}
			for _, endpoint := range endpoints {
				if endpoint.Wants(m.eventType, written) {
					w.by = append(w.by, endpoint)
				}
			}
			if len(w.by) == 0 {
				continue
			}
			all = append(all, w)
			if m.orderID != "" && !slices.Contains(orders, m.orderID) {
				orders = append(orders, m.orderID)
			}
		}
	}
	amounts, err := d.amounts(ctx, orders)
	if err != nil {
		return nil, err
	}
	var deliveries []delivery
	for _, w := range all {
		if data, ok := w.data.(orderData); ok {
			data.Currency, data.Amounts = amounts[w.orderID].Currency, amounts[w.orderID].Amounts
			w.data = data
		}
		event, err := webhook.NewEvent(w.id, w.eventType, w.at, w.data)
		if err != nil {
			return nil, err
		}
		for _, endpoint := range w.by {
			deliveries = append(deliveries, delivery{endpoint.Delivery(event), w.entry})
		}
	}
	return deliveries, nil
}

// writtenAt is when the entry was appended, by the server's clock, like endpoints'
// CreatedAt and EnabledAt.
func writtenAt(e streams.Entry) time.Time {
	ms, _, _ := strings.Cut(e.ID, "-")
	n, _ := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(n)
}

// money is what a message contains of an order's document.
type money struct {
	Currency string           `json:"currency"`
	Amounts  map[string]int64 `json:"amounts"`
	Payment  order.Payment    `json:"payment"`
}

// moneyOf reads an order's document and what went back of its payment.
func moneyOf(s order.Stored) (money, error) {
	var m money
	if err := cmp.Or(s.Err, json.Unmarshal(s.Doc, &m)); err != nil {
		return m, err
	}
	payments, err := order.ReadPayments(s.Payments)
	if err != nil {
		return m, err
	}
	o := order.Order{Amounts: m.Amounts, Payment: m.Payment}
	o.Settle(payments)
	return m, nil
}

// amounts reads the orders' amounts, by their ids. An order that is no longer in Redis, or
// can't be read, is left out.
func (d *Dispatcher) amounts(ctx context.Context, ids []string) (map[string]money, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	stored, err := d.Orders.ReadMany(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read the orders that webhooks are about: %w", err)
	}
	all := make(map[string]money, len(ids))
	for _, s := range stored {
		if m, err := moneyOf(s); err == nil {
			all[s.OrderID] = m
		}
	}
	return all, nil
}
