package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// maxNoteBytes limits the note of a refund or a cancellation.
const maxNoteBytes = order.MaxFieldBytes

// RefundOrder implements ServerInterface. The refund's own workflow determines how much is left, so
// that two refunds can't both take the rest.
func (s *Server) RefundOrder(c *gin.Context, id openapi.ID, params openapi.RefundOrderParams) {
	asked, err := s.askForRefund(c, id, params.IdempotencyKey)
	if err != nil {
		s.fail(c, fmt.Errorf("refund order %s: %w", id, err))
		return
	}
	r, err := s.startRefund(c.Request.Context(), asked)
	if err != nil {
		s.fail(c, fmt.Errorf("refund order %s: %w", id, err))
		return
	}
	c.JSON(http.StatusCreated, r.Shown())
}

// askForRefund reads and validates the request.
func (s *Server) askForRefund(c *gin.Context, id, key string) (order.Refund, error) {
	var none order.Refund
	ctx := c.Request.Context()
	var in openapi.RefundRequest
	if err := decodeOptionalKeyed(c, &key, &in); err != nil {
		return none, err
	}
	var bad product.Invalid
	if in.Amount != nil && *in.Amount < 1 {
		bad.Add("amount", "must be above 0")
	}
	if len(in.Note) > maxNoteBytes {
		bad.Add("note", fmt.Sprintf("at most %d bytes", maxNoteBytes))
	}
	product.CheckLines(&bad, "note", in.Note)
	if err := bad.OrNil(); err != nil {
		return none, err
	}
	f, err := s.find(ctx, id, 0)
	if err != nil {
		return none, err
	}
	var o order.Order
	if err := json.Unmarshal(f.doc, &o); err != nil {
		return none, fmt.Errorf("read the document of order %s: %w", id, err)
	}
	if o.Payment.Status != order.PaymentPaid || o.Amounts[order.AmountPaid] == 0 {
		return none, errNothingPaid
	}
	if o.Payment.Provider == "" {
		if o.Payment.Provider, err = s.providerOf(ctx, o, f); err != nil {
			return none, err
		}
	}
	r := order.Refund{
		ID: refundID(o, key), PaymentID: o.Payment.ID, OrderID: id, Provider: o.Payment.Provider, Currency: o.Currency,
		Reason: order.RefundRequested, Status: order.RefundDue, Actor: CallerOf(ctx).Subject, Note: in.Note,
		Fingerprint: refundFingerprint(in), All: in.Amount == nil,
	}
	if in.Amount != nil {
		r.Amount = *in.Amount
	}
	if !o.ErasedAt.IsZero() { // its workflow would keep the note for a month
		r.Note = ""
	}
	return r, nil
}

// providerOf returns the provider of an order's payment for an old document, from when there was
// only one provider, which doesn't name it.
func (s *Server) providerOf(ctx context.Context, o order.Order, f found) (string, error) {
	docs, err := s.payments(ctx, o.ID, f, o.Closed())
	if err != nil {
		return "", err
	}
	money, err := order.ReadPayments(docs)
	if err != nil {
		return "", fmt.Errorf("read the payments of order %s: %w", o.ID, err)
	}
	for _, p := range money.Attempts {
		if p.PaymentID == o.Payment.ID && p.Type == order.PaymentSucceeded {
			return p.Provider, nil
		}
	}
	return "", errPaymentsUnavailable
}

// refundID returns an id that is always the same for an order and a key, and distinct from those of
// other orders. It is part of the workflow's id, so Temporal refuses a second workflow.
func refundID(o order.Order, key string) string {
	id := uuid.NewSHA1(orderNamespace, []byte("refund\x00"+o.ID+"\x00"+key)).String()
	return order.PartRefund(o.Payment.Provider, id)
}

// refundFingerprint distinguishes two bodies under one key. A request for all that is left differs
// from a request for the same amount.
func refundFingerprint(in openapi.RefundRequest) string {
	amount := "all"
	if in.Amount != nil {
		amount = strconv.FormatInt(*in.Amount, 10)
	}
	sum := sha256.Sum256([]byte(amount + "\x00" + in.Note))
	return hex.EncodeToString(sum[:16])
}

// startRefund starts the refund's workflow, or finds the one of an earlier call, and waits until the
// refund is recorded.
func (s *Server) startRefund(ctx context.Context, r order.Refund) (order.Refund, error) {
	stands, err := s.cfg.Sagas.AskRefund(ctx, r)
	if errors.Is(err, saga.ErrUndecided) && ctx.Err() == nil {
		return r, errRefundUndecided
	}
	if err != nil {
		return r, err
	}
	switch {
	case stands.Fingerprint != "" && stands.Fingerprint != r.Fingerprint:
		return r, errMismatch
	case stands.Fingerprint == "" && ((r.Amount != 0 && stands.Amount != r.Amount) || stands.Note != r.Note):
		return r, errMismatch // requested before fingerprints were stored
	case stands.Status == order.RefundTooLarge:
		p := *problemOf(errRefundTooLarge)
		p.Detail = stands.Detail
		return r, &p
	}
	return stands, nil
}

