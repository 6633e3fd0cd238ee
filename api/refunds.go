package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/product"
	"holdfast/refund"
	"holdfast/workflows"
)

// maxNoteBytes bounds what an operator notes beside a refund.
const maxNoteBytes = order.MaxFieldBytes

// RefundOrder implements ServerInterface. How much is left is found out by the refund's
// own workflow, so that two of them can't both take the last of it.
func (s *Server) RefundOrder(c *gin.Context, id ID, params RefundOrderParams) {
	r, err := s.askForRefund(c, id, params.IdempotencyKey)
	if err == nil {
		r, err = s.startRefund(c.Request.Context(), r)
	}
	if err != nil {
		s.fail(c, fmt.Errorf("refund order %s: %w", id, err))
		return
	}
	c.JSON(http.StatusCreated, r)
}

// askForRefund reads and checks what the operator asks for.
func (s *Server) askForRefund(c *gin.Context, id string, key *string) (order.Refund, error) {
	var none order.Refund
	ctx := c.Request.Context()
	var in RefundRequest
	err := checkKey(key)
	if err == nil {
		err = decodeOptional(c, &in)
	}
	if err != nil {
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
		if o.Payment.Provider, err = s.providerOf(ctx, id, o.Payment.ID, f); err != nil {
			return none, err
		}
	}
	r := order.Refund{
		ID: refundID(o, key), PaymentID: o.Payment.ID, OrderID: id, Provider: o.Payment.Provider, Currency: o.Currency,
		Reason: order.RefundRequested, Status: order.RefundDue, Actor: CallerOf(ctx).Subject, Note: in.Note,
	}
	if in.Amount != nil {
		r.Amount = *in.Amount
	}
	return r, nil
}

// providerOf finds the provider of an order's payment where its document, one of before
// there were several, doesn't name it.
func (s *Server) providerOf(ctx context.Context, id, paymentID string, f found) (string, error) {
	docs, err := s.payments(ctx, id, f)
	if err != nil {
		return "", err
	}
	money, err := order.ReadPayments(docs)
	if err != nil {
		return "", fmt.Errorf("read the payments of order %s: %w", id, err)
	}
	for _, p := range money.Attempts {
		if p.PaymentID == paymentID && p.Type == order.PaymentSucceeded {
			return p.Provider, nil
		}
	}
	return "", errPaymentsUnread
}

// refundID is always the same for an order and a key.
func refundID(o order.Order, key *string) string {
	id := uuid.NewString()
	if key != nil {
		id = uuid.NewSHA1(orderNamespace, []byte("refund\x00"+o.ID+"\x00"+*key)).String()
	}
	return order.PartRefund(o.Payment.Provider, id)
}

// startRefund starts the refund's workflow, or finds the one of an earlier call, and
// waits until it is on record.
func (s *Server) startRefund(ctx context.Context, r order.Refund) (order.Refund, error) {
	stands, err := s.startAndRecord(ctx, r)
	if undecided(err) && ctx.Err() == nil {
		return r, errRefundUndecided
	}
	if err != nil {
		return r, temporalError(err)
	}
	switch {
	case r.Amount != 0 && stands.Amount != r.Amount, stands.Note != r.Note:
		return r, errMismatch
	case stands.Status == order.RefundTooLarge:
		p := *problemOf(errRefundTooLarge)
		p.Detail = stands.Detail
		return r, &p
	}
	return stands, nil
}

func (s *Server) startAndRecord(ctx context.Context, r order.Refund) (stands order.Refund, err error) {
	ctx, cancel := contextWithin(ctx, decideTimeout)
	defer cancel()
	options := refund.Options(r)
	handle, err := s.cfg.Temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: s.cfg.Temporal.NewWithStartWorkflowOperation(options, workflows.RefundType, r),
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateID: workflows.RecordedUpdate, UpdateName: workflows.RecordedUpdate,
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, &stands)
	}
	if alreadyFinished(err) { // it is all over: its result says how
		err = s.cfg.Temporal.GetWorkflow(ctx, options.ID, "").Get(ctx, &stands)
	}
	return stands, err
}

// DecideRefund implements ServerInterface.
func (s *Server) DecideRefund(c *gin.Context) {
	r, err := s.decideRefund(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, r)
}

func (s *Server) decideRefund(c *gin.Context) (order.Refund, error) {
	var in RefundDecision
	ctx := c.Request.Context()
	if err := decode(c, &in); err != nil {
		return order.Refund{}, err
	}
	if err := checkDecision(in); err != nil {
		return order.Refund{}, err
	}
	ctx, cancel := contextWithin(ctx, decideTimeout)
	defer cancel()
	var stands order.Refund
	handle, err := s.cfg.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: workflows.RefundWorkflowID(in.PaymentID, in.RefundID), UpdateName: workflows.DecideUpdate,
		UpdateID: actionID(workflows.DecideUpdate, nil), WaitForStage: client.WorkflowUpdateStageCompleted,
		Args: []any{workflows.Decision{
			Choice: workflows.Choice(in.Choice), OrderID: in.OrderID, Actor: CallerOf(ctx).Subject,
		}},
	})
	if err == nil {
		err = handle.Get(ctx, &stands)
	}
	failed, ok := errors.AsType[*temporal.ApplicationError](err)
	switch {
	case ok && failed.Type() == workflows.NotDecidableError:
		return stands, errNotWaiting
	case undecided(err):
		return stands, errRefundUndecided
	case isNotFound(err):
		return stands, errNoRefund
	case err != nil:
		return stands, fmt.Errorf("decide refund %s of payment %s: %w", in.RefundID, in.PaymentID, temporalError(err))
	case in.Choice == string(workflows.ChooseAssign) && stands.Status == order.RefundCase:
		return stands, errNotOpen
	}
	return stands, nil
}

func checkDecision(in RefundDecision) error {
	var bad product.Invalid
	if !product.ValidID(in.PaymentID) {
		bad.Add("paymentId", "must match [A-Za-z0-9._~-]{1,64}")
	}
	if in.RefundID == "" || len(in.RefundID) > 255 {
		bad.Add("refundId", "must be 1 to 255 bytes")
	}
	product.CheckText(&bad, "refundId", in.RefundID)
	switch workflows.Choice(in.Choice) {
	case workflows.ChooseRefund, workflows.ChooseSettled:
		if in.OrderID != "" {
			bad.Add("orderId", "goes with assign alone")
		}
	case workflows.ChooseAssign:
		if !product.ValidID(in.OrderID) {
			bad.Add("orderId", "must match [A-Za-z0-9._~-]{1,64}")
		}
	default:
		bad.Add("choice", "must be refund, assign or settled")
	}
	return bad.OrNil()
}
