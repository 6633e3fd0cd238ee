package audit

import (
	"cmp"
	"fmt"
	"strings"
)

// Kind is what does not add up. The list is open.
type Kind string

const (
	// KindLedgerDiffers means that onHand is not adjusted - committed + restocked.
	KindLedgerDiffers Kind = "ledger_differs"
	// KindStockImpossible means that held is below zero or above onHand.
	KindStockImpossible Kind = "stock_impossible"
	// KindHeldDiffers means that held is not the sum of the product's live holds.
	KindHeldDiffers Kind = "held_differs"
	// KindCustomerUnitsDiffer means that the units counted towards a customer's limit are
	// not the sum of the live holds of their unpaid orders.
	KindCustomerUnitsDiffer Kind = "customer_units_differ"
	// KindSoldDiffers means that committed - restocked is not the sum of the paid orders'
	// lines, without what they say came back.
	KindSoldDiffers Kind = "sold_differs"
	// KindProductMissing means that there are holds or sales of a product that doesn't
	// exist.
	KindProductMissing Kind = "product_missing"
	// KindUnreadable is a product or a hold that is not stored correctly.
	KindUnreadable Kind = "unreadable"
	// KindHoldNotListed is a live hold that is missing from a list of holds, so that a
	// delisting or the sweeper would not find it.
	KindHoldNotListed Kind = "hold_not_listed"
	// KindListedWithoutHold is an entry in a list of holds without a live hold.
	KindListedWithoutHold Kind = "listed_without_hold"

	// KindHoldOfClosedOrder is a hold of a closed order, which will neither buy nor release
	// the units.
	KindHoldOfClosedOrder Kind = "hold_of_closed_order"
	// KindHoldOfUnknownOrder is a live hold of an unknown order.
	KindHoldOfUnknownOrder Kind = "hold_of_unknown_order"
	// KindPaidNotCommitted means that an order took a payment, but a product wasn't sold to
	// it.
	KindPaidNotCommitted Kind = "paid_not_committed"
	// KindSaleExpires means that Redis will forget what an open order bought, so its units
	// could not come back.
	KindSaleExpires Kind = "sale_expires"
	// KindSaleStays means that Redis would store forever what a closed order bought.
	KindSaleStays Kind = "sale_stays"
	// KindNotReturned means that a paid order was cancelled, but its units are not back.
	KindNotReturned Kind = "not_returned"
	// KindReturnedDiffers means that other units of an order are back in stock than its lines
	// say.
	KindReturnedDiffers Kind = "returned_differs"
	// KindSoldUnpaid means that units were sold to an order that took no payment.
	KindSoldUnpaid Kind = "sold_unpaid"
	// KindOrderNotHeld means that an order awaits its payment without its units.
	KindOrderNotHeld Kind = "order_not_held"
	// KindUnitsDiffer means that a hold has other units than its order's lines.
	KindUnitsDiffer Kind = "units_differ"

	// KindDocumentMissing, KindDocumentOld, KindDocumentAhead and KindDocumentDiffers
	// compare the order's document with what its workflow recorded.
	KindDocumentMissing Kind = "document_missing"
	KindDocumentOld     Kind = "document_old"
	KindDocumentAhead   Kind = "document_ahead"
	KindDocumentDiffers Kind = "document_differs"
	// KindDocumentUnreadable means that it can't be parsed as an order.
	KindDocumentUnreadable Kind = "document_unreadable"

	// KindPackageMissing, KindPackageDiffers and KindPackageUnknown compare the packages,
	// which are stored beside the order's document, with the workflow's.
	KindPackageMissing Kind = "package_missing"
	KindPackageDiffers Kind = "package_differs"
	KindPackageUnknown Kind = "package_unknown"
	// KindFactsDiffer means that the list of published facts isn't that of the order's
	// facts.
	KindFactsDiffer Kind = "facts_differ"
	// KindQuantitiesDiffer means that the units of an order's lines don't add up.
	KindQuantitiesDiffer Kind = "quantities_differ"
	// KindAmountsDiffer means that more was refunded for parts of an order than was paid.
	KindAmountsDiffer Kind = "amounts_differ"

	// KindPriceDiffers means that what an order costs doesn't follow from its lines and from the
	// reasons that it gives, KindBookMissing that the version of the price book that it names
	// doesn't exist.
	KindPriceDiffers Kind = "price_differs"
	KindBookMissing  Kind = "price_book_missing"

	// KindCouponDiffers means that a coupon's counters don't add up, or are not those of its claims,
	// KindCustomerUsesDiffer the same for what it counts of one customer, and KindCouponMissing
	// that orders claimed or used a coupon that doesn't exist.
	KindCouponDiffers      Kind = "coupon_differs"
	KindCustomerUsesDiffer Kind = "customer_uses_differ"
	KindCouponMissing      Kind = "coupon_missing"
	// KindClaimNotListed is a held claim that the sweeper would not find, KindListedWithoutClaim an
	// entry of its list without a held claim.
	KindClaimNotListed     Kind = "claim_not_listed"
	KindListedWithoutClaim Kind = "listed_without_claim"
	// KindClaimOfClosedOrder is a held claim of an order that will neither use the coupon nor give
	// the use back, KindClaimOfUnknownOrder a live claim of an unknown order.
	KindClaimOfClosedOrder  Kind = "claim_of_closed_order"
	KindClaimOfUnknownOrder Kind = "claim_of_unknown_order"
	// KindOrderNotClaimed means that an order awaits its payment without its use of a coupon.
	KindOrderNotClaimed Kind = "order_not_claimed"
	// KindCouponNotUsed means that an order took a payment, but has not used its coupon.
	KindCouponNotUsed Kind = "coupon_not_used"
	// KindUseNotReturned means that an order closed as cancelled, expired or rejected, but its use
	// of a coupon is not back.
	KindUseNotReturned Kind = "use_not_returned"
	// KindUsedUnpaid means that an order used a coupon without a payment.
	KindUsedUnpaid Kind = "used_unpaid"
	// KindUseStays means that Redis would store the claim of a closed order forever.
	KindUseStays Kind = "use_stays"
	// KindClaimDiffers means that a claim is of another coupon, other terms, another amount or
	// another customer than its order.
	KindClaimDiffers Kind = "claim_differs"
	// KindErasedDataPresent means that an order's person was erased, but its document has them, and
	// KindErasedMarkMissing that an erased order has no mark, which late writes obey. Redis was restored from an
	// older copy.
	KindErasedDataPresent Kind = "erased_data_present"
	KindErasedMarkMissing Kind = "erased_mark_missing"

	// KindNumberUnowned means that a package of an open order doesn't own its tracking
	// number: scans of it would not reach the order.
	KindNumberUnowned Kind = "number_unowned"

	// KindPaymentMissing and KindPaymentDiffers compare a payment in the payments document
	// with what the order's workflow recorded.
	KindPaymentMissing Kind = "payment_missing"
	KindPaymentDiffers Kind = "payment_differs"
	// KindPaymentTakenTwice means that two orders took one payment of a provider.
	KindPaymentTakenTwice Kind = "payment_taken_twice"
	// KindRefundMissing and KindRefundDiffers do the same for a refund that is owed, and
	// its own workflow.
	KindRefundMissing Kind = "refund_missing"
	KindRefundDiffers Kind = "refund_differs"

	// KindPartRefundDiffers means that the refund of an order's cancelled or returned units is
	// not recorded, or with another amount than the order says.
	KindPartRefundDiffers Kind = "part_refund_differs"

	// KindDisputeMissing and KindDisputeDiffers do the same for a dispute.
	KindDisputeMissing Kind = "dispute_missing"
	KindDisputeDiffers Kind = "dispute_differs"

	// KindWorkflowStuck means that a workflow can neither continue nor answer; its page in
	// the web UI says why.
	KindWorkflowStuck Kind = "workflow_stuck"
	// KindOrdersUnseen means that orders have left Redis, and the view that has them was
	// not given.
	KindOrdersUnseen Kind = "orders_unseen"
	// KindRedisNotDurable means that Redis may lose acknowledged writes, by its own
	// settings.
	KindRedisNotDurable Kind = "redis_not_durable"
	// KindOrderUnknown is the document of an open order that has no workflow.
	KindOrderUnknown Kind = "order_unknown"
)

