package dispatch

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"holdfast/order"
	"holdfast/streams"
	"holdfast/webhook"
)

// factData is what a message contains about a fact: which order, package or return it is
// about, and nothing that only staff may see.
type factData struct {
	OrderID    string `json:"orderId"`
	Version    int64  `json:"version"`
	CustomerID string `json:"customerId,omitempty"`
	PackageID  string `json:"packageId,omitempty"`
	// Node of a fact about one.
	Node string `json:"node,omitempty"`
	// Rule of an alert.
	Rule string `json:"rule,omitempty"`
	// ReturnID and Status of a return.
	ReturnID   string    `json:"returnId,omitempty"`
	Status     string    `json:"status,omitempty"`
	OccurredAt time.Time `json:"occurredAt,omitzero"`
	Implied    bool      `json:"implied,omitempty"`
	Late       bool      `json:"late,omitempty"`
}

var factTypes = map[order.FactKind]string{
	order.FactNode: webhook.OrderNodeReached, order.FactStruck: webhook.OrderNodeStruck, order.FactAlert: webhook.OrderAlertRaised,
	order.FactAddress: webhook.OrderAddressChanged, order.FactReturn: webhook.OrderReturnChanged, order.FactUnits: webhook.OrderUnitsCancelled,
	order.FactClosed: webhook.OrderClosed,
}

// ofFacts returns the events of what became true of an order with an entry. Its status says
// less: one record may pass several nodes.
func (m message) ofFacts(e streams.Entry, version int64) (all []message, err error) {
	var facts []order.Fact
	if err := json.Unmarshal([]byte(e.Text("facts")), &facts); err != nil {
		return nil, fmt.Errorf("its facts: %w", err)
	}
	for _, f := range facts {
		if f.ID == "" {
			return all, fmt.Errorf("its facts: %s has no id", f)
		}
		all = append(all, m.ofStatus(e, version, f)...)
		name, known := factTypes[f.Kind]
		if before := f.Name == order.NodeAwaitingPayment.String() || f.Name == order.NodePaid.String(); !known || (f.Kind == order.FactNode && before) {
			continue
		}
		one := m
		one.eventType, one.id = name, "evt_"+f.ID
		one.data = dataOf(f, factData{OrderID: e.Text("id"), Version: version, CustomerID: e.Text("customer")})
		all = append(all, one)
	}
	return all, nil
}

// ofStatus returns the event of a status that the order as a whole reached. A node that was
// struck and is reached again is another event.
func (m message) ofStatus(e streams.Entry, version int64, f order.Fact) []message {
	name, known := orderTypes[order.Status(f.Name)]
	if !known || f.PackageID != "" || (f.Kind != order.FactNode && f.Kind != order.FactOutcome) {
		return nil
	}
	m.eventType, m.orderID = name, e.Text("id")
	what := []string{"order", m.orderID, e.Text("placed"), f.Name}
	if f.Again > 0 {
		what = append(what, strconv.Itoa(f.Again))
	}
	m.id = webhook.EventID(what...)
	m.data = orderData{OrderID: m.orderID, Status: f.Name, Version: version, CustomerID: e.Text("customer")}
	return []message{m}
}

func dataOf(f order.Fact, data factData) factData {
	data.OccurredAt = f.OccurredAt
	switch f.Kind {
	case order.FactNode, order.FactStruck:
		data.Node, data.PackageID, data.Implied, data.Late = f.Name, f.PackageID, f.Implied, f.Late
	case order.FactAlert:
		data.Rule, data.PackageID = f.Name, f.PackageID
	case order.FactReturn:
		data.ReturnID, data.Status = f.ReturnID, f.Name
	case order.FactOutcome, order.FactAddress, order.FactUnits, order.FactClosed: // the reason is for staff
	}
	return data
}
