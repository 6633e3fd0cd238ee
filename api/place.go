package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/product"
	"holdfast/saga"
)

// PlaceOrder implements ServerInterface.
func (s *Server) PlaceOrder(c *gin.Context, params openapi.PlaceOrderParams) {
	p, err := s.readPlacement(c, params.IdempotencyKey)
	if err != nil {
		s.fail(c, err)
		return
	}
	ctx := c.Request.Context()
	keyed := params.IdempotencyKey != nil
	seen, err := s.available(ctx, p, keyed)
	if err != nil {
		s.metrics.placements.WithLabelValues("refused").Inc()
		s.fail(c, err)
		return
	}
	p.Currency = seen.currency
	if p.Fingerprint, err = fingerprint(p); err != nil {
		s.fail(c, err)
		return
	}
	placed, err := s.place(ctx, p, seen.total)
	s.metrics.placements.WithLabelValues(placementAnswer(placed, err)).Inc()
	if err != nil {
		s.fail(c, withOrderID(s.sagasRefusal(ctx, p, err), p.OrderID))
		return
	}
	c.Header("Location", "/v1/orders/"+p.OrderID)
	if !placed.decided {
		s.writeOrder(c, http.StatusAccepted, placed.doc)
		return
	}
	s.writeOrder(c, http.StatusCreated, placed.doc)
}

// readPlacement reads and validates the request.
func (s *Server) readPlacement(c *gin.Context, key *string) (order.Placement, error) {
	var in openapi.OrderRequest
	if err := checkKey(key); err != nil {
		return order.Placement{}, err
	}
	if err := decode(c, &in); err != nil {
		return order.Placement{}, err
	}
	caller := CallerOf(c.Request.Context())
	customer, err := customerOf(in.CustomerID, caller)
	if err != nil {
		return order.Placement{}, err
	}
	id, err := orderID(customer, key)
	if err != nil {
		return order.Placement{}, fmt.Errorf("name an order: %w", err)
	}
	p := order.Placement{
		OrderID: id, CustomerID: customer, Lines: in.Lines, Address: in.Address,
		Metadata: in.Metadata, ExternalReference: in.ExternalReference,
		Actor: caller.Subject, PaymentWindow: s.cfg.PaymentWindow, Money: s.cfg.Money,
		MaxOpenOrders: s.cfg.MaxOpenOrders, MaxUnits: s.cfg.MaxUnits, MaxCustomerUnits: s.cfg.MaxCustomerUnits,
		Saga: order.SagaVersion, ReturnWindow: s.cfg.ReturnWindow,
	}
	if len(p.Lines) > s.cfg.MaxLines {
		return order.Placement{}, product.Invalid{{Path: "lines", Reason: fmt.Sprintf("must have 1 to %d", s.cfg.MaxLines)}}
	}
	if err := p.Validate(); err != nil {
		return order.Placement{}, err
	}
	if err := s.takeLines(c, len(p.Lines)); err != nil {
		return order.Placement{}, err
	}
	return p, fits(p)
}

// available refuses a placement that is sold out before anything is started. If the stock can't be
// read in time, or the order of this key already exists, the saga decides.
func (s *Server) available(ctx context.Context, p order.Placement, keyed bool) (availability, error) {
	v, err := s.readAvailability(ctx, p, keyed)
	switch {
	case err != nil:
		s.metrics.availabilityReads.WithLabelValues("failed").Inc()
		s.log.WarnContext(ctx, "the availability read failed; the saga decides", "order_id", p.OrderID, "error", err)
		return availability{}, nil
	case len(v.shortages) == 0:
		s.metrics.availabilityReads.WithLabelValues("free").Inc()
		return v, nil
	case keyed && (v.known || s.hasDocument(ctx, p.OrderID)):
		s.metrics.availabilityReads.WithLabelValues("retried").Inc()
		return availability{}, nil
	}
	s.metrics.availabilityReads.WithLabelValues("refused").Inc()
	return availability{}, s.refuseOpen(refusal(shortagesFor(CallerOf(ctx), v.shortages)), v.open)
}

// refuseOpen adds to a refusal for too many open orders when to try again.
func (s *Server) refuseOpen(p *Problem, open order.OpenOrders) *Problem {
	if p.Status != http.StatusTooManyRequests {
		return p
	}
	p.Limit = s.cfg.MaxOpenOrders
	p.retryAfter = time.Minute // if unknown
	if !open.Until.IsZero() {
		p.retryAfter = max(open.Until.Sub(s.cfg.Now()).Round(time.Second), time.Second)
	}
	return p
}

