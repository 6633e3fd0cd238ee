package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/streams"
	"holdfast/webhook"
)

const (
	// atOnce is how many deliveries are being started: few, orders come first.
	atOnce = 8
	// perPart is how many entries are acknowledged together: with fewer, a crash repeats
	// less, and fewer documents of orders are in memory.
	perPart = 100
)

// dispatch goes over the entries part by part, acknowledging each once all of its
// deliveries are started.
func (d *Dispatcher) dispatch(ctx context.Context, entries []streams.Entry) error {
	// Read after the entries were: an endpoint that was registered before one of them was
	// written is on this list.
	endpoints, err := d.Endpoints.List(ctx)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(entries, perPart) {
		if err := d.dispatchPart(ctx, part, endpoints); err != nil {
			return err
		}
	}
	return nil
}

func (d *Dispatcher) dispatchPart(ctx context.Context, part []streams.Entry, endpoints []webhook.Stored) error {
	deliveries, err := d.deliveries(ctx, part, endpoints)
	if err != nil {
		return err
	}
	starting, within := errgroup.WithContext(ctx)
	starting.SetLimit(atOnce)
	for _, one := range deliveries {
		starting.Go(func() error {
			within, cancel := context.WithTimeout(within, startWithin)
			defer cancel()
			return d.Start(within, one)
		})
	}
	if err := starting.Wait(); err != nil {
		return err
	}
	for _, one := range deliveries {
		d.started.WithLabelValues(one.Event.Type).Inc()
	}
	return d.reader.Ack(ctx, part)
}

// startWithin bounds one start.
const startWithin = 10 * time.Second

// deliveries are all that the entries stand for. What can't be read is told in the log
// and left out: it can't be read the next time either.
func (d *Dispatcher) deliveries(ctx context.Context, part []streams.Entry, endpoints []webhook.Stored) ([]webhook.Delivery, error) {
	type wanted struct {
		message
		by []webhook.Stored
	}
	var all []wanted
	var orders []string
	for _, e := range part {
		messages, err := messagesOf(e)
		if err != nil {
			d.Log.WarnContext(ctx, "webhooks can't be told of an entry", "event_id", e.EventID(), "error", err)
			continue
		}
		written := writtenAt(e)
		for _, m := range messages {
			w := wanted{message: m}
			for _, endpoint := range endpoints {
				if endpoint.Wants(m.eventType) && !written.Before(endpoint.CreatedAt) {
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
	var deliveries []webhook.Delivery
	for _, w := range all {
		if data, ok := w.data.(orderData); ok {
			data.Currency, data.Amounts = amounts[w.orderID].Currency, amounts[w.orderID].Amounts
			w.data = data
		}
		event, err := w.event()
		if err != nil {
			return nil, err
		}
		for _, endpoint := range w.by {
			deliveries = append(deliveries, webhook.Delivery{EndpointID: endpoint.ID, Host: hostOf(endpoint.URL), Event: event})
		}
	}
	return deliveries, nil
}

// writtenAt is when the entry was appended, by the server's clock: what endpoints'
// CreatedAt is of, too.
func writtenAt(e streams.Entry) time.Time {
	ms, _, _ := strings.Cut(e.ID, "-")
	n, _ := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(n)
}

func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "" // it was checked when it was registered
	}
	return u.Host
}

// money is what is told of an order's document.
type money struct {
	Currency string          `json:"currency"`
	Amounts  json.RawMessage `json:"amounts"`
}

// amounts reads what the orders come to, by their ids. One that Redis has no longer, or
// that can't be read, is told of without.
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
		var m money
		if s.Err == nil && json.Unmarshal(s.Doc, &m) == nil {
			all[s.OrderID] = m
		}
	}
	return all, nil
}
