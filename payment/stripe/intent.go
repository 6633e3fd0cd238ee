package stripe

import (
	"context"
	"fmt"
	"strconv"
	"time"

	stripe "github.com/stripe/stripe-go/v85"

	"holdfast/order"
	"holdfast/product"
)

// Our metadata on a PaymentIntent and a refund. Other applications may use the account, and
// may well write an order_id too: only metaPayment tells our payments from theirs.
const (
	metaPayment = "holdfast_payment" // order.PaymentRequest's Key
	metaOrder   = "order_id"
	metaAttempt = "attempt"
	metaRefund  = "refund_id"
	metaTold    = "holdfast_told" // this failed refund was reported as failed
)

func metadataOf(r order.PaymentRequest) map[string]string {
	return map[string]string{
		metaPayment: r.Key(), metaOrder: r.OrderID, metaAttempt: strconv.Itoa(r.Attempt),
	}
}

// ours reports whether Holdfast made the payment.
func ours(metadata map[string]string) bool { return metadata[metaPayment] != "" }

// orderOf returns an empty string for a payment that isn't ours or whose metadata was
// changed.
func orderOf(metadata map[string]string) string {
	if id := metadata[metaOrder]; ours(metadata) && product.ValidID(id) {
		return id
	}
	return ""
}

// intent reads one PaymentIntent in its current state, with its charge.
func (p *Provider) intent(ctx context.Context, id string) (intent, error) {
	var i intent
	err := p.api.get(ctx, stripe.FormatURLPath(intentPath, id), &stripe.PaymentIntentRetrieveParams{
		Expand: []*string{stripe.String("latest_charge")},
	}, &i)
	return i, err
}

func statusOf(i intent) order.ProviderStatus {
	switch i.Status {
	case stripe.PaymentIntentStatusSucceeded:
		return order.ProviderSucceeded
	case stripe.PaymentIntentStatusCanceled:
		return order.ProviderCancelled
	case stripe.PaymentIntentStatusProcessing:
		return order.ProviderProcessing
	case stripe.PaymentIntentStatusRequiresAction, stripe.PaymentIntentStatusRequiresCapture,
		stripe.PaymentIntentStatusRequiresConfirmation, stripe.PaymentIntentStatusRequiresPaymentMethod:
		return order.ProviderOpen
	}
	return order.ProviderProcessing // a status unknown to this version: money may still come
}

// paidAt is when the successful charge was made, which the PaymentIntent itself doesn't
// contain.
func paidAt(i intent) time.Time {
	if i.LatestCharge != nil && i.LatestCharge.Created > 0 {
		return time.Unix(i.LatestCharge.Created, 0).UTC()
	}
	return time.Unix(i.Created, 0).UTC()
}

// success is the message about a payment that was found paid. Its id is made of the
// payment's: no message from Stripe reported it.
func success(i intent) (order.PaymentEvent, error) {
	amount, currency, err := fromStripe(i.AmountReceived, i.Currency)
	if err != nil {
		return order.PaymentEvent{}, fmt.Errorf("read payment %s: %w", i.ID, err)
	}
	return order.PaymentEvent{
		EventID: i.ID + ":succeeded", Provider: Name, Type: order.PaymentSucceeded,
		OrderID: orderOf(i.Metadata), PaymentID: i.ID, Amount: amount, Currency: currency, OccurredAt: paidAt(i),
	}, nil
}