// Finding is one thing that does not add up.
type Finding struct {
	Kind      Kind   `json:"kind"`
	ProductID string `json:"productId,omitempty"`
	SKU       string `json:"sku,omitempty"`
	OrderID   string `json:"orderId,omitempty"`
	// CouponCode of a finding about a coupon.
	CouponCode string `json:"couponCode,omitempty"`
	// CustomerID of KindCustomerUnitsDiffer and KindCustomerUsesDiffer.
	CustomerID string `json:"customerId,omitempty"`
	// PackageID of a finding about one package.
	PackageID string `json:"packageId,omitempty"`
	PaymentID string `json:"paymentId,omitempty"`
	RefundID  string `json:"refundId,omitempty"`
	// Provider and DisputeID of findings about disputes.
	Provider  string `json:"provider,omitempty"`
	DisputeID string `json:"disputeId,omitempty"`
	// Units is the difference, if the finding is about units of stock or uses of a coupon.
	Units int64 `json:"units,omitempty"`
	// Detail is for people.
	Detail string `json:"detail"`
}

// key identifies a finding. Units and detail may change between checks.
type key struct {
	kind                                                                    Kind
	product, sku, order, parcel, payment, refund, customer, dispute, coupon string
}

func (f Finding) key() key {
	return key{f.Kind, f.ProductID, f.SKU, f.OrderID, f.PackageID, f.PaymentID, f.RefundID, f.CustomerID, f.Provider + "/" + f.DisputeID, f.CouponCode}
}

func (f Finding) compare(g Finding) int {
	return cmp.Or(cmp.Compare(f.ProductID, g.ProductID), cmp.Compare(f.SKU, g.SKU),
		cmp.Compare(f.OrderID, g.OrderID), cmp.Compare(f.Kind, g.Kind), cmp.Compare(f.PackageID, g.PackageID),
		cmp.Compare(f.PaymentID, g.PaymentID), cmp.Compare(f.RefundID, g.RefundID), cmp.Compare(f.CustomerID, g.CustomerID),
		cmp.Compare(f.Provider, g.Provider), cmp.Compare(f.DisputeID, g.DisputeID),
		cmp.Compare(f.CouponCode, g.CouponCode))
}

// String describes the finding in one line.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(string(f.Kind))
	for _, part := range [][2]string{
		{"product", f.ProductID},
		{"sku", f.SKU},
		{"order", f.OrderID},
		{"package", f.PackageID},
		{"coupon", f.CouponCode},
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
