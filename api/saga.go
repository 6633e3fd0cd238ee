package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"holdfast/order"
)

// placed is how a placement came out: with its document where it is not refused.
type placed struct {
	decided bool
	doc     []byte
}

// place starts the order's saga, or finds the one that an earlier call started, and waits
// for its decision.
func (s *Server) place(ctx context.Context, p order.Placement, total *int64) (placed, error) {
	came, err := s.cfg.Sagas.Place(ctx, p, total)
	if err != nil {
		return placed{}, fmt.Errorf("place order %s: %w", p.OrderID, err)
	}
	if came.Outcome.Fingerprint != p.Fingerprint {
		return placed{}, errMismatch
	}
	if !came.Decided {
		doc, err := json.Marshal(order.New(p, came.Begun))
		return placed{doc: doc}, err
	}
	if came.Outcome.Status == order.Rejected {
		return placed{}, rejection(CallerOf(ctx), came.Outcome)
	}
	doc, err := s.document(ctx, p.OrderID, came.Outcome.Version)
	return placed{decided: true, doc: doc}, err
}

// rejection says why an order was not taken.
func rejection(caller Caller, o order.Outcome) error {
	if o.Reason == order.Unavailable {
		return errStockUnasked
	}
	return refusal(shortagesFor(caller, o.Shortages))
}

// placementAnswer names an outcome for the metrics.
func placementAnswer(p placed, err error) string {
	switch {
	case err == nil && p.decided:
		return "held"
	case err == nil:
		return "undecided"
	case errors.Is(err, errMismatch):
		return "mismatch"
	case problemOf(err).Shortages != nil:
		return "rejected"
	}
	return "unavailable"
}
