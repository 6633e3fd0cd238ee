package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/saga"
)

// DismissAlert implements ServerInterface. The order's saga dismisses the alerts of an open order. Those
// about its money, which the saga doesn't know, and those of a closed order are dismissed beside its
// payments.
func (s *Server) DismissAlert(c *gin.Context, id openapi.ID, alertID openapi.AlertID) {
	ctx := c.Request.Context()
	done, err := s.dismissBeside(ctx, id, alertID)
	var answer saga.Answer
	if err == nil && !done {
		answer, err = s.cfg.Sagas.DismissAlert(ctx, id, saga.DismissAlertRequest{AlertID: alertID, Actor: CallerOf(ctx).Subject})
		if errors.Is(err, saga.ErrNotFound) || (err == nil && answer.Verdict == saga.VerdictTooLateClosed) { // it closed a moment ago
			var again error
			if done, again = s.dismissBeside(ctx, id, alertID); done || again != nil {
				err = again
			}
		}
	}
	if done {
		answer = saga.Answer{Verdict: saga.VerdictDone}
	}
	s.finishChange(c, change{orderID: id, name: saga.DismissAlertUpdate, unknown: errUnknownAlert}, answer, err)
}

// dismissBeside dismisses an alert that the order's saga can't dismiss, and reports whether there is one.
// Of a closed order, it returns an error if there is none.
func (s *Server) dismissBeside(ctx context.Context, id, alertID string) (done bool, err error) {
	f, err := s.find(ctx, id, 0)
	if err != nil {
		return false, err
	}
	var o order.Order
	if err := json.Unmarshal(f.doc, &o); err != nil {
		return false, fmt.Errorf("read the document of order %s: %w", id, err)
	}
	isIt := func(a order.Alert) bool { return a.ID == alertID }
	own := slices.ContainsFunc(o.AllAlerts(), isIt)
	if own && !o.Closed() {
		return false, nil
	}
	docs, err := s.payments(ctx, id, f, o.Closed())
	if err != nil {
		return false, err
	}
	money, err := order.ReadPayments(docs)
	if err != nil {
		return false, fmt.Errorf("read the payments of order %s: %w", id, err)
	}
	dispute, disputed := money.DisputeOf(alertID)
	switch {
	case disputed && !dispute.DismissedAt.IsZero(), money.IsDismissed(alertID):
		return true, nil
	case disputed:
		return true, s.dismissDispute(ctx, dispute)
	case own, slices.ContainsFunc(money.Alerts(), isIt):
		at := s.cfg.Now().UTC()
		return true, s.cfg.Orders.Dismiss(ctx, id, order.Dismissal{AlertID: alertID, At: at, Actor: CallerOf(ctx).Subject})
	case o.Closed():
		return false, errUnknownAlert
	}
	return false, nil
}

// dismissDispute dismisses the dispute that an alert is about, for those who may.
func (s *Server) dismissDispute(ctx context.Context, d order.Dispute) error {
	roles := CallerOf(ctx).Roles
	if !slices.Contains(roles, RoleOperator) && !slices.Contains(roles, RoleSupport) {
		return errRole
	}
	_, err := s.dismiss(ctx, openapi.DisputeName{Provider: d.Provider, DisputeID: d.ID})
	return err
}
