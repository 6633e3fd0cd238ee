package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"holdfast/order"
	"holdfast/saga"
)

// defaultPage is how many refunds a page has.
const defaultPage = 20

// listedStatuses are those that last: an operator may ask for them.
var listedStatuses = []order.RefundStatus{order.RefundCase, order.RefundFailed, order.RefundPending}

// ListRefunds implements ServerInterface. Whatever is still owed has a running
// workflow: the list is Temporal's own.
func (s *Server) ListRefunds(c *gin.Context, params ListRefundsParams) {
	page, err := s.listRefunds(c.Request.Context(), params)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) listRefunds(ctx context.Context, params ListRefundsParams) (RefundPage, error) {
	status := optional(params.Status)
	query := "WorkflowType = '" + saga.RefundType + "' AND ExecutionStatus = 'Running'"
	if status != "" {
		if !slices.Contains(listedStatuses, order.RefundStatus(status)) {
			return RefundPage{}, malformed("status", "must be case, failed or pending")
		}
		query += " AND " + saga.RefundStatus.GetName() + " = '" + status + "'"
	}
	found, next, err := s.listOpen(ctx, query, status, params.Limit, params.Cursor)
	if err != nil {
		return RefundPage{}, fmt.Errorf("list the refunds: %w", err)
	}
	page := RefundPage{Items: make([]Refund, 0, len(found)), NextCursor: next}
	for _, e := range found {
		page.Items = append(page.Items, listedRefund(e))
	}
	return page, nil
}

// listOpen reads a page of the workflows that a query finds. of tells its cursors from
// those of other lists.
func (s *Server) listOpen(
	ctx context.Context, query, of string, asked *int, cursor *string,
) (found []*workflowpb.WorkflowExecutionInfo, next string, err error) {
	limit := defaultPage
	if asked != nil {
		limit = *asked
	}
	if limit < 1 || limit > 100 {
		return nil, "", malformed("limit", "must lie between 1 and 100")
	}
	token, err := pageToken(optional(cursor), of)
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := contextWithin(ctx, startTimeout)
	defer cancel()
	list, err := s.cfg.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: s.cfg.Namespace, PageSize: int32(limit), Query: query, NextPageToken: token,
	})
	if _, refused := errors.AsType[*serviceerror.InvalidArgument](err); refused && len(token) > 0 {
		return nil, "", malformed("cursor", "is not the cursor of a page of this query")
	}
	if err != nil {
		return nil, "", temporalError(err)
	}
	if len(list.GetNextPageToken()) > 0 {
		next = refundCursor(list.GetNextPageToken(), of)
	}
	return list.GetExecutions(), next, nil
}

// listedRefund is a refund as its workflow was asked for, with the status that it has
// come to.
func listedRefund(e *workflowpb.WorkflowExecutionInfo) order.Refund {
	var r order.Refund
	read(e.GetMemo().GetFields()[saga.RefundMemo], &r)
	_, ids, _ := strings.Cut(e.GetExecution().GetWorkflowId(), "/")
	r.PaymentID, r.ID, _ = strings.Cut(ids, "/")
	r.DueAt = e.GetStartTime().AsTime()
	r.Status = order.RefundDue
	read(e.GetSearchAttributes().GetIndexedFields()[saga.RefundStatus.GetName()], &r.Status)
	if r.Status == order.RefundCase {
		r.Reason = order.RefundUnknownOrder
	}
	return r.Shown()
}

// read leaves to as it is where there is nothing to read.
func read(p *commonpb.Payload, to any) {
	if p != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(p, to)
	}
}

// refundPlace is where a page ended, and whose page it was.
type refundPlace struct {
	Status string `json:"s,omitempty"`
	Token  []byte `json:"t"`
}

func refundCursor(token []byte, status string) string {
	text, err := json.Marshal(refundPlace{status, token})
	if err != nil {
		panic(err) // a string and bytes
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func pageToken(cursor, status string) ([]byte, error) {
	if cursor == "" {
		return nil, nil
	}
	var p refundPlace
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.Status != status || len(p.Token) == 0 {
		return nil, malformed("cursor", "is not the cursor of a page of this query")
	}
	return p.Token, nil
}
