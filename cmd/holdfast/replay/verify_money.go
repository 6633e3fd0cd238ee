package replay

import (
	"context"
	"fmt"

	"holdfast/order"
)

// notGoneBack describes what is missing until the order has ended as it should after a
// payment that it had no use for: the buyer has the money back, for the right reason.
func (v *verifier) notGoneBack(ctx context.Context, a Ack, o order.Order) (string, error) {
	if took := o.Status.TookPayment(); took != (a.Call == PaidTwice || a.Call == Repeated) {
		return fmt.Sprintf("%s by payment %s, it is %s", a.Call, a.PaymentID, o.Status), nil
	}
	p, err := v.Gateway.Payment(ctx, o.ID)
	if err != nil {
		return "", err
	}
	if a.Call == Repeated {
		for _, r := range p.Refunds {
			return fmt.Sprintf("the callback of payment %s was repeated, and %s was refunded because of it", a.PaymentID, r.PaymentID), nil
		}
		return "", nil
	}
	reason := map[string]order.RefundReason{
		PaidLate: order.RefundLate, PaidTwice: order.RefundDouble, PaidWrong: order.RefundWrongAmount,
	}[a.Call]
	last := "there is no refund of it"
	for _, r := range p.Refunds {
		// Of two payments, the order took the one that it learned of first.
		if (a.Call == PaidTwice && r.PaymentID == o.Payment.ID) || (a.Call != PaidTwice && r.PaymentID != a.PaymentID) {
			continue
		}
		if r.Reason == reason && r.Status == order.RefundPaid {
			return "", nil
		}
		last = fmt.Sprintf("its refund is %s, for %s", r.Status, r.Reason)
	}
	return fmt.Sprintf("payment %s was %s: %s", a.PaymentID, a.Call, last), nil
}
