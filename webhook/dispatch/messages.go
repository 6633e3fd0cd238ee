// Package dispatch finds the changes on the buckets' streams that merchants' endpoints
// want, and has each message delivered once per event and endpoint.
package dispatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"holdfast/order"
	"holdfast/product"
	"holdfast/streams"
	"holdfast/webhook"
)

// shape is the format version of entries that this program reads.
const shape = "1"

// orderTypes are the events of orders, by the status that the order has reached.
var orderTypes = map[order.Status]string{
	order.StatusAwaitingPayment: webhook.OrderPlaced, order.StatusPaid: webhook.OrderPaid, order.StatusExpired: webhook.OrderExpired,
	order.StatusCancelled: webhook.OrderCancelled, order.StatusRejected: webhook.OrderRejected, order.StatusDelivered: webhook.OrderDelivered,
}

// message is an event that no endpoint has been matched with yet.
type message struct {
	id, eventType string
	at            time.Time
	data          any
	// orderID of an order's event, whose amounts are still to be read.
	orderID string
}

// orderData is what a message contains about an order: enough to know what it is about. The
// rest is available by REST.
type orderData struct {
	OrderID    string `json:"orderId"`
	Status     string `json:"status"`
	Version    int64  `json:"version"`
	CustomerID string `json:"customerId,omitempty"`
	// Amounts are in minor units of the currency; they are missing for an order that is no
	// longer in Redis.
	Amounts  map[string]int64 `json:"amounts,omitempty"`
	Currency string           `json:"currency,omitempty"`
}

type productData struct {
	ProductID string `json:"productId"`
	Status    string `json:"status"`
	Version   int64  `json:"version"`
}

type stockData struct {
	ProductID string     `json:"productId"`
	Version   int64      `json:"version"`
	OrderID   string     `json:"orderId,omitempty"`
	Reason    string     `json:"reason"`
	Stock     []skuStock `json:"stock"`
}

type skuStock struct {
	SKU       string `json:"sku"`
	OnHand    int64  `json:"onHand"`
	Held      int64  `json:"held"`
	Available int64  `json:"available"`
}

// messagesOf returns the events that an entry stands for, and an error if some of it can't
// be read. What this version doesn't know is left out.
func messagesOf(e streams.Entry) ([]message, error) {
	if len(e.Values) == 0 { // trimmed
		return nil, nil
	}
	kind := e.Text("entity")
	if kind != "order" && kind != "product" {
		return nil, nil
	}
	if e.Text("v") != shape {
		return nil, fmt.Errorf("it has shape %q, this version reads %q", e.Text("v"), shape)
	}
	if !product.ValidID(e.Text("id")) {
		return nil, fmt.Errorf("%q is not a valid id", e.Text("id"))
	}
	version, err := strconv.ParseInt(e.Text("version"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("its version: %w", err)
	}
	at, err := strconv.ParseInt(e.Text("at"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("its time: %w", err)
	}
	m := message{id: e.EventID(), at: time.UnixMilli(at).UTC()}
	if kind == "product" {
		return m.ofProduct(e, version)
	}
	orders, unread := m.ofOrder(e, version)
	money, err := m.ofMoney(e, version)
	return append(orders, money...), errors.Join(unread, err)
}

// ofOrder returns the events of the order itself.
func (m message) ofOrder(e streams.Entry, version int64) ([]message, error) {
	if _, told := e.Values["facts"]; told && e.Text("type") == "order.changed" {
		return m.ofFacts(e, version)
	}
	return m.byStatus(e, version), nil
}

// byStatus returns an event if the order reached another status, for orders of before there
// were facts. A placement reaches each status once, which names the event; entries of earlier
// versions don't say which placement it is.
func (m message) byStatus(e streams.Entry, version int64) []message {
	status := e.Text("status")
	name, known := orderTypes[order.Status(status)]
	if was, told := e.Values["was"]; !known || e.Text("type") != "order.changed" || (told && was == status) {
		return nil
	}
	m.eventType, m.orderID = name, e.Text("id")
	if placed := e.Text("placed"); placed != "" && placed != "0" {
		m.id = webhook.EventID("order", m.orderID, placed, status)
	}
	m.data = orderData{OrderID: m.orderID, Status: status, Version: version, CustomerID: e.Text("customer")}
	return []message{m}
}

func (m message) ofProduct(e streams.Entry, version int64) ([]message, error) {
	var all []message
	kind, status := e.Text("type"), e.Text("status")
	if kind == "product.listed" || kind == "product.delisted" || (kind == "product.created" && status == "listed") {
		listed := m
		listed.eventType = webhook.ProductListed
		switch kind {
		case "product.delisted":
			listed.eventType = webhook.ProductDelisted
		case "product.created": // the entry is its stock's event as well
			listed.id += "-listed"
		}
		listed.data = productData{ProductID: e.Text("id"), Status: status, Version: version}
		all = append(all, listed)
	}
	if text := e.Text("stock"); text != "" && text != "[]" {
		m.eventType = webhook.StockChanged
		data := stockData{ProductID: e.Text("id"), Version: version, OrderID: e.Text("order"), Reason: kind}
		if err := json.Unmarshal([]byte(text), &data.Stock); err != nil {
			return nil, fmt.Errorf("its stock: %w", err)
		}
		for i, s := range data.Stock {
			data.Stock[i].Available = s.OnHand - s.Held
		}
		m.data = data
		all = append(all, m)
	}
	return all, nil
}
