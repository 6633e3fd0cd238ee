package audit

import (
	"fmt"

	"holdfast/order"
	"holdfast/saga"
)

// refundCases are the refunds, including paid ones.
func (a *auditor) refundCases() *cases[saga.RefundID, order.Refund] {
	return &cases[saga.RefundID, order.Refund]{
		auditor: a, name: "refund", suspects: map[saga.RefundID]bool{},
		walk: a.Orders.WalkRefunds, ask: a.Orders.Refund, unknown: saga.ErrUnknownRefund,
		onRecord:  onRecord,
		documents: func(p Payments) map[saga.RefundID][]byte { return p.Refunds },
		same: func(doc []byte, r order.Refund) bool {
			return stands(doc, r) || stands(doc, withoutVersion(r)) || stands(doc, r.Erased())
		},
		about: func(id saga.RefundID, r order.Refund) Finding {
			return Finding{
				OrderID: r.OrderID, PaymentID: id.PaymentID, RefundID: id.RefundID,
				Detail: fmt.Sprintf("%s (%s), %d %s", r.Status, r.Reason, r.Amount, r.Currency),
			}
		},
		idOf:    func(f Finding) saga.RefundID { return saga.RefundID{PaymentID: f.PaymentID, RefundID: f.RefundID} },
		missing: KindRefundMissing, differs: KindRefundDiffers, count: &a.counts.Refunds,
	}
}

// withoutVersion is the refund as it was recorded before versions existed: its workflow
// counts them all the same when it is queried now.
func withoutVersion(r order.Refund) order.Refund {
	r.Version = 0
	return r
}

// onRecord reports whether a refund has a document.
func onRecord(r order.Refund) bool {
	return r.Status != "" && r.Status != order.RefundNotOwed && (r.Status != order.RefundTooLarge || r.Shortfall > 0)
}
