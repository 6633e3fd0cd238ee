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
	"holdfast/price"
	"holdfast/product"
	"holdfast/quoting"
	"holdfast/saga"
)

// placing is a placement as it is being prepared, with what its quote depends on.
type placing struct {
	order.Placement
	couponCodes      []string // folded, each once
	sentCodes        []string // as they were sent
	shippingMethodID string
	addressID        string
	expectedTotal    *int64
	reductions       []price.Command // by the shop's commands
	runsFor          []share         // against which the shop's commands count
	titles           []string        // of the lines, if commands worked on the order
}

// PlaceOrder implements ServerInterface.
func (s *Server) PlaceOrder(c *gin.Context, params openapi.PlaceOrderParams) {
	p, err := s.readPlacement(c, params.IdempotencyKey)
	if err == nil {
		err = s.codeLimits.try(c, p.couponCodes)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	ctx := c.Request.Context()
	placed, err := s.placeQuoted(ctx, p, params.IdempotencyKey != nil)
	s.codeLimits.tried(c, p.couponCodes, err)
	s.metrics.placements.WithLabelValues(placementAnswer(placed, err)).Inc()
	if err != nil {
		refusal := s.sagasRefusal(ctx, p.Placement, err)
		if !errors.As(err, new(refusedError)) {
			refusal = withOrderID(refusal, p.OrderID)
		}
		s.fail(c, refusal)
		return
	}
	c.Header("Location", "/v1/orders/"+p.OrderID)
	if !placed.decided {
		s.writeOrder(c, http.StatusAccepted, placed.doc)
		return
	}
	s.writeOrder(c, http.StatusCreated, placed.doc)
}

// placeQuoted places the order with its quote, or returns what became of an earlier call with its key.
// An order that can't be quoted is not started.
func (s *Server) placeQuoted(ctx context.Context, p placing, keyed bool) (placed, error) {
	quote, err := s.quote(ctx, &p, keyed)
	if unless, ok := errors.AsType[unlessPlacedError](err); ok {
		return s.placedBefore(ctx, p.Placement, unless.refusal)
	}
	if err != nil {
		return placed{}, refusedError{err}
	}
	p.Quote, p.Currency = &quote, quote.Currency
	return s.place(ctx, p.Placement, keyed, s.cfg.Sagas.Place)
}

// placedBefore returns the answer to an earlier call, or the refusal if there was none.
func (s *Server) placedBefore(ctx context.Context, p order.Placement, refusal error) (placed, error) {
	came, err := s.place(ctx, p, true, s.cfg.Sagas.Placed)
	if errors.Is(err, saga.ErrNotFound) {
		return placed{}, refusedError{refusal}
	}
	return came, err
}

// refusedError is an error before anything was started.
type refusedError struct{ error }

func (r refusedError) Unwrap() error { return r.error }

// readPlacement reads and validates the request.
func (s *Server) readPlacement(c *gin.Context, key *string) (placing, error) {
	var in openapi.OrderRequest
	if err := checkKey(key); err != nil {
		return placing{}, err
	}
	if err := decode(c, &in); err != nil {
		return placing{}, err
	}
	caller := CallerOf(c.Request.Context())
	customer, err := customerOf(in.CustomerID, caller)
	if err != nil {
		return placing{}, err
	}
	id, err := orderID(customer, key)
	if err != nil {
		return placing{}, fmt.Errorf("name an order: %w", err)
	}
	p := placing{
		Placement: order.Placement{
			OrderID: id, CustomerID: customer, Lines: in.Lines, Address: in.Address,
			Metadata: in.Metadata, ExternalReference: in.ExternalReference,
			Actor: caller.Subject, PaymentWindow: s.cfg.PaymentWindow, Money: s.cfg.Money,
			MaxOpenOrders: s.cfg.MaxOpenOrders, MaxUnits: s.cfg.MaxUnits, MaxCustomerUnits: s.cfg.MaxCustomerUnits,
			Saga: order.SagaVersion, ReturnWindow: s.cfg.ReturnWindow,
		},
		sentCodes: in.CouponCodes, shippingMethodID: in.ShippingMethodID, addressID: in.AddressID,
		expectedTotal: in.ExpectedTotal, runsFor: s.chainHolders(c),
	}
	s.countNetwork(c, &p.Placement)
	if p.couponCodes, err = foldCodes(in.CouponCodes); err != nil {
		return placing{}, err
	}
	if err := s.checkPlacement(c, p); err != nil {
		return placing{}, err
	}
	p.Fingerprint, err = fingerprint(p)
	p.Address = p.Address.Normal() // after the fingerprint, which repeated calls of before must find
	return p, err
}

// checkPlacement returns an error if the placement is invalid or too large, and charges its lines to
// the caller's allowance.
func (s *Server) checkPlacement(c *gin.Context, p placing) error {
	if len(p.Lines) > s.cfg.MaxLines {
		return product.Invalid{{Path: "lines", Reason: fmt.Sprintf("must have 1 to %d", s.cfg.MaxLines)}}
	}
	if err := p.checkAddress(); err != nil {
		return err
	}
	if p.expectedTotal != nil && *p.expectedTotal < 0 {
		return product.Invalid{{Path: "expectedTotal", Reason: "must not be negative"}}
	}
	if err := p.Validate(); err != nil {
		return err
	}
	if err := s.takeLines(c, len(p.Lines)); err != nil {
		return err
	}
	return fits(p.Placement)
}

// refuseOpen adds to a refusal for too many open orders when to try again.
func (s *Server) refuseOpen(p *Problem, open order.OpenOrders) *Problem {
	if p.Status != http.StatusTooManyRequests {
		return p
	}
	until := open.Until
	p.Limit = s.cfg.MaxOpenOrders
	if order.Gravest(p.Shortages) == product.ReasonTooManyNetworkOrders {
		_, p.Limit, until = open.FullNetwork(s.cfg.MaxNetworkOrders)
	}
	p.retryAfter = time.Minute // if unknown
	if !until.IsZero() {
		p.retryAfter = max(until.Sub(s.cfg.Now()).Round(time.Second), time.Second)
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
	seen, _ := s.cfg.Quoting.Look(ctx, quoting.Ask{Buyer: product.Buyer{CustomerID: p.CustomerID, Network: p.Network}})
	return s.refuseOpen(refused, seen.Open)
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
// written, and never by what the request comes to. A request without a field that was added later
// keeps its fingerprint, so that older orders are still found under their keys.
func fingerprint(p placing) (string, error) {
	body, err := json.Marshal(struct {
		CustomerID        string
		Lines             []order.LineRequest
		Address           *order.Address
		Metadata          product.Metadata `json:",omitempty"`
		ExternalReference string           `json:",omitempty"`
		CouponCodes       []string         `json:",omitempty"`
		ShippingMethodID  string           `json:",omitempty"`
		ExpectedTotal     *int64           `json:",omitempty"`
		AddressID         string           `json:",omitempty"`
	}{
		p.CustomerID, p.Lines, p.Address, p.Metadata, p.ExternalReference,
		p.sentCodes, p.shippingMethodID, p.expectedTotal, p.addressID,
	})
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
	size := journalBytes + order.RoomToPlace(len(p.Lines)) + p.Commands.Room()
	if a := p.Address; a != nil {
		for _, f := range []string{
			a.Recipient, a.Phone, a.Email, a.Line1, a.Line2, a.City, a.Region, a.PostalCode, a.Country,
		} {
			size += 2 * len(f)
		}
	}
	kept, err := json.Marshal([]any{p.Metadata, p.ExternalReference, p.Commands})
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

// withOrderID adds the order's id to the problem of a placement that was started: the order may exist, or
// was rejected, or is an earlier one with another body under the same key.
func withOrderID(err error, id string) error {
	p := *problemOf(err)
	p.OrderID = id
	return fmt.Errorf("%w: %w", &p, err)
}

// placed is the result of a placement that was not refused.
type placed struct {
	decided bool
	doc     []byte
}

// place asks the order's saga, which may be that of an earlier call, and waits for its decision.
func (s *Server) place(
	ctx context.Context, p order.Placement, keyed bool, ask func(context.Context, order.Placement) (saga.Placed, error),
) (placed, error) {
	came, err := ask(ctx, p)
	if err != nil {
		return placed{}, fmt.Errorf("place order %s: %w", p.OrderID, err)
	}
	if came.Outcome.Fingerprint != p.Fingerprint {
		return placed{}, errMismatch
	}
	if !came.Decided {
		if keyed { // an earlier call may have placed it by another quote
			p.Quote = nil
		}
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
	if o.Reason == order.ReasonCoupon {
		return couponsRefused(o.Coupons)
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
	case errors.As(err, new(refusedError)):
		return "refused"
	case errors.Is(err, errMismatch):
		return "mismatch"
	case problemOf(err).Shortages != nil, problemOf(err).Coupons != nil:
		return "rejected"
	}
	return "unavailable"
}
