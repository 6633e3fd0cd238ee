package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// ListDisputes implements ServerInterface. A dispute has a running workflow until an
// operator dismisses it: the list is Temporal's own.
func (s *Server) ListDisputes(c *gin.Context, params ListDisputesParams) {
	query := "WorkflowType = '" + saga.DisputeType + "' AND ExecutionStatus = 'Running'"
	found, next, err := s.listOpen(c.Request.Context(), query, "disputes", params.Limit, params.Cursor)
	if err != nil {
		s.fail(c, fmt.Errorf("list the disputes: %w", err))
		return
	}
	page := DisputePage{Items: make([]Dispute, 0, len(found)), NextCursor: next}
	for _, e := range found {
		var d order.Dispute
		read(e.GetMemo().GetFields()[saga.DisputeMemo], &d)
		page.Items = append(page.Items, d)
	}
	c.JSON(http.StatusOK, page)
}

// DismissDispute implements ServerInterface.
func (s *Server) DismissDispute(c *gin.Context) {
	var in DisputeName
	err := decode(c, &in)
	if err == nil {
		err = checkDisputeName(in)
	}
	var d order.Dispute
	if err == nil {
		d, err = s.dismiss(c.Request.Context(), in)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, d)
}

func checkDisputeName(in DisputeName) error {
	var bad product.Invalid
	if !product.ValidID(in.Provider) {
		bad.Add("provider", "must match [A-Za-z0-9._~-]{1,64}")
	}
	if !order.ValidName(in.DisputeID) {
		bad.Add("disputeId", "must be 1 to 255 visible ASCII characters")
	}
	return bad.OrNil()
}

// dismiss asks the dispute's workflow; one that has ended was dismissed before.
func (s *Server) dismiss(ctx context.Context, in DisputeName) (d order.Dispute, err error) {
	id := saga.DisputeWorkflowID(in.Provider, in.DisputeID)
	ctx, cancel := contextWithin(ctx, decideTimeout)
	defer cancel()
	handle, err := s.cfg.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: id, UpdateName: saga.DismissUpdate, UpdateID: saga.DismissUpdate + "/" + uuid.NewString(),
		WaitForStage: client.WorkflowUpdateStageCompleted, Args: []any{saga.Dismissal{Actor: CallerOf(ctx).Subject}},
	})
	if err == nil {
		err = handle.Get(ctx, &d)
	}
	if alreadyFinished(err) {
		err = s.cfg.Temporal.GetWorkflow(ctx, id, "").Get(ctx, &d)
	}
	_, byHand := errors.AsType[*temporal.WorkflowExecutionError](err)
	switch {
	case byHand || isNotFound(err):
		return d, errNoDispute
	case err != nil:
		return d, fmt.Errorf("dismiss dispute %s of %s: %w", in.DisputeID, in.Provider, temporalError(err))
	case d.Status == "": // of a payment that isn't ours
		return d, errNoDispute
	}
	return d, nil
}
