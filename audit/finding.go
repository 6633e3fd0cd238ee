package audit

import (
	"cmp"
	"fmt"
	"strings"
)

// Kind is what does not add up. The list is open.
type Kind string

const (
	// LedgerDiffers: onHand is not adjusted - committed + restocked.
	LedgerDiffers Kind = "ledger_differs"
	// StockImpossible: held is below zero or above onHand.
	StockImpossible Kind = "stock_impossible"
	// HeldDiffers: held is not the sum of the product's live holds.
	HeldDiffers Kind = "held_differs"
	// CustomerUnitsDiffer: what a customer's unpaid orders hold of a product, as the limit
	// counts it, is not the sum of their live holds.
	CustomerUnitsDiffer Kind = "customer_units_differ"
	// SoldDiffers: committed - restocked is not the sum of the paid orders' lines.
	SoldDiffers Kind = "sold_differs"
	// ProductMissing: holds or sales of a product that is not there.
	ProductMissing Kind = "product_missing"
	// Unreadable: a product or a hold that is not stored as it should be.
	Unreadable Kind = "unreadable"
	// HoldNotListed: a live hold that a list of holds lacks, so that neither a
	// delisting nor the sweeper would find it.
	HoldNotListed Kind = "hold_not_listed"
	// ListedWithoutHold: an entry of a list of holds, and no live hold.
	ListedWithoutHold Kind = "listed_without_hold"

	// HoldOfClosedOrder: units that nobody will pay or give back any more.
	HoldOfClosedOrder Kind = "hold_of_closed_order"
	// HoldOfUnknownOrder: a live hold of an order that nobody knows.
	HoldOfUnknownOrder Kind = "hold_of_unknown_order"
	// PaidNotCommitted: an order took a payment, and a product didn't sell to it.
	PaidNotCommitted Kind = "paid_not_committed"
	// SaleExpires: Redis is to forget what an open order bought, so that its units could
	// not come back.
	SaleExpires Kind = "sale_expires"
	// SaleStays: Redis would remember for ever what a closed order bought.
	SaleStays Kind = "sale_stays"
	// NotReturned: a paid order was cancelled, and its units are not back.
	NotReturned Kind = "not_returned"
	// SoldUnpaid: units sold to an order that took no payment.
	SoldUnpaid Kind = "sold_unpaid"
	// OrderNotHeld: an order waits for its payment without its units.
	OrderNotHeld Kind = "order_not_held"
	// UnitsDiffer: a hold has other units than its order's lines.
	UnitsDiffer Kind = "units_differ"

	// DocumentMissing, DocumentOld, DocumentAhead, DocumentDiffers: the order's
	// document against what its workflow recorded.
	DocumentMissing Kind = "document_missing"
	DocumentOld     Kind = "document_old"
	DocumentAhead   Kind = "document_ahead"
	DocumentDiffers Kind = "document_differs"
	// DocumentUnreadable: it is no order.
	DocumentUnreadable Kind = "document_unreadable"

	// PaymentMissing, PaymentDiffers: an order's payment on the payments document
	// against what the order's workflow recorded.
	PaymentMissing Kind = "payment_missing"
	PaymentDiffers Kind = "payment_differs"
	// PaymentTakenTwice: two orders took one payment of a provider.
	PaymentTakenTwice Kind = "payment_taken_twice"
	// RefundMissing, RefundDiffers: the same of a refund that is owed, and its
	// own workflow.
	RefundMissing Kind = "refund_missing"
	RefundDiffers Kind = "refund_differs"

	// DisputeMissing, DisputeDiffers: the same of a dispute.
	DisputeMissing Kind = "dispute_missing"
	DisputeDiffers Kind = "dispute_differs"

	// WorkflowStuck: a workflow can't go on, nor answer; its page in the web UI
	// says why.
	WorkflowStuck Kind = "workflow_stuck"
	// OrdersUnseen: orders have left Redis, and the view that has them was not given.
	OrdersUnseen Kind = "orders_unseen"
	// RedisNotDurable: Redis may lose what it acknowledges, by its own settings.
	RedisNotDurable Kind = "redis_not_durable"
	// OrderUnknown: a document of an open order that no workflow looks after.
	OrderUnknown Kind = "order_unknown"
)

// Finding is one thing that does not add up.
type Finding struct {
	Kind      Kind   `json:"kind"`
	ProductID string `json:"productId,omitempty"`
	SKU       string `json:"sku,omitempty"`
	OrderID   string `json:"orderId,omitempty"`
	// CustomerID of CustomerUnitsDiffer.
	CustomerID string `json:"customerId,omitempty"`
	PaymentID  string `json:"paymentId,omitempty"`
	RefundID   string `json:"refundId,omitempty"`
	// Provider and DisputeID of findings about disputes.
	Provider  string `json:"provider,omitempty"`
	DisputeID string `json:"disputeId,omitempty"`
	// Units by which it is off, where it is about units.
	Units int64 `json:"units,omitempty"`
	// Detail is for a person.
	Detail string `json:"detail"`
}

// key tells findings apart. Units and detail may move from look to look.
type key struct {
	kind                                                    Kind
	product, sku, order, payment, refund, customer, dispute string
}

func (f Finding) key() key {
	return key{f.Kind, f.ProductID, f.SKU, f.OrderID, f.PaymentID, f.RefundID, f.CustomerID, f.Provider + "/" + f.DisputeID}
}

func (f Finding) compare(g Finding) int {
	return cmp.Or(cmp.Compare(f.ProductID, g.ProductID), cmp.Compare(f.SKU, g.SKU),
		cmp.Compare(f.OrderID, g.OrderID), cmp.Compare(f.Kind, g.Kind),
		cmp.Compare(f.PaymentID, g.PaymentID), cmp.Compare(f.RefundID, g.RefundID), cmp.Compare(f.CustomerID, g.CustomerID),
		cmp.Compare(f.Provider, g.Provider), cmp.Compare(f.DisputeID, g.DisputeID))
}

// String tells the finding in one line.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(string(f.Kind))
	for _, part := range [][2]string{
		{"product", f.ProductID},
		{"sku", f.SKU},
		{"order", f.OrderID},
		{"customer", f.CustomerID},
		{"payment", f.PaymentID},
		{"refund", f.RefundID},
		{"provider", f.Provider},
		{"dispute", f.DisputeID},
	} {
		if part[1] != "" {
			fmt.Fprintf(&b, " %s %s", part[0], part[1])
		}
	}
	fmt.Fprintf(&b, ": %s", f.Detail)
	return b.String()
}
