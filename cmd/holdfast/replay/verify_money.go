package replay

import (
	"context"
	"fmt"

	"holdfast/order"
)

// notGoneBack names what is missing until the order has ended as it should after a
// payment that it had no use for: the money is back with the buyer, for the reason that
// it came for.
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
			return fmt.Sprintf("the callback of payment %s came again, and %s goes back for it", a.PaymentID, r.PaymentID), nil
		}
		return "", nil
	}
	reason := map[string]order.RefundReason{
		PaidLate: order.RefundLate, PaidTwice: order.RefundDouble, PaidWrong: order.RefundWrongAmount,
	}[a.Call]
	last := "no refund of it is known"
	for _, r := range p.Refunds {
		// Of two payments, the order took the one that it heard of first.
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
