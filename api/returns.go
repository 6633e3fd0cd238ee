package api

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// OpenReturn implements ServerInterface.
func (s *Server) OpenReturn(c *gin.Context, id openapi.ID, params openapi.OpenReturnParams) {
	r, err := s.readReturn(c, id, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.OpenReturn(c.Request.Context(), id, r)
	about := change{orderID: id, name: saga.OpenReturnUpdate, fingerprint: r.Fingerprint, short: overReturned}
	s.finishWith(c, about, answer, err, func(doc []byte) { s.writeReturn(c, http.StatusCreated, doc, r.ID) })
}

func (s *Server) readReturn(c *gin.Context, id, key string) (saga.OpenReturnRequest, error) {
	var in openapi.ReturnRequest
	if err := decodeKeyed(c, &key, &in); err != nil {
		return saga.OpenReturnRequest{}, err
	}
	fingerprint, err := fingerprintOf(in)
	if err != nil {
		return saga.OpenReturnRequest{}, err
	}
	caller := CallerOf(c.Request.Context())
	r := saga.OpenReturnRequest{
		ID: saga.ReturnID(id, key), Lines: in.Lines, Approved: in.Approve, ByCustomer: !caller.Staff(), Actor: caller.Subject, Note: in.Note,
		Fingerprint: fingerprint,
	}
	return r, s.checkChange(c, id, func(bad *product.Invalid) {
		if n := len(in.Lines); n == 0 || n > order.MaxLines {
			bad.Add("lines", fmt.Sprintf("must have 1 to %d", order.MaxLines))
			return
		}
		for i, l := range in.Lines {
			at := "lines[" + strconv.Itoa(i) + "]."
			checkUnit(bad, at, l.LineUnits)
			checkShort(bad, at+"reason", l.Reason)
		}
		if in.Approve && !caller.Staff() {
			bad.Add("approve", "is for staff")
		}
		checkShort(bad, "note", in.Note)
	})
}

// ApproveReturn implements ServerInterface.
func (s *Server) ApproveReturn(c *gin.Context, id openapi.ID, returnID openapi.ReturnID) {
	s.decideReturn(c, id, returnID, true)
}

// DeclineReturn implements ServerInterface.
func (s *Server) DeclineReturn(c *gin.Context, id openapi.ID, returnID openapi.ReturnID) {
	s.decideReturn(c, id, returnID, false)
}

func (s *Server) decideReturn(c *gin.Context, id, returnID string, approve bool) {
	note, err := readNote(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	ctx := c.Request.Context()
	answer, err := s.cfg.Sagas.DecideReturn(ctx, id, saga.DecideReturnRequest{
		ReturnID: returnID, Approve: approve, Actor: CallerOf(ctx).Subject, Note: note,
	})
	about := change{orderID: id, name: saga.DecideReturnUpdate, unknown: errUnknownReturn}
	s.finishWith(c, about, answer, err, func(doc []byte) { s.writeReturn(c, http.StatusOK, doc, returnID) })
}

// ReceiveReturn implements ServerInterface.
func (s *Server) ReceiveReturn(c *gin.Context, id openapi.ID, returnID openapi.ReturnID, params openapi.ReceiveReturnParams) {
	r, err := readReceipt(c, id, returnID, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.ReceiveReturn(c.Request.Context(), id, r)
	about := change{orderID: id, name: saga.ReceiveReturnUpdate, fingerprint: r.Fingerprint, short: overReturned, unknown: errUnknownReturn}
	s.finishWith(c, about, answer, err, func(doc []byte) { s.writeReturn(c, http.StatusOK, doc, returnID) })
}

func readReceipt(c *gin.Context, orderID, returnID, key string) (saga.ReceiveReturnRequest, error) {
	var in openapi.ReceiveRequest
	if err := decodeKeyed(c, &key, &in); err != nil {
		return saga.ReceiveReturnRequest{}, err
	}
	fingerprint, err := fingerprintOf(in)
	if err != nil {
		return saga.ReceiveReturnRequest{}, err
	}
	var bad product.Invalid
	if n := len(in.Lines); n == 0 || n > order.MaxLines {
		bad.Add("lines", fmt.Sprintf("must have 1 to %d", order.MaxLines))
	}
	for i, l := range in.Lines {
		at := "lines[" + strconv.Itoa(i) + "]."
		checkUnit(&bad, at, l.LineUnits)
		if l.Condition != order.ConditionRestock && l.Condition != order.ConditionDamaged {
			bad.Add(at+"condition", "must be restock or damaged")
		}
	}
	return saga.ReceiveReturnRequest{
		ReturnID: returnID, ID: saga.ReceiptID(orderID, returnID, key), Lines: in.Lines,
		Actor: CallerOf(c.Request.Context()).Subject, Fingerprint: fingerprint,
	}, bad.OrNil()
}

// writeReturn answers with a return of the order's document, as the caller may see it.
func (s *Server) writeReturn(c *gin.Context, status int, doc []byte, returnID string) {
	o, err := readGoods(doc)
	if err != nil {
		s.fail(c, err)
		return
	}
	r := o.Return(returnID)
	if r == nil { // its document lags behind
		s.fail(c, fmt.Errorf("%w: order %s lacks return %s", errDocumentsUnavailable, o.ID, returnID))
		return
	}
	c.JSON(status, returnFor(CallerOf(c.Request.Context()), o.CustomerID, *r))
}
