package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

const (
	// maxEvents of one call.
	maxEvents = 100
	// eventsWait is how long a call waits until the order shows its messages.
	eventsWait = 5 * time.Second
)

// ReportEvents implements ServerInterface.
func (s *Server) ReportEvents(c *gin.Context, id openapi.ID, packageID openapi.PackageID) {
	events, err := s.readEvents(c)
	if err == nil {
		err = s.findPackage(c.Request.Context(), id, packageID, events)
	}
	if err == nil {
		err = s.report(c.Request.Context(), id, packageID, events)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	shows := func(doc []byte) bool { return showsEvents(doc, packageID, events) }
	w := wait{most: eventsWait, holders: s.waitHolders(c)}
	f, head, err := s.awaitUntil(c.Request.Context(), id, w, func(doc []byte, _ orderHead) bool { return shows(doc) })
	if err == nil {
		status := http.StatusOK
		if !shows(f.doc) {
			status = http.StatusAccepted
		}
		var doc []byte
		if doc, err = s.settle(c.Request.Context(), id, f, head); err == nil {
			s.writeOrder(c, status, doc)
			return
		}
	}
	s.fail(c, err)
}

func (s *Server) readEvents(c *gin.Context) ([]order.PackageEvent, error) {
	var in openapi.EventsRequest
	if err := decode(c, &in); err != nil {
		return nil, err
	}
	var bad product.Invalid
	if len(in.Events) == 0 || len(in.Events) > maxEvents {
		bad.Add("events", fmt.Sprintf("must have 1 to %d", maxEvents))
		return nil, bad
	}
	now, actor := s.cfg.Now().UTC(), CallerOf(c.Request.Context()).Subject
	events := make([]order.PackageEvent, len(in.Events))
	for i, e := range in.Events {
		node := checkEvent(&bad, "events["+strconv.Itoa(i)+"].", e, now)
		events[i] = order.PackageEvent{
			ID: e.ID, Node: node, Mark: order.Mark(e.Mark), OccurredAt: e.OccurredAt.UTC(), RecordedAt: now, Actor: actor, Detail: e.Detail,
		}
		if slices.ContainsFunc(events[:i], events[i].Contradicts) {
			bad.Add("events["+strconv.Itoa(i)+"].id", "is that of another message in this call")
		}
	}
	return events, bad.OrNil()
}

// checkEvent adds problems for a message, and returns its node.
func checkEvent(bad *product.Invalid, at string, e openapi.EventReport, now time.Time) order.Node {
	if !product.ValidID(e.ID) {
		bad.Add(at+"id", "must match [A-Za-z0-9._~-]{1,64}")
	}
	node, _ := order.ParseNode(e.Node)
	switch {
	case (e.Node == "") == (e.Mark == ""):
		bad.Add(at+"node", "either node or mark is required")
	case e.Node == order.NodePacked.String():
		bad.Add(at+"node", "a package is packed by adding it to the order")
	case e.Node != "" && !node.OfPackage():
		bad.Add(at+"node", "must be left_warehouse, in_transit, out_for_delivery or delivered")
	case e.Mark != "" && !order.Mark(e.Mark).Known():
		bad.Add(at+"mark", "must be delayed, delivery_failed, ready_for_pickup, refused, lost, damaged or returned_to_sender")
	}
	switch {
	case e.OccurredAt.IsZero():
		bad.Add(at+"occurredAt", "is required")
	case e.OccurredAt.UTC().Year() < firstYear:
		bad.Add(at+"occurredAt", fmt.Sprintf("must not lie before the year %d", firstYear))
	case e.OccurredAt.After(now.Add(day)):
		bad.Add(at+"occurredAt", "must not lie more than a day ahead")
	}
	checkShort(bad, at+"detail", e.Detail)
	return node
}

// findPackage returns an error if the order is closed or has no such package, or if the package has one of
// the messages with another content. A message that was sent a moment ago may not be among them yet.
func (s *Server) findPackage(ctx context.Context, id, packageID string, events []order.PackageEvent) error {
	f, head, err := s.readOrder(ctx, id, 0)
	if err != nil {
		return err
	}
	p := packageOf(f.doc, packageID)
	if p == nil { // the copy may be older than the package
		doc, err := s.ask(ctx, id)
		if err != nil && !errors.Is(err, saga.ErrUnknownOrder) {
			return err
		}
		if p = packageOf(doc, packageID); p == nil {
			return order.ErrUnknownPackage
		}
	}
	if head.closed() {
		return errOrderClosed
	}
	for _, e := range events {
		if p.Contradicts(e) {
			other := *problemOf(errMismatch)
			other.Detail = "the package has message " + e.ID + " with another content"
			return &other
		}
	}
	return nil
}

// packageOf returns a package of the order's document, or nil if there is none.
func packageOf(doc []byte, id string) *order.Package {
	o, err := readGoods(doc)
	if err != nil {
		return nil
	}
	return o.Package(id)
}

// report sends the messages to the order's saga. Each is durable once it is sent, and may be sent again.
func (s *Server) report(ctx context.Context, id, packageID string, events []order.PackageEvent) error {
	for _, e := range events {
		err := s.cfg.Sagas.TellScan(ctx, id, saga.Scan{PackageID: packageID, Event: e})
		switch {
		case errors.Is(err, saga.ErrNotFound):
			return errOrderClosed
		case errors.Is(err, saga.ErrNeverTaken):
			return limitReached.problem("the order has received the maximum number of messages")
		case err != nil:
			return fmt.Errorf("report event %s of order %s: %w", e.ID, id, err)
		}
	}
	return nil
}

// showsEvents reports whether the order's document has all messages.
func showsEvents(doc []byte, packageID string, events []order.PackageEvent) bool {
	var o struct {
		Packages []order.Package `json:"packages"`
	}
	if json.Unmarshal(doc, &o) != nil {
		return false
	}
	i := slices.IndexFunc(o.Packages, func(p order.Package) bool { return p.ID == packageID })
	if i < 0 {
		return false
	}
	return !slices.ContainsFunc(events, func(e order.PackageEvent) bool { return !o.Packages[i].Knows(e.ID) })
}

// StrikeEvent implements ServerInterface.
func (s *Server) StrikeEvent(c *gin.Context, id openapi.ID, packageID openapi.PackageID) {
	r, err := readStrike(c, packageID)
	if err != nil {
		s.fail(c, err)
		return
	}
	answer, err := s.cfg.Sagas.Strike(c.Request.Context(), id, r)
	s.finishChange(c, change{orderID: id, name: saga.StrikeUpdate, unknown: errUnknownEvent}, answer, err)
}

func readStrike(c *gin.Context, packageID string) (saga.StrikeRequest, error) {
	var in openapi.StrikeRequest
	if err := decode(c, &in); err != nil {
		return saga.StrikeRequest{}, err
	}
	var bad product.Invalid
	if !product.ValidID(in.EventID) {
		bad.Add("eventId", "must match [A-Za-z0-9._~-]{1,64}")
	}
	checkShort(&bad, "note", in.Note)
	return saga.StrikeRequest{
		PackageID: packageID, EventID: in.EventID, Note: in.Note, Actor: CallerOf(c.Request.Context()).Subject,
	}, bad.OrNil()
}
