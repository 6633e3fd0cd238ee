package stripe

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"holdfast/order"
	"holdfast/payment"
	"holdfast/product"
)

// disputePrefix starts the types of messages about disputes.
const disputePrefix = "charge.dispute."

// sentDispute is the dispute that a message is about. It lacks our metadata, so the
// payment's owner must be looked up.
type sentDispute struct {
	ID              string `json:"id"`
	Object          string `json:"object"`
	Amount          int64  `json:"amount"`
	Currency        string `json:"currency"`
	Reason          string `json:"reason"`
	Status          string `json:"status"`
	PaymentIntent   string `json:"payment_intent"`
	EvidenceDetails struct {
		DueBy int64 `json:"due_by"`
	} `json:"evidence_details"`
}

// disputeStatuses maps Stripe's statuses to ours. The warnings are inquiries, which may
// become disputes.
var disputeStatuses = map[string]order.DisputeStatus{
	"warning_needs_response": order.DisputeNeedsResponse,
	"warning_under_review":   order.DisputeUnderReview,
	"warning_closed":         order.DisputeWon,
	"needs_response":         order.DisputeNeedsResponse,
	"under_review":           order.DisputeUnderReview,
	"prevented":              order.DisputeWon,
	"won":                    order.DisputeWon,
	"lost":                   order.DisputeLost,
}

// disputeFunds are the types that say where the money is.
var disputeFunds = map[string]order.DisputeFunds{
	disputePrefix + "funds_withdrawn":  order.DisputeFundsWithdrawn,
	disputePrefix + "funds_reinstated": order.DisputeFundsReinstated,
}

// readDispute converts a message about a dispute to our terms.
func (m message) readDispute() (order.PaymentEvent, error) {
	var none order.PaymentEvent
	var d sentDispute
	if err := json.Unmarshal(m.Data.Object, &d); err != nil {
		return none, fmt.Errorf("%w: data.object is not a dispute", payment.ErrMalformed)
	}
	if d.PaymentIntent == "" { // a charge that no PaymentIntent made
		return none, fmt.Errorf("%w: dispute %.64q has no PaymentIntent", payment.ErrIgnored, d.ID)
	}
	status, known := disputeStatuses[d.Status]
	if !known { // a status unknown to this version: an operator should look
		status = order.DisputeNeedsResponse
	}
	amount, currency, err := fromStripe(d.Amount, d.Currency)
	switch {
	case !order.ValidName(d.ID):
		return none, fmt.Errorf("%w: data.object.id is not an id", payment.ErrMalformed)
	case !product.ValidID(d.PaymentIntent):
		return none, fmt.Errorf("%w: data.object.payment_intent is not an id", payment.ErrMalformed)
	case err != nil:
		return none, fmt.Errorf("%w: %w", payment.ErrMalformed, err)
	case amount < 1 || !product.ValidCurrency(currency):
		return none, fmt.Errorf("%w: data.object has no valid amount and currency", payment.ErrMalformed)
	case len(d.Reason) > order.MaxFieldBytes || d.EvidenceDetails.DueBy < 0 || d.EvidenceDetails.DueBy > maxSeconds:
		return none, fmt.Errorf("%w: data.object has no valid reason or date", payment.ErrMalformed)
	}
	at := time.Unix(m.Created, 0).UTC()
	said := order.Dispute{ID: d.ID, Amount: amount, Currency: currency, Reason: d.Reason, Status: status, OccurredAt: at}
	if d.EvidenceDetails.DueBy > 0 {
		said.DueBy = time.Unix(d.EvidenceDetails.DueBy, 0).UTC()
	}
	if funds, told := disputeFunds[m.Type]; told {
		said.Funds, said.FundsAt = funds, at
	}
	return order.PaymentEvent{
		EventID: m.ID, Provider: Name, Type: order.PaymentDisputed, PaymentID: d.PaymentIntent,
		Amount: amount, Currency: currency, OccurredAt: at, Dispute: &said,
	}, nil
}
