package dispatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"holdfast/order"
	"holdfast/streams"
	"holdfast/webhook"
)

// The data of an event about money is the public document beside the order that it belongs
// to, as it was when this was published. Revision grows with every change of the order's
// documents, so that a receiver can tell which of two messages is newer.
type paymentData struct {
	order.Attempt
	OrderID  string `json:"orderId"`
	Revision int64  `json:"revision"`
}

type refundData struct {
	order.Refund
	Revision int64 `json:"revision"`
}

type disputeData struct {
	order.Dispute
	Revision int64 `json:"revision"`
}

var paymentTypes = map[order.PaymentEventType]string{
	order.PaymentSucceeded: webhook.PaymentSucceeded, order.PaymentFailed: webhook.PaymentFailed,
	order.PaymentDeclined: webhook.PaymentRefused, order.PaymentEnded: webhook.PaymentCancelled,
}

var refundTypes = map[order.RefundStatus]string{
	order.RefundDue: webhook.RefundDue, order.RefundPending: webhook.RefundPending, order.RefundPaid: webhook.RefundPaid,
	order.RefundFailed: webhook.RefundFailed, order.RefundSettled: webhook.RefundSettled,
	order.RefundCase: webhook.RefundNeedsDecision, order.RefundAssigned: webhook.RefundAssigned,
}

// change is a payment, refund or dispute of an entry, with its previous type or status.
type change struct {
	message
	// order is about the order that the document belongs to.
	order    factData
	was      string
	doc      []byte
	revision int64
}

// ofMoney returns the events of the payments, refunds and disputes that changed. Entries of
// earlier versions name them without their documents.
func (m message) ofMoney(e streams.Entry, version int64) (all []message, err error) {
	revision, _ := strconv.ParseInt(e.Text("rev"), 10, 64)
	about := factData{OrderID: e.Text("id"), Version: version, CustomerID: e.Text("customer")}
	for field := range strings.FieldsSeq(e.Text("payments")) {
		c := change{m, about, e.Text("was:" + field), []byte(e.Text("now:" + field)), revision}
		if len(c.doc) == 0 {
			continue
		}
		var found []message
		var unread error
		switch kind, _, _ := strings.Cut(field, ":"); kind {
		case "payment":
			found, unread = c.ofPayment()
		case "refund":
			found, unread = c.ofRefund()
		case "dispute":
			found, unread = c.ofDispute()
		}
		if unread != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", field, unread))
		}
		all = append(all, found...)
	}
	return all, err
}

// event is one message about a change. what names it among all events.
func (c change) event(eventType string, data any, what ...string) message {
	c.eventType, c.data, c.id = eventType, data, webhook.EventID(append(what, c.order.OrderID, eventType)...)
	return c.message
}

// ofPayment returns an event if the payment reached another type. It reaches each one once,
// but may fail more often.
func (c change) ofPayment() ([]message, error) {
	var p order.Attempt
	if err := json.Unmarshal(c.doc, &p); err != nil {
		return nil, err
	}
	name, known := paymentTypes[p.Type]
	failed := p.Type == order.PaymentFailed
	if !known || (c.was == string(p.Type) && !failed) {
		return nil, nil
	}
	what := []string{"payment", p.Provider, p.PaymentID}
	if failed {
		what = append(what, p.OccurredAt.UTC().Format(time.RFC3339Nano))
	}
	return []message{c.event(name, paymentData{p, c.order.OrderID, c.revision}, what...)}, nil
}

// ofRefund returns an event if the refund reached another status. It reaches each one once
// after each decision of an operator. Its first record raises the alert about a shortfall.
func (c change) ofRefund() (all []message, err error) {
	var r order.Refund
	if err := json.Unmarshal(c.doc, &r); err != nil {
		return nil, err
	}
	if c.was == "" {
		for _, a := range (order.Payments{Refunds: []order.Refund{r}}).Alerts() {
			data := c.order
			data.Rule = string(a.Rule)
			all = append(all, c.event(webhook.OrderAlertRaised, data, "alert", a.ID))
		}
	}
	name, known := refundTypes[r.Status]
	if !known || c.was == string(r.Status) {
		return all, nil
	}
	what := []string{"refund", r.Provider, r.PaymentID, r.ID, r.DueAt.UTC().Format(time.RFC3339Nano)}
	if n := len(r.Decisions); n > 0 {
		what = append(what, r.Decisions[n-1].At.UTC().Format(time.RFC3339Nano))
	}
	return append(all, c.event(name, refundData{r.Public(), c.revision}, what...)), nil
}

// ofDispute returns events about the provider's messages on a dispute. An operator's
// dismissal is not an event: news clears it.
func (c change) ofDispute() (all []message, err error) {
	var d order.Dispute
	if err := json.Unmarshal(c.doc, &d); err != nil {
		return nil, err
	}
	data, what := disputeData{d.Public(), c.revision}, []string{"dispute", d.Provider, d.ID}
	closed := d.Status == order.DisputeWon || d.Status == order.DisputeLost
	if c.was == "" {
		all = append(all, c.event(webhook.PaymentDisputed, data, what...))
	}
	switch {
	case closed && c.was != string(d.Status):
		all = append(all, c.event(webhook.PaymentDisputeClosed, data, append(what, string(d.Status), d.OccurredAt.UTC().Format(time.RFC3339Nano))...))
	case c.was != "" && d.DismissedAt.IsZero():
		all = append(all, c.event(webhook.PaymentDisputeUpdated, data, append(what, string(d.Status), string(d.Funds),
			d.OccurredAt.UTC().Format(time.RFC3339Nano), d.FundsAt.UTC().Format(time.RFC3339Nano))...))
	}
	return all, nil
}
