package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// CancelOrder implements ServerInterface.
func (s *Server) CancelOrder(c *gin.Context, id openapi.ID, params openapi.CancelOrderParams) {
	in, err := s.readCancel(c, id, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.Cancel(c.Request.Context(), id, params.IdempotencyKey, in)
	s.finish(c, request{orderID: id, name: saga.CancelUpdate, wanted: order.StatusCancelled, closed: errNotCancellable}, answer, err)
}

// readCancel reads and validates the request.
func (s *Server) readCancel(c *gin.Context, id string, key *string) (saga.CancelRequest, error) {
	var in openapi.CancelRequest
	if err := decodeOptionalKeyed(c, key, &in); err != nil {
		return saga.CancelRequest{}, err
	}
	caller := CallerOf(c.Request.Context())
	r := saga.CancelRequest{Reason: cancelReason(in.Reason, caller), Actor: caller.Subject, Note: in.Note}
	if err := checkCancel(r, caller); err != nil {
		return saga.CancelRequest{}, err
	}
	return r, s.checkOwner(c.Request.Context(), id)
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

func checkCancel(r saga.CancelRequest, caller Caller) error {
	var bad product.Invalid
	switch {
	case r.Reason.MayCancel(caller.Staff()):
	case r.Reason.MayCancel(true):
		bad.Add("reason", "must be customer: the other reasons are for staff")
	default:
		bad.Add("reason", "must be customer, operator, fraud, inventory or other")
	}
	if len(r.Note) > maxNoteBytes {
		bad.Add("note", fmt.Sprintf("at most %d bytes", maxNoteBytes))
	}
	product.CheckText(&bad, "note", r.Note)
	return bad.OrNil()
}

// DeliverOrder implements ServerInterface.
func (s *Server) DeliverOrder(c *gin.Context, id openapi.ID, params openapi.DeliverOrderParams) {
	if err := decodeOptionalKeyed(c, params.IdempotencyKey, &struct{}{}); err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.Deliver(c.Request.Context(), id, params.IdempotencyKey,
		saga.DeliverRequest{Actor: CallerOf(c.Request.Context()).Subject})
	s.finish(c, request{orderID: id, name: saga.DeliverUpdate, wanted: order.StatusDelivered, closed: errNotDeliverable}, answer, err)
}

// request is a caller's request to an order's saga.
type request struct {
	orderID string
	name    string
	// wanted is the status that the request leads to; closed is the error if the order has
	// ended in another one.
	wanted order.Status
	closed error
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
	if err = cmp.Or(err, verdictError(answer.Verdict, r.closed)); err != nil {
		return nil, fmt.Errorf("%s order %s: %w", r.name, r.orderID, err)
	}
	return s.current(ctx, r.orderID, answer.Version)
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
	_, head, err := s.readOrder(ctx, orderID)
	return saga.AnswerOfClosed(wanted, head.Status, head.Version), err
}
