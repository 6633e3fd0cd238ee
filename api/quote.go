package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
)

// unlessPlaced is the refusal of an order that an earlier call with its key may have placed. That
// one's answer comes first.
type unlessPlaced struct{ refusal error }

func (u unlessPlaced) Error() string { return u.refusal.Error() }

func (u unlessPlaced) Unwrap() error { return u.refusal }

// QuoteOrder implements ServerInterface.
func (s *Server) QuoteOrder(c *gin.Context) {
	p, err := s.readQuoteRequest(c)
	if err != nil {
		s.fail(c, err)
		return
	}
	quote, err := s.quote(c.Request.Context(), p, false)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, quote)
}

// readQuoteRequest reads and validates the request, as that of an order which can't be placed.
func (s *Server) readQuoteRequest(c *gin.Context) (placing, error) {
	var in openapi.QuoteRequest
	if err := decode(c, &in); err != nil {
		return placing{}, err
	}
	customer, err := customerOf(in.CustomerID, CallerOf(c.Request.Context()))
	if err != nil {
		return placing{}, err
	}
	p := placing{
		Placement: order.Placement{
			OrderID: "quote", CustomerID: customer, Lines: in.Lines, Address: in.Address,
			PaymentWindow: s.cfg.PaymentWindow, Money: s.cfg.Money, MaxUnits: s.cfg.MaxUnits,
			Saga: order.SagaVersion,
		},
		shippingMethodID: in.ShippingMethodID,
	}
	return p, s.checkPlacement(c, p)
}

// quote returns what the order costs, or why it can't be placed: an unlessPlaced if an earlier call
// with its key may have placed it. "Sold out" has to stay cheap: it asks only for the order's own hold
// and document.
func (s *Server) quote(ctx context.Context, p placing, keyed bool) (order.Quote, error) {
	v, err := s.readAvailability(ctx, p.Placement, keyed)
	if err != nil {
		s.metrics.availabilityReads.WithLabelValues("failed").Inc()
		return order.Quote{}, unless(keyed, fmt.Errorf("%w: %w", errProductsUnavailable, err))
	}
	if len(v.shortages) > 0 {
		refusal := s.refuseOpen(refusal(shortagesFor(CallerOf(ctx), v.shortages)), v.seen.Open)
		if keyed && (v.known || s.hasDocument(ctx, p.OrderID)) {
			s.metrics.availabilityReads.WithLabelValues("retried").Inc()
			return order.Quote{}, unlessPlaced{refusal}
		}
		s.metrics.availabilityReads.WithLabelValues("refused").Inc()
		return order.Quote{}, refusal
	}
	s.metrics.availabilityReads.WithLabelValues("free").Inc()
	q, err := s.priced(p, v)
	if err != nil {
		return order.Quote{}, unless(keyed, err)
	}
	if p.expectedTotal != nil && *p.expectedTotal != q.Total {
		return order.Quote{}, unless(keyed, totalChanged(q))
	}
	return q, nil
}

// unless returns an unlessPlaced if the call has a key.
func unless(keyed bool, refusal error) error {
	if keyed {
		return unlessPlaced{refusal}
	}
	return refusal
}

// totalChanged is the refusal of an order that costs something else than its caller expected.
func totalChanged(q order.Quote) *Problem {
	p := refusalKinds[product.ReasonPriceChanged].problem("the total isn't the expected one; quote has the new one, nothing is held")
	p.Quote = &q
	return p
}

// notPriced is the problem of an order that can't be priced.
func notPriced(p placing, why *price.Refusal) *Problem {
	if why.Reason == price.RefusalTooLarge {
		return refusal(order.Refused(p.Placement, order.ReasonAmountTooLarge))
	}
	problem := notQuotable.problem(why.Detail)
	problem.Errors = []product.FieldProblem{{Path: why.Field, Reason: why.Detail}}
	return problem
}

// priced prices the placement's lines, as they were read.
func (s *Server) priced(p placing, v availability) (order.Quote, error) {
	r := price.Request{
		At: s.cfg.Now().UTC().Truncate(time.Millisecond), Currency: v.currency, ShippingMethodID: p.shippingMethodID,
		Address: p.Address,
		Lines:   make([]price.Line, len(p.Lines)),
	}
	for i, l := range p.Lines {
		r.Lines[i] = price.Line{
			ProductID: l.ProductID, SKU: v.items[i].SKU, Quantity: l.Quantity, UnitPrice: v.items[i].Price,
		}
	}
	q, err := price.Quote(nil, r)
	if why, ok := errors.AsType[*price.Refusal](err); ok {
		return order.Quote{}, notPriced(p, why)
	}
	return q, err
}
