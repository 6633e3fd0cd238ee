package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/carrier"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// scanIDs are the ids of scans in paths.
var scanIDs = regexp.MustCompile(`^[A-Za-z0-9_-]{1,500}$`)

// ListUnmatchedScans implements ServerInterface.
func (s *Server) ListUnmatchedScans(c *gin.Context, params openapi.ListUnmatchedScansParams) {
	page, err := s.unmatchedScans(c.Request.Context(), params)
	if err != nil {
		s.fail(c, fmt.Errorf("list the scans that wait: %w", err))
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) unmatchedScans(ctx context.Context, params openapi.ListUnmatchedScansParams) (openapi.UnmatchedScanPage, error) {
	const of = "scans"
	limit, from, err := pageAsked(params.Limit, params.Cursor, of)
	if err != nil {
		return openapi.UnmatchedScanPage{}, err
	}
	found, next, err := s.cfg.Tracking.Unmatched(ctx, limit, string(from))
	if errors.Is(err, carrier.ErrNoPage) {
		return openapi.UnmatchedScanPage{}, pageError(saga.ErrNoPage)
	}
	if err != nil {
		return openapi.UnmatchedScanPage{}, tracked(err)
	}
	page := openapi.UnmatchedScanPage{Items: make([]openapi.UnmatchedScan, len(found)), NextCursor: refundCursor([]byte(next), of)}
	for i, u := range found {
		page.Items[i] = openapi.UnmatchedScan{
			ID: u.ID, Carrier: u.Adapter, TrackingNumber: u.Number.Number, Mark: string(u.Event.Mark),
			OccurredAt: u.Event.OccurredAt, Detail: u.Event.Detail, Since: u.Since,
		}
		if u.Event.Node != 0 {
			page.Items[i].Node = u.Event.Node.String()
		}
	}
	return page, nil
}

// AssignScan implements ServerInterface.
func (s *Server) AssignScan(c *gin.Context, scanID string, params openapi.AssignScanParams) {
	var in openapi.ScanAssignment
	err := decodeKeyed(c, params.IdempotencyKey, &in)
	if err == nil {
		err = checkAssignment(in)
	}
	if err == nil {
		err = s.assignScan(c.Request.Context(), scanID, in, optional(params.IdempotencyKey))
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
}

func checkAssignment(in openapi.ScanAssignment) error {
	var bad product.Invalid
	if !product.ValidID(in.OrderID) {
		bad.Add("orderId", badID)
	}
	if !product.ValidID(in.PackageID) {
		bad.Add("packageId", badID)
	}
	return bad.OrNil()
}

// assignScan claims the scan, so that it can't be assigned to two packages, and passes it on. Each step
// may be repeated. If the package can't take it, the scan waits again.
func (s *Server) assignScan(ctx context.Context, id string, to openapi.ScanAssignment, key string) error {
	scan, err := s.cfg.Tracking.Claim(ctx, id, to.OrderID, to.PackageID, key)
	if err != nil {
		return tracked(err)
	}
	if scan.Taken {
		return nil
	}
	err = s.passOn(ctx, scan, to)
	if errors.Is(err, errNotOpen) || errors.Is(err, errNoOrder) || errors.Is(err, order.ErrUnknownPackage) {
		return errors.Join(err, tracked(s.cfg.Tracking.Unmatch(ctx, scan.Number, scan.Event, to.OrderID, to.PackageID)))
	}
	if err != nil {
		return fmt.Errorf("assign scan %s to order %s: %w", scan.Event.ID, to.OrderID, err)
	}
	return tracked(s.cfg.Tracking.Taken(ctx, carrier.Taken{
		Number: scan.Number, EventID: scan.Event.ID, OrderID: to.OrderID, PackageID: to.PackageID,
	}))
}

func (s *Server) passOn(ctx context.Context, scan carrier.Claimed, to openapi.ScanAssignment) error {
	f, head, err := s.readOrder(ctx, to.OrderID, 0)
	if err != nil {
		return err
	}
	if head.closed() {
		return errNotOpen
	}
	var o struct {
		Packages []struct {
			ID        string    `json:"id"`
			RemovedAt time.Time `json:"removedAt"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(f.doc, &o); err != nil {
		return fmt.Errorf("read the packages of order %s: %w", to.OrderID, err)
	}
	for _, p := range o.Packages {
		if p.ID == to.PackageID && p.RemovedAt.IsZero() {
			return s.tellAssigned(ctx, scan, to)
		}
	}
	return order.ErrUnknownPackage
}

func (s *Server) tellAssigned(ctx context.Context, scan carrier.Claimed, to openapi.ScanAssignment) error {
	scan.Event.Actor = CallerOf(ctx).Subject
	scan.Event.RecordedAt = s.cfg.Now() // the return window must not have passed while it waited
	err := s.cfg.Sagas.TellScan(ctx, to.OrderID, saga.Scan{
		PackageID: to.PackageID, Event: scan.Event, Carrier: scan.Adapter, TrackingNumber: scan.Number.Number, Assigned: true,
	})
	if neverTakes(err) {
		return errNotOpen
	}
	return err
}
