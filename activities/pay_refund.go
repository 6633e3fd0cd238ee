package activities

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"holdfast/order"
)

// PayRefund has a provider pay a refund out.
type PayRefund struct {
	Providers Providers
}

// Execute asks the provider, which pays each refund id out once. A final refusal is an
// answer too.
func (a *PayRefund) Execute(ctx context.Context, r order.Refund) (order.RefundAnswer, error) {
	provider, err := a.Providers.named(r.Provider)
	if err != nil {
		return order.RefundAnswer{}, err
	}
	answer, err := provider.Refund(ctx, order.RefundRequest{
		RefundID: r.ID, PaymentID: r.PaymentID, OrderID: r.OrderID, Amount: r.Amount, Currency: r.Currency,
		Paid: cmp.Or(r.PaymentAmount, r.Amount), Failed: r.FailedIDs,
	})
	if refusal, no := errors.AsType[*order.RefusalError](err); no {
		return order.RefundAnswer{Status: order.RefundFailed, Detail: refusal.Reason}, nil
	}
	if err != nil {
		return order.RefundAnswer{}, fmt.Errorf("pay refund %s of payment %s out: %w", r.ID, r.PaymentID, err)
	}
	return answer, nil
}
