package sandbox

import (
	"context"
	"fmt"
	"strings"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
)

// Action is what a buyer can do to a payment.
type Action string

const (
	// ActionPay: the money is there at once.
	ActionPay Action = "pay"
	// ActionDecline: this try fails; he may try again.
	ActionDecline Action = "decline"
	// ActionRefuse: the provider will not take his money for this order.
	ActionRefuse Action = "refuse"
	// ActionProcess: he pays by a way that takes its time. Pay or Decline resolves it.
	ActionProcess Action = "process"
	// ActionPayLate: his money comes when nobody waits for it any more, also after the
	// payment was cancelled, as it does with some ways of paying.
	ActionPayLate Action = "pay_late"
	// ActionPayTwice: he pays, and pays once more by a payment of its own.
	ActionPayTwice Action = "pay_twice"
	// ActionFailRefund: the money of the last refund comes back, as it does from an account that
	// was closed.
	ActionFailRefund Action = "fail_refund"
	// ActionOpenDispute: the buyer's bank asks the money back. ActionWinDispute and ActionLoseDispute end that.
	ActionOpenDispute Action = "dispute"
	ActionWinDispute  Action = "dispute_won"
	ActionLoseDispute Action = "dispute_lost"
)

// Choice is one action of a buyer.
type Choice struct {
	Action Action
	// Amount in minor units, and Currency, are what he pays; 0 and empty are what is
	// asked for.
	Amount   int64
	Currency string
}

// What a choice can be refused for, beside payment.ErrNoPayment.
var errNoChoice = fmt.Errorf("the sandbox knows the actions %s, %s, %s, %s, %s, %s, %s, %s, %s and %s, and an amount above 0",
	ActionPay, ActionDecline, ActionRefuse, ActionProcess, ActionPayLate, ActionPayTwice, ActionFailRefund, ActionOpenDispute, ActionWinDispute, ActionLoseDispute)

// EndedError says that the payment is past what the buyer wants.
type EndedError struct {
	Action Action
	Status order.ProviderStatus
}

func (e *EndedError) Error() string {
	if e.Action == ActionFailRefund {
		return "no refund of the payment can fail: none was made, or the last one failed before"
	}
	if strings.HasPrefix(string(e.Action), string(ActionOpenDispute)) {
		return fmt.Sprintf("the payment is %s: it isn't paid, or its dispute stands otherwise", e.Status)
	}
	return fmt.Sprintf("the payment is %s: %s comes too late", e.Status, e.Action)
}

// Choose does what the buyer wants, and answers how the payment stands then. The
// message that tells the shop of it is in the outbox when Choose returns.
func (b *Books) Choose(ctx context.Context, paymentID string, c Choice) (order.ProviderStatus, error) {
	if c.Amount < 0 || c.Amount > maxAmount || (c.Currency != "" && !product.CurrencyExists(c.Currency)) {
		return "", errNoChoice
	}
	if !product.ValidID(paymentID) {
		return "", payment.ErrNoPayment
	}
	amount := any("")
	if c.Amount > 0 {
		amount = c.Amount
	}
	script, further, args := payScript, []string(nil), []any{amount, c.Currency}
	switch c.Action {
	case ActionPay:
	case ActionPayTwice:
		second := secondID(paymentID)
		if !product.ValidID(second) {
			return "", errNoChoice
		}
		further, args = []string{paymentKey(second)}, append(args, second)
	case ActionPayLate:
		script, args = payLateScript, append(args, lateAfter.Milliseconds())
	case ActionDecline:
		script, args = declineScript, nil
	case ActionRefuse:
		script, args = refuseScript, nil
	case ActionProcess:
		script, args = processScript, nil
	case ActionOpenDispute:
		script, args = disputeScript, []any{string(order.DisputeNeedsResponse), string(order.DisputeFundsWithdrawn)}
	case ActionWinDispute:
		script, args = disputeScript, []any{string(order.DisputeWon), string(order.DisputeFundsReinstated)}
	case ActionLoseDispute:
		script, args = disputeScript, []any{string(order.DisputeLost), ""}
	case ActionFailRefund:
		script, args = failScript, nil
	default:
		return "", errNoChoice
	}
	a, err := b.runWith(ctx, script, paymentID, further, args...)
	if err != nil {
		return "", err
	}
	answer, err := a.StringSlice()
	if err != nil {
		return "", unreadable(paymentID, err)
	}
	switch answer[0] {
	case "NONE":
		return "", payment.ErrNoPayment
	case "CONFLICT":
		return "", &EndedError{Action: c.Action, Status: order.ProviderStatus(answer[1])}
	}
	b.tell()
	return order.ProviderStatus(answer[1]), nil
}
