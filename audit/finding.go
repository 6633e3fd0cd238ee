package audit

import (
	"cmp"
	"fmt"
	"strings"
)

// Kind is what does not add up. The list is open.
type Kind string

const (
	// KindLedgerDiffers: onHand is not adjusted - committed + restocked.
	KindLedgerDiffers Kind = "ledger_differs"
	// KindStockImpossible: held is below zero or above onHand.
	KindStockImpossible Kind = "stock_impossible"
	// KindHeldDiffers: held is not the sum of the product's live holds.
	KindHeldDiffers Kind = "held_differs"
	// KindCustomerUnitsDiffer: what a customer's unpaid orders hold of a product, as the limit
	// counts it, is not the sum of their live holds.
	KindCustomerUnitsDiffer Kind = "customer_units_differ"
	// KindSoldDiffers: committed - restocked is not the sum of the paid orders' lines.
	KindSoldDiffers Kind = "sold_differs"
	// KindProductMissing: holds or sales of a product that is not there.
	KindProductMissing Kind = "product_missing"
	// KindUnreadable: a product or a hold that is not stored as it should be.
	KindUnreadable Kind = "unreadable"
	// KindHoldNotListed: a live hold that a list of holds lacks, so that neither a
	// delisting nor the sweeper would find it.
	KindHoldNotListed Kind = "hold_not_listed"
	// KindListedWithoutHold: an entry of a list of holds, and no live hold.
	KindListedWithoutHold Kind = "listed_without_hold"

	// KindHoldOfClosedOrder: units that nobody will pay or give back any more.
	KindHoldOfClosedOrder Kind = "hold_of_closed_order"
	// KindHoldOfUnknownOrder: a live hold of an order that nobody knows.
	KindHoldOfUnknownOrder Kind = "hold_of_unknown_order"
	// KindPaidNotCommitted: an order took a payment, and a product didn't sell to it.
	KindPaidNotCommitted Kind = "paid_not_committed"
	// KindSaleExpires: Redis is to forget what an open order bought, so that its units could
	// not come back.
	KindSaleExpires Kind = "sale_expires"
	// KindSaleStays: Redis would remember for ever what a closed order bought.
	KindSaleStays Kind = "sale_stays"
	// KindNotReturned: a paid order was cancelled, and its units are not back.
	KindNotReturned Kind = "not_returned"
	// KindSoldUnpaid: units sold to an order that took no payment.
	KindSoldUnpaid Kind = "sold_unpaid"
	// KindOrderNotHeld: an order waits for its payment without its units.
	KindOrderNotHeld Kind = "order_not_held"
	// KindUnitsDiffer: a hold has other units than its order's lines.
	KindUnitsDiffer Kind = "units_differ"

	// KindDocumentMissing, KindDocumentOld, KindDocumentAhead, KindDocumentDiffers: the order's
	// document against what its workflow recorded.
	KindDocumentMissing Kind = "document_missing"
	KindDocumentOld     Kind = "document_old"
	KindDocumentAhead   Kind = "document_ahead"
	KindDocumentDiffers Kind = "document_differs"
	// KindDocumentUnreadable: it is no order.
	KindDocumentUnreadable Kind = "document_unreadable"

	// KindPaymentMissing, KindPaymentDiffers: an order's payment on the payments document
	// against what the order's workflow recorded.
	KindPaymentMissing Kind = "payment_missing"
	KindPaymentDiffers Kind = "payment_differs"
	// KindPaymentTakenTwice: two orders took one payment of a provider.
	KindPaymentTakenTwice Kind = "payment_taken_twice"
	// KindRefundMissing, KindRefundDiffers: the same of a refund that is owed, and its
	// own workflow.
	KindRefundMissing Kind = "refund_missing"
	KindRefundDiffers Kind = "refund_differs"

	// KindDisputeMissing, KindDisputeDiffers: the same of a dispute.
	KindDisputeMissing Kind = "dispute_missing"
	KindDisputeDiffers Kind = "dispute_differs"

	// KindWorkflowStuck: a workflow can't go on, nor answer; its page in the web UI
	// says why.
	KindWorkflowStuck Kind = "workflow_stuck"
	// KindOrdersUnseen: orders have left Redis, and the view that has them was not given.
	KindOrdersUnseen Kind = "orders_unseen"
	// KindRedisNotDurable: Redis may lose what it acknowledges, by its own settings.
	KindRedisNotDurable Kind = "redis_not_durable"
	// KindOrderUnknown: a document of an open order that no workflow looks after.
	KindOrderUnknown Kind = "order_unknown"
)

// Finding is one thing that does not add up.
type Finding struct {
	Kind      Kind   `json:"kind"`
	ProductID string `json:"productId,omitempty"`
	SKU       string `json:"sku,omitempty"`
	OrderID   string `json:"orderId,omitempty"`
	// CustomerID of KindCustomerUnitsDiffer.
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
