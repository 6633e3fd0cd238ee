package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/saga"
	"holdfast/search"
)

// Bounds of reading an order.
const (
	documentTimeout = 500 * time.Millisecond
	queryTimeout    = 2 * time.Second
)

// GetOrder implements ServerInterface.
func (s *Server) GetOrder(c *gin.Context, id openapi.ID, params openapi.GetOrderParams) {
	w, err := s.newWait(c, params)
	if err != nil {
		s.fail(c, err)
		return
	}
	doc, head, err := s.getOrder(c.Request.Context(), id, w, optional(params.Expand))
	if err != nil {
		s.fail(c, err)
		return
	}
	status := http.StatusOK
	if head.Status.Undecided() {
		status = http.StatusAccepted
	}
	s.writeOrder(c, status, doc)
}

// getOrder waits for the order and adds what is recorded beside it and the data that the caller asked for.
func (s *Server) getOrder(ctx context.Context, id string, w wait, expand []string) ([]byte, orderHead, error) {
	if err := checkExpand(expand); err != nil {
		return nil, orderHead{}, err
	}
	f, head, err := s.await(ctx, id, w)
	if err != nil {
		return nil, head, err
	}
	doc, err := s.settle(ctx, id, f, head)
	if err != nil {
		return nil, head, err
	}
	doc, err = s.expand(ctx, doc, expand)
	return doc, head, err
}

// orderHead is the part of a document that the gateway itself reads.
type orderHead struct {
	Shape      int          `json:"shape"`
	Status     order.Status `json:"status"`
	ClosedAt   time.Time    `json:"closedAt"`
	Version    int64        `json:"version"`
	CustomerID string       `json:"customerId"`
	Payment    struct {
		Status order.PaymentStatus `json:"status"`
	} `json:"payment"`
	Amounts struct {
		Paid int64 `json:"paid"`
	} `json:"amounts"`
}

func (h orderHead) closed() bool {
	o := order.Order{Shape: h.Shape, Status: h.Status, ClosedAt: h.ClosedAt}
	return o.Closed()
}

// readOrder reads the order's document, of at least the given version, and its head.
func (s *Server) readOrder(ctx context.Context, id string, version int64) (found, orderHead, error) {
	f, err := s.find(ctx, id, version)
	if err != nil {
		return found{}, orderHead{}, err
	}
	head, err := headOf(id, f.doc)
	return f, head, err
}

// readCopy is readOrder, but only from the copies in Redis.
func (s *Server) readCopy(ctx context.Context, id string) (found, orderHead, error) {
	doc, _, there, err := s.stored(ctx, id)
	if err != nil || !there {
		return found{}, orderHead{}, errors.Join(errNoOrder, err)
	}
	head, err := headOf(id, doc)
	return found{doc: doc}, head, err
}

func headOf(id string, doc []byte) (orderHead, error) {
	var head orderHead
	if err := json.Unmarshal(doc, &head); err != nil {
		return head, fmt.Errorf("read the document of order %s: %w", id, err)
	}
	return head, nil
}

// found is an order's document. A cold order, which closed so long ago that only the index has it,
// comes with its payments.
type found struct {
	doc []byte
	// left means that Redis no longer has the document, but the workflow does.
	left     bool
	cold     bool
	payments map[string]json.RawMessage
}

// find reads the order's document for the caller, of at least the given version.
func (s *Server) find(ctx context.Context, id string, version int64) (found, error) {
	f, err := s.findUnchecked(ctx, id, version)
	if err != nil {
		return found{}, err
	}
	if err := s.owned(ctx, id, f); err != nil {
		return found{}, err
	}
	return f, nil
}

// findUnchecked reads an order without checking its owner. If the copy in Redis is missing, too old
// or unavailable, it asks the workflow; if neither has the order, the index.
func (s *Server) findUnchecked(ctx context.Context, id string, version int64) (found, error) {
	doc, have, stored, err := s.stored(ctx, id)
	if err == nil && stored && have >= version {
		return found{doc: doc}, nil
	}
	asked, askErr := s.ask(ctx, id)
	switch {
	case askErr == nil:
		return found{doc: asked, left: err == nil && !stored}, nil
	case err == nil && stored: // older than requested, but still true at its version
		return found{doc: doc}, nil
	case errors.Is(askErr, saga.ErrUnknownOrder):
		return s.findCold(ctx, id, err)
	case errors.Is(askErr, saga.ErrStuck):
		askErr = fmt.Errorf("%w: %w", saga.ErrNoAnswer, askErr)
	}
	return found{}, askErr
}

func (s *Server) stored(ctx context.Context, id string) (doc []byte, version int64, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	return s.cfg.Orders.Get(ctx, id)
}

// ask returns the order from its workflow.
func (s *Server) ask(ctx context.Context, id string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	o, err := s.cfg.Sagas.Order(ctx, id)
	if err != nil {
		return nil, err
	}
	return json.Marshal(o)
}

