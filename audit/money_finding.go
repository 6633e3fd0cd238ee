package audit

import (
	"cmp"
	"fmt"
	"strings"
)

// What does not add up between the orders and the providers' own records. The first kinds
// are about payments.
const (
	// KindMoneyUnheard means that a provider has a success that is recorded nowhere here,
	// neither with an order nor as a case.
	KindMoneyUnheard Kind = "money_unheard"
	// KindMoneyMissing means that a success is recorded, but the provider doesn't have this
	// payment, or not as succeeded, or for another order.
	KindMoneyMissing Kind = "money_missing"
	// KindMoneyDiffers means that a success is recorded with another amount or currency
	// than at the provider.
	KindMoneyDiffers Kind = "money_differs"
	// KindMoneyUnused means that an order has no use for a payment, and not all of it is
	// being refunded or known to an operator.
	KindMoneyUnused Kind = "money_unused"
	// KindPaidWithoutMoney means that an order is paid, but the provider doesn't have the
	// money.
	KindPaidWithoutMoney Kind = "paid_without_money"
	// KindPaymentStillOpen means that a payment can still be paid, or has been processing
	// for more than a day, though its order is closed, paid otherwise, or unknown.
	KindPaymentStillOpen Kind = "payment_still_open"
	// KindPaymentsOpen means that an order has several payments that can be paid.
	KindPaymentsOpen Kind = "payments_open"

	// KindRefundUnpaid means that a refund is recorded as paid, but the provider hasn't
	// paid it.
	KindRefundUnpaid Kind = "refund_unpaid"
	// KindRefundAmountDiffers means that the provider refunded another amount or currency
	// than recorded.
	KindRefundAmountDiffers Kind = "refund_amount_differs"
	// KindRefundUnrecorded means that the provider made a refund that is not recorded.
	KindRefundUnrecorded Kind = "refund_unrecorded"
	// KindRefundTwice means that the provider paid a refund twice, or paid one that an
	// operator had settled in another way.
	KindRefundTwice Kind = "refund_twice"
	// KindRefundsAbovePaid means that more was refunded than paid.
	KindRefundsAbovePaid Kind = "refunds_above_paid"

	// KindProviderUnseen means that there are payments of a provider whose records are not
	// available.
	KindProviderUnseen Kind = "provider_unseen"

	// KindRefundOverdue is a note, not a finding: a refund has been due for more than an
	// hour. The books agree that it is still to be paid, and its workflow keeps retrying.
	KindRefundOverdue Kind = "refund_overdue"
)

// MoneyFinding is one difference between the orders and a provider's records.
type MoneyFinding struct {
	Kind     Kind   `json:"kind"`
	Provider string `json:"provider,omitempty"`
	// PaymentID is the provider's id.
	PaymentID string `json:"paymentId,omitempty"`
	OrderID   string `json:"orderId,omitempty"`
	// RefundID is ours, or the provider's own for a refund that isn't ours.
	RefundID string `json:"refundId,omitempty"`
	// Amount concerned, in minor units of Currency.
	Amount   int64  `json:"amount,omitempty"`
	Currency string `json:"currency,omitempty"`
	// Detail is for people.
	Detail string `json:"detail"`
}

// moneyKey identifies a money finding. Amounts and detail may change between checks.
type moneyKey struct {
	kind                             Kind
	provider, payment, order, refund string
}

func (f MoneyFinding) key() moneyKey {
	return moneyKey{f.Kind, f.Provider, f.PaymentID, f.OrderID, f.RefundID}
}

func (f MoneyFinding) compare(g MoneyFinding) int {
	return cmp.Or(cmp.Compare(f.OrderID, g.OrderID), cmp.Compare(f.Provider, g.Provider),
		cmp.Compare(f.PaymentID, g.PaymentID), cmp.Compare(f.Kind, g.Kind), cmp.Compare(f.RefundID, g.RefundID))
}

// String describes the finding in one line.
func (f MoneyFinding) String() string {
	var b strings.Builder
	b.WriteString(string(f.Kind))
	for _, part := range [][2]string{
		{"order", f.OrderID},
		{f.Provider + " payment", f.PaymentID},
		{"refund", f.RefundID},
	} {
		if part[1] != "" {
			fmt.Fprintf(&b, " %s %s", part[0], part[1])
		}
	}
	fmt.Fprintf(&b, ": %s", f.Detail)
	return b.String()
}
