package webhook

import "strings"

// Types of events. More will come.
const (
	OrderPlaced     = "order.placed"
	OrderPaid       = "order.paid"
	OrderExpired    = "order.expired"
	OrderCancelled  = "order.cancelled"
	OrderRejected   = "order.rejected"
	OrderDelivered  = "order.delivered"
	StockChanged    = "stock.changed"
	ProductListed   = "product.listed"
	ProductDelisted = "product.delisted"
)

// Types lists all of them.
func Types() []string {
	return []string{
		OrderPlaced, OrderPaid, OrderExpired, OrderCancelled, OrderRejected, OrderDelivered,
		StockChanged, ProductListed, ProductDelisted,
	}
}

// Matches tells whether a type is among what was asked for: types, groups of them such
// as order.*, or nothing, which is everything.
func Matches(wanted []string, eventType string) bool {
	if len(wanted) == 0 {
		return true
	}
	for _, w := range wanted {
		group, all := strings.CutSuffix(w, "*")
		if w == eventType || (all && strings.HasPrefix(eventType, group)) {
			return true
		}
	}
	return false
}

// Known tells whether there are events of this name or group.
func Known(wanted string) bool {
	if group, all := strings.CutSuffix(wanted, "*"); all && !strings.HasSuffix(group, ".") {
		return false // "*" alone is written as no events at all
	}
	for _, t := range Types() {
		if Matches([]string{wanted}, t) {
			return true
		}
	}
	return false
}
