package audit

import (
	"cmp"
	"fmt"
	"strings"
)

// What does not add up between the orders and the providers' own records. The first
// are about what was paid.
const (
	// KindMoneyUnheard: a provider has a success of which nobody here has heard: no order,
	// and no case.
	KindMoneyUnheard Kind = "money_unheard"
	// KindMoneyMissing: a success is on record, and the provider hasn't this payment, or not
	// as succeeded, or for another order.
	KindMoneyMissing Kind = "money_missing"
	// KindMoneyDiffers: a success is on record with another amount or currency than the
	// provider has.
	KindMoneyDiffers Kind = "money_differs"
	// KindMoneyUnused: an order has no use for what was paid, and not all of it is on its
	// way back, nor does an operator know.
	KindMoneyUnused Kind = "money_unused"
	// KindPaidWithoutMoney: an order is paid, and the provider hasn't the money.
	KindPaidWithoutMoney Kind = "paid_without_money"
	// KindPaymentStillOpen: a payment can still be paid, or is processing for more than a
	// day, though its order is closed, paid otherwise, or unknown.
	KindPaymentStillOpen Kind = "payment_still_open"
	// KindPaymentsOpen: an order has several payments that can be paid.
	KindPaymentsOpen Kind = "payments_open"

	// KindRefundUnpaid: a refund is on record as paid, and the provider hasn't paid it.
	KindRefundUnpaid Kind = "refund_unpaid"
	// KindRefundAmountDiffers: the provider refunded another amount, or currency, than is on
	// record.
	KindRefundAmountDiffers Kind = "refund_amount_differs"
	// KindRefundUnrecorded: the provider refunded what is not on record as going back.
	KindRefundUnrecorded Kind = "refund_unrecorded"
	// KindRefundTwice: the provider paid a refund out twice, or one that an operator had
	// settled by other ways.
	KindRefundTwice Kind = "refund_twice"
	// KindRefundsAbovePaid: more goes back than was paid.
	KindRefundsAbovePaid Kind = "refunds_above_paid"

	// KindProviderUnseen: there are payments of a provider whose records nobody gave.
	KindProviderUnseen Kind = "provider_unseen"

	// KindRefundOverdue is a note and no finding: a refund is due for more than an hour. The
	// books agree that it is still to go out, and its workflow goes on asking.
	KindRefundOverdue Kind = "refund_overdue"
)

// MoneyFinding is one difference between the orders and a provider's records.
type MoneyFinding struct {
	Kind     Kind   `json:"kind"`
	Provider string `json:"provider,omitempty"`
	// PaymentID as the provider names it.
	PaymentID string `json:"paymentId,omitempty"`
	OrderID   string `json:"orderId,omitempty"`
	// RefundID is ours, or the provider's own where it is of a refund that isn't ours.
	RefundID string `json:"refundId,omitempty"`
	// Amount that it is about, in minor units of Currency.
	Amount   int64  `json:"amount,omitempty"`
	Currency string `json:"currency,omitempty"`
	// Detail is for a person.
	Detail string `json:"detail"`
}

// moneyKey tells money findings apart. Amounts and detail may move from look to look.
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

// String tells the finding in one line.
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
