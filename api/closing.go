package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// CancelOrder implements ServerInterface.
func (s *Server) CancelOrder(c *gin.Context, id ID, params CancelOrderParams) {
	in := CancelRequest{}
	err := checkKey(params.IdempotencyKey)
	if err == nil {
		err = decodeOptional(c, &in)
	}
	caller := CallerOf(c.Request.Context())
	if err == nil {
		in.Reason, err = cancelReason(in.Reason, caller)
	}
	if err == nil {
		err = s.checkOwner(c.Request.Context(), id)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.Cancel(c.Request.Context(), id, params.IdempotencyKey,
		saga.CancelRequest{Reason: in.Reason, Actor: caller.Subject})
	s.finish(c, request{orderID: id, name: saga.CancelUpdate, wanted: order.Cancelled, closed: errNotCancellable}, answer, err)
}

// cancelReason says on whose behalf an order is cancelled: an operator may do
// it for the customer.
func cancelReason(asked order.Reason, caller Caller) (order.Reason, error) {
	switch {
	case asked == order.ByCustomer, asked == "" && caller.Role != Operator:
		return order.ByCustomer, nil
	case (asked == order.ByOperator || asked == "") && caller.Role == Operator:
		return order.ByOperator, nil
	}
	return "", product.Invalid{{Path: "reason", Reason: "must be customer or operator"}}
}

// DeliverOrder implements ServerInterface.
func (s *Server) DeliverOrder(c *gin.Context, id ID, params DeliverOrderParams) {
	err := checkKey(params.IdempotencyKey)
	if err == nil {
		err = decodeOptional(c, &struct{}{})
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.Deliver(c.Request.Context(), id, params.IdempotencyKey,
		saga.DeliverRequest{Actor: CallerOf(c.Request.Context()).Subject})
	s.finish(c, request{orderID: id, name: saga.DeliverUpdate, wanted: order.Delivered, closed: errNotDeliverable}, answer, err)
}

// request is something that a caller wants of an order's saga.
type request struct {
	orderID string
	name    string
	// wanted is the status that the request leads to; closed is what a caller
	// is told whose order ended otherwise.
	wanted order.Status
	closed error
}

// finish tells the caller what the saga said to a request.
func (s *Server) finish(c *gin.Context, r request, answer saga.Answer, err error) {
	ctx := c.Request.Context()
	if errors.Is(err, saga.ErrUndecided) { // the saga has it
		s.answerUndecided(c, r.orderID)
		return
	}
	if errors.Is(err, saga.ErrNotFound) {
		answer, err = s.answerOfForgotten(ctx, r.orderID, r.wanted)
	}
	if err == nil {
		err = verdictError(answer.Verdict, r.closed)
	}
	if err != nil {
		s.fail(c, fmt.Errorf("%s order %s: %w", r.name, r.orderID, err))
		return
	}
	doc, err := s.document(ctx, r.orderID, answer.Version)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeOrder(c, http.StatusOK, doc)
}

func (s *Server) answerUndecided(c *gin.Context, orderID string) {
	doc, err := s.document(c.Request.Context(), orderID, 0)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeOrder(c, http.StatusAccepted, doc)
}

// answerOfForgotten answers for an order of which only the document is left.
func (s *Server) answerOfForgotten(ctx context.Context, orderID string, wanted order.Status) (saga.Answer, error) {
	_, head, err := s.readOrder(ctx, orderID)
	return saga.AnswerOfClosed(wanted, head.Status, head.Version), err
}
