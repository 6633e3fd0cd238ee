package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"holdfast/api/openapi"
	"holdfast/carrier"
	"holdfast/saga"
)

// scansAtOnce limits how many orders are told the scans of one callback at the same time.
const scansAtOnce = 8

// CarrierCallback implements ServerInterface. It answers only after each scan is durable: stored by
// Temporal for the orders that it concerns, or else by Redis.
func (s *Server) CarrierCallback(c *gin.Context, name openapi.ID) {
	adapter, ok := s.cfg.Carriers[name]
	if !ok {
		s.fail(c, errNoCarrier)
		return
	}
	message, err := body(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	scans, err := adapter.Callback(c.Request.Header, message, s.cfg.Now())
	if err != nil && !errors.Is(err, carrier.ErrIgnored) { // a carrier retries what is rejected
		s.fail(c, callbackError(err))
		return
	}
	s.proven.note(network(c.ClientIP()))
	if err := s.takeScans(c.Request.Context(), name, scans); err != nil {
		s.fail(c, fmt.Errorf("take the scans of carrier %s: %w", name, err))
		return
	}
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
}

// takeScans passes scans on to the orders whose packages have their tracking numbers. The others wait.
func (s *Server) takeScans(ctx context.Context, name string, scans []carrier.Scan) error {
	if len(scans) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, deliverTimeout)
	defer cancel()
	for i := range scans {
		scans[i].Event.RecordedAt, scans[i].Event.Actor = s.cfg.Now().UTC(), "carrier:"+name
	}
	all, err := s.cfg.Tracking.Scans(ctx, name, scans)
	if err != nil {
		return fmt.Errorf("%w: %w", errTracking, err)
	}
	var told errgroup.Group
	told.SetLimit(scansAtOnce)
	for _, met := range all {
		s.metrics.scans.WithLabelValues(name, answerTo(met)).Inc()
		if met.Dropped {
			s.log.WarnContext(ctx, "a scan is dropped: its tracking number has too many", "carrier", name, "event_id", met.Event.ID)
		}
		for _, o := range met.Owners {
			told.Go(func() error { return s.tellScan(ctx, name, met.Scan, o) })
		}
	}
	return told.Wait()
}

// answerTo names what became of a scan, for the metrics.
func answerTo(s carrier.Scanned) string {
	switch {
	case s.Dropped:
		return "dropped"
	case s.Waits:
		return "waits"
	case len(s.Owners) == 0:
		return "known"
	}
	return "passed_on"
}

// tellScan passes a scan on to one order. If the order is closed, or accepts no more messages, the scan
// waits for another package.
func (s *Server) tellScan(ctx context.Context, name string, scan carrier.Scan, o carrier.Owner) error {
	n := carrier.Number{Adapter: name, Number: scan.TrackingNumber}
	err := s.cfg.Sagas.TellScan(ctx, o.OrderID, saga.Scan{
		PackageID: o.PackageID, Event: scan.Event, Carrier: name, TrackingNumber: scan.TrackingNumber,
	})
	switch {
	case neverTakes(err):
		return tracked(s.cfg.Tracking.Unmatch(ctx, n, scan.Event, o.OrderID, o.PackageID))
	case err != nil:
		return fmt.Errorf("tell order %s of scan %s: %w", o.OrderID, scan.Event.ID, err)
	}
	s.cfg.Tracking.TakenLater(carrier.Taken{Number: n, EventID: scan.Event.ID, OrderID: o.OrderID, PackageID: o.PackageID})
	return nil
}

// neverTakes reports whether an order will never accept a message.
func neverTakes(err error) bool {
	return errors.Is(err, saga.ErrNotFound) || errors.Is(err, saga.ErrNeverTaken)
}

// tracked returns the error of a call to the tracking numbers, of which only a few are answers.
func tracked(err error) error {
	for _, answer := range []error{nil, carrier.ErrUnknownScan, carrier.ErrScanTaken, carrier.ErrKeyReused, carrier.ErrNoPage} {
		if errors.Is(err, answer) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", errTracking, err)
}
