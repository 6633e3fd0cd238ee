package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/saga"
)

// HoldOrder implements ServerInterface.
func (s *Server) HoldOrder(c *gin.Context, id openapi.ID) {
	s.brake(c, change{orderID: id, name: saga.HoldUpdate}, s.cfg.Sagas.Hold)
}

// ReleaseOrder implements ServerInterface.
func (s *Server) ReleaseOrder(c *gin.Context, id openapi.ID) {
	s.brake(c, change{orderID: id, name: saga.ReleaseUpdate}, s.cfg.Sagas.Release)
}

func (s *Server) brake(c *gin.Context, about change, ask func(context.Context, string, saga.HoldRequest) (saga.Answer, error)) {
	note, err := readNote(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	ctx := c.Request.Context()
	answer, err := ask(ctx, about.orderID, saga.HoldRequest{Actor: CallerOf(ctx).Subject, Note: note})
	s.finishChange(c, about, answer, err)
}
