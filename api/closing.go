package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// CancelOrder implements ServerInterface.
func (s *Server) CancelOrder(c *gin.Context, id openapi.ID, params openapi.CancelOrderParams) {
	in, lines, err := s.readCancel(c, id, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	if lines != nil {
		s.cancelUnits(c, id, *params.IdempotencyKey, in, lines)
		return
	}
	about := request{orderID: id, name: saga.CancelUpdate, wanted: order.StatusCancelled, closed: errNotCancellable}
	if params.IdempotencyKey != nil {
		if in.Fingerprint, err = cancelFingerprint(in, nil); err != nil {
			s.fail(c, err)
			return
		}
		in.PartID = saga.RemovalID(id, *params.IdempotencyKey)
		about.fingerprint, about.partID = in.Fingerprint, in.PartID
	}
	answer, err := s.cfg.Sagas.Cancel(c.Request.Context(), id, params.IdempotencyKey, in)
	s.finish(c, about, answer, err)
}

// cancelFingerprint distinguishes requests to cancel under one key; lines is nil for the whole order.
func cancelFingerprint(r saga.CancelRequest, lines []order.LineUnits) (string, error) {
	return fingerprintOf(struct {
		Reason order.Reason
		Note   string
		Lines  []order.LineUnits
	}{r.Reason, r.Note, lines})
}

// readCancel reads and validates the request, which may be about some units only.
func (s *Server) readCancel(c *gin.Context, id string, key *string) (saga.CancelRequest, []order.LineUnits, error) {
	var in openapi.CancelRequest
	if err := decodeOptionalKeyed(c, key, &in); err != nil {
		return saga.CancelRequest{}, nil, err
	}
	caller := CallerOf(c.Request.Context())
	r := saga.CancelRequest{Reason: cancelReason(in.Reason, caller), Actor: caller.Subject, Note: in.Note}
	var lines []order.LineUnits
	if in.Lines != nil {
		if key == nil {
			return r, nil, errNoKey
		}
		lines = *in.Lines
	}
	if err := s.checkChange(c, id, func(bad *product.Invalid) {
		checkCancel(bad, r, caller)
		if in.Lines != nil {
			checkUnits(bad, "lines", lines)
		}
	}); err != nil {
		return r, nil, err
	}
	return r, order.MergeUnits(lines), nil
}

// cancelUnits cancels a part of a paid order.
func (s *Server) cancelUnits(c *gin.Context, id, key string, r saga.CancelRequest, lines []order.LineUnits) {
	fingerprint, err := cancelFingerprint(r, lines)
	if err != nil {
		s.fail(c, err)
		return
	}
	ctx := c.Request.Context()
	answer, err := s.cfg.Sagas.CancelUnits(ctx, id, saga.CancelUnitsRequest{
		ID: saga.RemovalID(id, key), Lines: lines, Reason: r.Reason, Actor: r.Actor, Note: r.Note,
		ByCustomer: !CallerOf(ctx).Staff(), Fingerprint: fingerprint,
	})
	s.finishChange(c, change{orderID: id, name: saga.CancelUnitsUpdate, fingerprint: fingerprint, short: unitsPacked}, answer, err)
}

// cancelReason returns the given reason, or the default for the caller.
func cancelReason(given order.Reason, caller Caller) order.Reason {
	switch {
	case given != "":
		return given
	case caller.Staff():
		return order.ReasonOperator
	}
	return order.ReasonCustomer
}

func checkCancel(bad *product.Invalid, r saga.CancelRequest, caller Caller) {
	switch {
	case r.Reason.MayCancel(caller.Staff()):
	case r.Reason.MayCancel(true):
		bad.Add("reason", "must be customer: the other reasons are for staff")
	default:
		bad.Add("reason", "must be customer, operator, fraud, inventory or other")
	}
	checkShort(bad, "note", r.Note)
}

// DeliverOrder implements ServerInterface.
func (s *Server) DeliverOrder(c *gin.Context, id openapi.ID, params openapi.DeliverOrderParams) {
	if err := decodeOptionalKeyed(c, params.IdempotencyKey, &struct{}{}); err != nil {
		s.fail(c, err)
		return
	}
	r := saga.DeliverRequest{Actor: CallerOf(c.Request.Context()).Subject}
	answer, err := s.cfg.Sagas.Deliver(c.Request.Context(), id, params.IdempotencyKey, r)
	if err == nil && params.IdempotencyKey == nil && s.changedSince(c.Request.Context(), id, answer.Version) {
		// Calls without a key share one update, whose answer may be about a delivery that was taken back.
		again := uuid.NewString()
		answer, err = s.cfg.Sagas.Deliver(c.Request.Context(), id, &again, r)
	}
	s.finish(c, request{orderID: id, name: saga.DeliverUpdate, wanted: order.StatusDelivered, closed: errNotDeliverable}, answer, err)
}

// changedSince reports whether an order's copy has a later version.
func (s *Server) changedSince(ctx context.Context, id string, version int64) bool {
	_, head, err := s.readCopy(ctx, id)
	return err == nil && version > 0 && head.Version > version
}

// request is a caller's request to an order's saga.
type request struct {
	orderID string
	name    string
	// wanted is the status that the request leads to; closed is the error if the order has
	// ended in another one.
	wanted order.Status
	closed error
	// fingerprint of a request under a key, and the id of the part of the order that was cancelled
	// under it, if one was.
	fingerprint, partID string
}

// finish answers the caller with the saga's answer to a request.
func (s *Server) finish(c *gin.Context, r request, answer saga.Answer, err error) {
	ctx := c.Request.Context()
	if errors.Is(err, saga.ErrUndecided) { // the saga has the request
		s.answerUndecided(c, r.orderID)
		return
	}
	if errors.Is(err, saga.ErrNotFound) {
		answer, err = s.answerOfForgotten(ctx, r.orderID, r.wanted)
	}
	doc, err := s.answered(ctx, r, answer, err)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeOrder(c, http.StatusOK, doc)
}

// answered returns the order's document after its saga has granted a request.
func (s *Server) answered(ctx context.Context, r request, answer saga.Answer, err error) ([]byte, error) {
	if err == nil {
		err = r.refusal(CallerOf(ctx), answer)
	}
	if err != nil {
		return nil, fmt.Errorf("%s order %s: %w", r.name, r.orderID, err)
	}
	doc, err := s.current(ctx, r.orderID, answer.Version)
	if err == nil && r.partID != "" && cancelledPart(doc, r.partID) { // the order has closed since
		err = errMismatch
	}
	return doc, err
}

// cancelledPart reports whether a part of the order was cancelled under this id.
func cancelledPart(doc []byte, id string) bool {
	o, err := readShown(doc)
	return err == nil && slices.ContainsFunc(o.Removals, func(r order.Removal) bool { return r.ID == id })
}

// refusal returns the error for a saga's answer, or nil if the request is done.
func (r request) refusal(caller Caller, a saga.Answer) error {
	if err := (change{fingerprint: r.fingerprint, short: unitsPacked}).refusal(caller, a); !errors.Is(err, errOrderClosed) {
		return err
	}
	return r.closed
}

func (s *Server) answerUndecided(c *gin.Context, orderID string) {
	doc, err := s.current(c.Request.Context(), orderID, 0)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeOrder(c, http.StatusAccepted, doc)
}

// answerOfForgotten returns the answer for an order that no longer has a workflow, only a document.
func (s *Server) answerOfForgotten(ctx context.Context, orderID string, wanted order.Status) (saga.Answer, error) {
	_, head, err := s.readOrder(ctx, orderID, 0)
	return saga.AnswerOfClosed(wanted, head.Status, head.Version), err
}
