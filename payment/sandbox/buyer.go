package sandbox

import (
	"context"
	"fmt"
	"strings"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
)

// Action is what a buyer can do with a payment.
type Action string

const (
	// ActionPay pays at once.
	ActionPay Action = "pay"
	// ActionDecline fails this try; the buyer may try again.
	ActionDecline Action = "decline"
	// ActionRefuse has the provider refuse the buyer's money for this order.
	ActionRefuse Action = "refuse"
	// ActionProcess pays by a slow method. Pay or Decline resolves it.
	ActionProcess Action = "process"
	// ActionPayLate has the money arrive when the order no longer waits for it, even after
	// the payment was cancelled, as happens with some payment methods.
	ActionPayLate Action = "pay_late"
	// ActionPayTwice pays, and pays once more by a second payment.
	ActionPayTwice Action = "pay_twice"
	// ActionFailRefund has the money of the last refund come back, as it does from a closed
	// account.
	ActionFailRefund Action = "fail_refund"
	// ActionOpenDispute has the buyer's bank reclaim the money. ActionWinDispute and
	// ActionLoseDispute end the dispute.
	ActionOpenDispute Action = "dispute"
	ActionWinDispute  Action = "dispute_won"
	ActionLoseDispute Action = "dispute_lost"
)

// Choice is one action of a buyer.
type Choice struct {
	Action Action
	// Amount in minor units, and Currency, are what the buyer pays; 0 and empty mean what
	// is requested.
	Amount   int64
	Currency string
}

// Why a choice can be refused, besides payment.ErrNoPayment.
var errNoChoice = fmt.Errorf("the sandbox knows the actions %s, %s, %s, %s, %s, %s, %s, %s, %s and %s, and an amount above 0",
	ActionPay, ActionDecline, ActionRefuse, ActionProcess, ActionPayLate, ActionPayTwice, ActionFailRefund, ActionOpenDispute, ActionWinDispute, ActionLoseDispute)

// EndedError means that the payment's state doesn't allow what the buyer wants.
type EndedError struct {
	Action Action
	Status order.ProviderStatus
}

func (e *EndedError) Error() string {
	if e.Action == ActionFailRefund {
		return "no refund of the payment can fail: none was made, or the last one failed before"
	}
	if strings.HasPrefix(string(e.Action), string(ActionOpenDispute)) {
		return fmt.Sprintf("the payment is %s: it isn't paid, or its dispute is in another state", e.Status)
	}
	return fmt.Sprintf("the payment is %s: %s comes too late", e.Status, e.Action)
}

// Choose carries out the buyer's choice and returns the payment's new state. The message
// that informs the shop is in the outbox when Choose returns.
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