// GetRefund implements ServerInterface.
func (s *Server) GetRefund(c *gin.Context, paymentID openapi.ID, refundID string) {
	r, err := s.cfg.Sagas.Refund(c.Request.Context(), saga.RefundID{PaymentID: paymentID, RefundID: refundID})
	switch {
	case errors.Is(err, saga.ErrUnknownRefund):
		err = errNoRefund
	case errors.Is(err, saga.ErrStuck):
		err = fmt.Errorf("%w: %w", saga.ErrNoAnswer, err)
	case err == nil && r.Status == "": // it isn't recorded yet whether it is owed at all
		err = errRefundUndecided
	}
	if err != nil {
		s.fail(c, fmt.Errorf("read refund %s of payment %s: %w", refundID, paymentID, err))
		return
	}
	c.JSON(http.StatusOK, r.Shown())
}

// DecideRefund implements ServerInterface.
func (s *Server) DecideRefund(c *gin.Context, params openapi.DecideRefundParams) {
	r, err := s.decideRefund(c, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, r.Shown())
}

func (s *Server) decideRefund(c *gin.Context, key string) (order.Refund, error) {
	var in openapi.RefundDecision
	ctx := c.Request.Context()
	if err := decodeKeyed(c, &key, &in); err != nil {
		return order.Refund{}, err
	}
	if err := checkDecision(in); err != nil {
		return order.Refund{}, err
	}
	stands, err := s.cfg.Sagas.DecideRefund(ctx, saga.RefundID{PaymentID: in.PaymentID, RefundID: in.RefundID}, saga.Decision{
		Choice: saga.Choice(in.Choice), OrderID: in.OrderID, Actor: CallerOf(ctx).Subject,
		About: order.RefundStatus(in.Status), Key: key,
	})
	refused := errors.Is(err, saga.ErrNotWaiting)
	switch {
	case errors.Is(err, saga.ErrUndecided):
		return stands, errRefundUndecided
	case errors.Is(err, saga.ErrUnknownRefund):
		err = errNoRefund
	case refused:
		err = nil
	}
	if err != nil {
		return stands, fmt.Errorf("decide refund %s of payment %s: %w", in.RefundID, in.PaymentID, err)
	}
	taken, mine := stands.DecisionUnder(key)
	switch {
	case mine && (taken.Choice != in.Choice || taken.OrderID != in.OrderID):
		return stands, errMismatch
	case refused && !mine:
		return stands, notWaiting(stands)
	case in.Choice == string(saga.ChoiceAssign) && stands.Status == order.RefundCase:
		return stands, errNotOpen
	}
	return stands, nil
}

// notWaiting returns a problem with the refund's current state and who decided it.
func notWaiting(r order.Refund) *Problem {
	p := *problemOf(errNotWaiting)
	p.Detail = "the refund is " + string(r.Status)
	if n := len(r.Decisions); n > 0 {
		d := r.Decisions[n-1]
		p.Detail += fmt.Sprintf("; %s decided %q at %s", d.Actor, d.Choice, d.At.UTC().Format(time.RFC3339))
	}
	shown := r.Shown()
	p.Refund = &shown
	return &p
}

func checkDecision(in openapi.RefundDecision) error {
	var bad product.Invalid
	if !product.ValidID(in.PaymentID) {
		bad.Add("paymentId", "must match [A-Za-z0-9._~-]{1,64}")
	}
	if in.RefundID == "" || len(in.RefundID) > 255 {
		bad.Add("refundId", "must be 1 to 255 bytes")
	}
	product.CheckText(&bad, "refundId", in.RefundID)
	switch saga.Choice(in.Choice) {
	case saga.ChoiceRefund, saga.ChoiceSettled:
		if in.OrderID != "" {
			bad.Add("orderId", "is allowed only with assign")
		}
	case saga.ChoiceAssign:
		if !product.ValidID(in.OrderID) {
			bad.Add("orderId", "must match [A-Za-z0-9._~-]{1,64}")
		}
	default:
		bad.Add("choice", "must be refund, assign or settled")
	}
	switch order.RefundStatus(in.Status) { //nolint:exhaustive // there is nothing to decide of others
	case "", order.RefundCase, order.RefundFailed:
	case order.RefundDue, order.RefundPending:
		if in.Choice != string(saga.ChoiceSettled) {
			bad.Add("status", "a refund that is "+in.Status+" can only be settled")
		}
	default:
		bad.Add("status", "must be due, pending, failed or case")
	}
	return bad.OrNil()
}
