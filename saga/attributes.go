package saga

import (
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
)

// Memos and search attributes.
const (
	// FingerprintMemo stores the fingerprint of the request's body.
	FingerprintMemo = "fingerprint"
	// RefundMemo stores a refund as it was requested, for lists of refunds.
	RefundMemo = "refund"
	// DisputeMemo stores the current state of a dispute, for lists of disputes.
	DisputeMemo = "dispute"
	// MaxProductIDsBytes keeps ProductIds below Temporal's 2 KB per value: an order lists
	// as many of its products as fit.
	MaxProductIDsBytes = 1500
)

// StatusOpen is OrderStatus until the order is paid or closed.
const StatusOpen = "open"

// ListedStatus returns the OrderStatus of an order. What happens between an order's payment and its
// delivery is not worth an event of its own.
func ListedStatus(s order.Status) string {
	switch {
	case s.Unpaid():
		return StatusOpen
	case s.TookPayment() && s != order.StatusDelivered:
		return string(order.StatusPaid)
	}
	return string(s)
}

// The search attributes; `holdfast setup` registers them.
var (
	OrderStatus = temporal.NewSearchAttributeKeyKeyword("OrderStatus")
	CustomerID  = temporal.NewSearchAttributeKeyKeyword("CustomerId")
	ProductIDs  = temporal.NewSearchAttributeKeyKeywordList("ProductIds")
)

// WaitingOrders lists running workflows whose order is neither paid nor closed.
const WaitingOrders = "WorkflowType = '" + OrderType + "' AND ExecutionStatus = 'Running' AND OrderStatus = '" + StatusOpen + "'"

// EndedOrders lists workflows that were terminated before the order was paid or closed. A
// new workflow of the same order may be running.
const EndedOrders = "WorkflowType = '" + OrderType +
	"' AND ExecutionStatus IN ('Terminated', 'Failed', 'Canceled', 'TimedOut') AND OrderStatus = '" + StatusOpen + "'"

// StartAttributes are the search attributes that an order starts with.
func StartAttributes(p order.Placement) temporal.SearchAttributes {
	var ids []string
	size := 0
	seen := make(map[string]bool, len(p.Lines))
	for _, l := range p.Lines {
		if seen[l.ProductID] {
			continue
		}
		if size += len(l.ProductID) + len(`"",`); size > MaxProductIDsBytes {
			break
		}
		seen[l.ProductID] = true
		ids = append(ids, l.ProductID)
	}
	return temporal.NewSearchAttributes(
		OrderStatus.ValueSet(StatusOpen), CustomerID.ValueSet(p.CustomerID), ProductIDs.ValueSet(ids))
}

// RefundStatus lets operators list refunds by status; `holdfast setup` registers it.
var RefundStatus = temporal.NewSearchAttributeKeyKeyword("RefundStatus")
