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

// What a PaymentIntent and a refund carry of ours. The account may be used by others,
// who may well write an order_id too: metaPayment alone tells ours from theirs.
const (
	metaPayment = "holdfast_payment" // order.PaymentRequest's Key
	metaOrder   = "order_id"
	metaAttempt = "attempt"
	metaRefund  = "refund_id"
	metaTold    = "holdfast_told" // this failed refund was answered as failed
)

func metadataOf(r order.PaymentRequest) map[string]string {
	return map[string]string{
		metaPayment: r.Key(), metaOrder: r.OrderID, metaAttempt: strconv.Itoa(r.Attempt),
	}
}

// ours tells whether Holdfast made the payment.
func ours(metadata map[string]string) bool { return metadata[metaPayment] != "" }

// orderOf is empty for a payment that isn't ours, or whose metadata somebody changed.
func orderOf(metadata map[string]string) string {
	if id := metadata[metaOrder]; ours(metadata) && product.ValidID(id) {
		return id
	}
	return ""
}

// intent reads one PaymentIntent as it is now, with its charge.
func (p *Provider) intent(ctx context.Context, id string) (*stripe.PaymentIntent, error) {
	return p.api.V1PaymentIntents.Retrieve(ctx, id, &stripe.PaymentIntentRetrieveParams{
		Expand: []*string{stripe.String("latest_charge")},
	})
}

func statusOf(i *stripe.PaymentIntent) order.ProviderStatus {
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
	return order.ProviderProcessing // a status of tomorrow: nobody knows whether money comes
}

// paidAt is when the charge that paid was made: a PaymentIntent itself doesn't tell.
func paidAt(i *stripe.PaymentIntent) time.Time {
	if i.LatestCharge != nil && i.LatestCharge.Created > 0 {
		return time.Unix(i.LatestCharge.Created, 0).UTC()
	}
	return time.Unix(i.Created, 0).UTC()
}

// success is the message of a payment that was found paid. Its id is made of the
// payment's: no message of Stripe brought it.
func success(i *stripe.PaymentIntent) (order.PaymentEvent, error) {
	amount, currency, err := fromStripe(i.AmountReceived, string(i.Currency))
	if err != nil {
		return order.PaymentEvent{}, fmt.Errorf("read payment %s: %w", i.ID, err)
	}
	return order.PaymentEvent{
		EventID: i.ID + ":succeeded", Provider: Name, Type: order.PaymentSucceeded,
		OrderID: orderOf(i.Metadata), PaymentID: i.ID, Amount: amount, Currency: currency, OccurredAt: paidAt(i),
	}, nil
}