// sagasRefusal completes a rejection by the saga, which doesn't say when the first of the
// customer's open orders ends.
func (s *Server) sagasRefusal(ctx context.Context, p order.Placement, err error) error {
	refused, ok := errors.AsType[*Problem](err)
	if !ok || refused.Status != http.StatusTooManyRequests {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, availabilityTimeout)
	defer cancel()
	_, open, _ := s.cfg.Products.Look(ctx, product.Buyer{CustomerID: p.CustomerID}, nil)
	return s.refuseOpen(refused, open)
}

// hasDocument reports whether the order was placed before. If that is unknown it returns true: a
// retry must find its order.
func (s *Server) hasDocument(ctx context.Context, orderID string) bool {
	ctx, cancel := context.WithTimeout(ctx, availabilityTimeout)
	defer cancel()
	_, _, found, err := s.cfg.Orders.Get(ctx, orderID)
	return found || err != nil
}

// fingerprint distinguishes two bodies under one key by what they request, not by how they are
// written. A request without a field that was added later keeps its fingerprint, so that older
// orders are still found under their keys.
func fingerprint(p order.Placement) (string, error) {
	body, err := json.Marshal(struct {
		CustomerID        string
		Lines             []order.LineRequest
		Address           *order.Address
		Metadata          product.Metadata `json:",omitempty"`
		ExternalReference string           `json:",omitempty"`
	}{p.CustomerID, p.Lines, p.Address, p.Metadata, p.ExternalReference})
	if err != nil {
		return "", fmt.Errorf("take the fingerprint of order %s: %w", p.OrderID, err)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:]), nil
}

// What a line's document has in addition to the request's fields: its title, sku and amount once it
// is held, its numbers, and the names of its fields.
const (
	lineBytes    = order.MaxTitleBytes + 180
	journalBytes = 16 << 10
)

// fits returns an error if the order's document could become too large, as far as that can be known
// before its products are.
func fits(p order.Placement) error {
	size := journalBytes + order.RoomToPlace(len(p.Lines))
	if a := p.Address; a != nil {
		for _, f := range []string{
			a.Recipient, a.Phone, a.Email, a.Line1, a.Line2, a.City, a.Region, a.PostalCode, a.Country,
		} {
			size += 2 * len(f)
		}
	}
	kept, err := json.Marshal([]any{p.Metadata, p.ExternalReference})
	if err != nil {
		return fmt.Errorf("measure the metadata of order %s: %w", p.OrderID, err)
	}
	size += len(kept)
	for _, l := range p.Lines {
		size += lineBytes + len(l.ProductID) + max(len(l.SKU), 64)
	}
	if size > order.MaxDocumentBytes {
		return order.ErrDocumentTooLarge
	}
	return nil
}

// withOrderID adds the order's id to the problem of a placement whose outcome is unknown, because
// the order may exist after all.
func withOrderID(err error, id string) error {
	if !errors.Is(err, saga.ErrUnanswered) && !errors.Is(err, saga.ErrNoAnswer) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	p := *problemOf(err)
	p.OrderID = id
	return fmt.Errorf("%w: %w", &p, err)
}

// placed is the result of a placement that was not refused.
type placed struct {
	decided bool
	doc     []byte
}

// place starts the order's saga, or finds the one that an earlier call started, and waits
// for its decision.
func (s *Server) place(ctx context.Context, p order.Placement, total *int64) (placed, error) {
	came, err := s.cfg.Sagas.Place(ctx, p, total)
	if err != nil {
		return placed{}, fmt.Errorf("place order %s: %w", p.OrderID, err)
	}
	if came.Outcome.Fingerprint != p.Fingerprint {
		return placed{}, errMismatch
	}
	if !came.Decided {
		doc, err := json.Marshal(order.New(p, came.Begun))
		return placed{doc: doc}, err
	}
	if came.Outcome.Status == order.StatusRejected {
		return placed{}, rejection(CallerOf(ctx), came.Outcome)
	}
	doc, err := s.current(ctx, p.OrderID, came.Outcome.Version)
	return placed{decided: true, doc: doc}, err
}

// rejection returns why an order was rejected.
func rejection(caller Caller, o order.Outcome) error {
	if o.Reason == order.ReasonUnavailable {
		return errStockUnavailable
	}
	return refusal(shortagesFor(caller, o.Shortages))
}

// placementAnswer returns the name of a result in the metrics.
func placementAnswer(p placed, err error) string {
	switch {
	case err == nil && p.decided:
		return "held"
	case err == nil:
		return "undecided"
	case errors.Is(err, errMismatch):
		return "mismatch"
	case problemOf(err).Shortages != nil:
		return "rejected"
	}
	return "unavailable"
}