// findCold reads an order that no longer has a workflow or, as far as is known, a document in
// Redis. It returns errNoOrder only if all three say that the order doesn't exist. Without an index
// no order goes cold.
func (s *Server) findCold(ctx context.Context, id string, unread error) (found, error) {
	o, err := fromView(ctx, s, func(ctx context.Context, i Index) (search.Order, error) { return i.GetOrder(ctx, id) })
	switch {
	case err == nil:
		return found{doc: o.Document, cold: true, payments: o.Payments}, nil
	case !errors.Is(err, search.ErrNotFound) && !errors.Is(err, errNoIndex):
		return found{}, fmt.Errorf("look for order %s in the index: %w", id, err)
	case unread != nil:
		return found{}, fmt.Errorf("%w: %w", errDocumentsUnavailable, unread)
	case errors.Is(err, search.ErrNotFound):
		if err := s.sayWhole(ctx); err != nil {
			return found{}, err
		}
	}
	return found{}, errNoOrder
}

// sayWhole returns an error if the view of orders may be missing orders that exist nowhere else, for
// example while it is being rebuilt.
func (s *Server) sayWhole(ctx context.Context) error {
	stale, err := fromView(ctx, s, func(ctx context.Context, i Index) ([]search.View, error) { return i.Stale(ctx) })
	if err != nil || !slices.Contains(stale, search.ViewOrders) {
		return err
	}
	gone, err := s.cfg.Orders.Forgotten(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errDocumentsUnavailable, err)
	}
	if len(gone) > 0 {
		return fmt.Errorf("%w: the view of orders isn't whole", errSearch)
	}
	return nil
}

// settle returns an order's document including what is recorded beside it, which may outlive the order:
// refunds, and alerts about its money. An open order that isn't paid has none. If that can't be read, the
// document is returned as it is: it is still true at its version, and GET …/payment reports the failure.
func (s *Server) settle(ctx context.Context, id string, f found, head orderHead) ([]byte, error) {
	tookMoney := head.Payment.Status == order.PaymentPaid && head.Amounts.Paid > 0
	if !tookMoney && !head.closed() {
		return f.doc, nil
	}
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	docs, err := s.payments(ctx, id, f, head.closed())
	if err == nil && tookMoney && len(docs) == 0 && head.closed() { // it left Redis a moment ago
		docs, err = s.payments(ctx, id, found{left: true}, true)
	}
	if err != nil {
		s.log.WarnContext(ctx, "an order is shown without its refunds", "order_id", id, "error", err)
		return f.doc, nil
	}
	return settled(f.doc, docs)
}

// current returns the order's document as callers see it, including what is recorded beside it.
func (s *Server) current(ctx context.Context, id string, version int64) ([]byte, error) {
	f, head, err := s.readOrder(ctx, id, version)
	if err != nil {
		return nil, err
	}
	return s.settle(ctx, id, f, head)
}

// settled returns the document with what is recorded beside it.
func settled(doc []byte, beside map[string][]byte) ([]byte, error) {
	if !order.NeedsSettling(beside) {
		return doc, nil
	}
	money, err := order.ReadPayments(beside)
	if err != nil {
		return nil, fmt.Errorf("read the payments of an order: %w", err)
	}
	var o order.Order
	if err := json.Unmarshal(doc, &o); err != nil {
		return nil, fmt.Errorf("read an order: %w", err)
	}
	o.Settle(money)
	if doc, err = replaceMember(doc, "amounts", o.Amounts); err != nil {
		return nil, err
	}
	if doc, err = replaceMember(doc, "payment", o.Payment); err != nil {
		return nil, err
	}
	if doc, err = withRefunded(doc, o.Fulfilment); err != nil {
		return nil, err
	}
	return withAlerts(doc, o.AllAlerts())
}

// withRefunded returns the document with what went back for each of the order's parts.
func withRefunded(doc []byte, f *order.Fulfilment) ([]byte, error) {
	if f == nil {
		return doc, nil
	}
	changed := map[string]any{}
	if slices.ContainsFunc(f.Removals, func(r order.Removal) bool { return r.Refunded > 0 }) {
		changed["removals"] = f.Removals
	}
	if slices.ContainsFunc(f.Returns, func(r order.Return) bool { return r.Refunded > 0 }) {
		changed["returns"] = f.Returns
	}
	if slices.ContainsFunc(f.Packages, func(p order.Package) bool { return p.Resolution != nil && p.Resolution.Refunded > 0 }) {
		changed["packages"] = f.Packages
	}
	by := map[string][]byte{}
	for name, parts := range changed {
		raw, err := json.Marshal(parts)
		if err != nil {
			return nil, fmt.Errorf("write the %s of an order: %w", name, err)
		}
		by[name] = raw
	}
	return replaceMembers(doc, by)
}

// withAlerts returns the document with these alerts.
func withAlerts(doc []byte, alerts []order.Alert) ([]byte, error) {
	doc, err := replaceMembers(doc, map[string][]byte{"alerts": nil})
	if err != nil || len(alerts) == 0 {
		return doc, err
	}
	return withMember(doc, "alerts", alerts)
}

// writeOrder answers with an order's document as the caller may see it.
func (s *Server) writeOrder(c *gin.Context, status int, doc []byte) {
	shown, err := orderFor(CallerOf(c.Request.Context()), doc)
	if err != nil {
		s.fail(c, err)
		return
	}
	if status == http.StatusAccepted {
		c.Header("Retry-After", askAgain)
	}
	if c.Request.Method == http.MethodPost { // an ETag is for what GET returns at the path
		c.Data(status, jsonType, shown)
		return
	}
	writeTagged(c, status, jsonType, shown)
}

// askAgain is the Retry-After of what is not decided or done yet, in seconds.
const askAgain = "1"
