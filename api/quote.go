package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/order"
	"holdfast/payment"
	"holdfast/price"
	"holdfast/product"
	"holdfast/quoting"
)

// unlessPlacedError is the refusal of an order that an earlier call with its key may have placed. That
// one's answer comes first.
type unlessPlacedError struct{ refusal error }

func (u unlessPlacedError) Error() string { return u.refusal.Error() }

func (u unlessPlacedError) Unwrap() error { return u.refusal }

// QuoteOrder implements ServerInterface.
func (s *Server) QuoteOrder(c *gin.Context) {
	p, err := s.readQuoteRequest(c)
	if err == nil {
		err = s.codeLimits.try(c, p.couponCodes)
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	quote, err := s.quote(c.Request.Context(), &p, false)
	s.codeLimits.tried(c, p.couponCodes, err)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, quoteAnswer{quote, p.ordered(quote)})
}

// quoteAnswer is a quote and, if commands changed the order, what they made of it.
type quoteAnswer struct {
	order.Quote
	Ordered *ordered `json:"ordered,omitempty"`
}

// ordered is what is quoted.
type ordered struct {
	Lines   []orderedLine  `json:"lines"`
	Address *order.Address `json:"address,omitempty"`
}

type orderedLine struct {
	ProductID string `json:"productId"`
	SKU       string `json:"sku"`
	Title     string `json:"title"`
	Quantity  int64  `json:"quantity"`
	GiftFor   string `json:"giftFor,omitempty"`
}

// ordered returns what is quoted, nil if it is what was asked for.
func (p *placing) ordered(q order.Quote) *ordered {
	if p.Commands == nil || p.Commands.Changed == 0 {
		return nil
	}
	o := &ordered{Address: p.Address, Lines: make([]orderedLine, len(p.Lines))}
	for i, l := range p.Lines {
		o.Lines[i] = orderedLine{ProductID: l.ProductID, SKU: q.Lines[i].SKU, Title: p.titles[i], Quantity: l.Quantity, GiftFor: p.Commands.GiftAt(i).For()}
	}
	return o
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
			OrderID: "quote", CustomerID: customer, Lines: in.Lines, Address: in.Address.Normal(),
			PaymentWindow: s.cfg.PaymentWindow, Money: s.cfg.Money, MaxUnits: s.cfg.MaxUnits,
			Saga: order.SagaVersion,
		},
		shippingMethodID: in.ShippingMethodID, addressID: in.AddressID, runsFor: s.chainHolders(c),
	}
	if p.couponCodes, err = foldCodes(in.CouponCodes); err != nil {
		return placing{}, err
	}
	return p, s.checkPlacement(c, p)
}

// quote returns what the order costs, or why it can't be placed: an unlessPlacedError if an earlier call
// with its key may have placed it. "Sold out" has to stay cheap: it asks only for the order's own hold
// and document. The placement then has the address that it names.
func (s *Server) quote(ctx context.Context, p *placing, keyed bool) (order.Quote, error) {
	v, err := s.readAvailability(ctx, *p, keyed)
	if err != nil {
		s.metrics.availabilityReads.WithLabelValues("failed").Inc()
		return order.Quote{}, unless(keyed, fmt.Errorf("%w: %w", errProductsUnavailable, err))
	}
	if v.seen.Erased {
		return order.Quote{}, errOrderErased
	}
	if len(v.shortages) > 0 {
		refusal := s.refuseOpen(refusal(shortagesFor(CallerOf(ctx), v.shortages)), v.seen.Open)
		if keyed && (v.known || s.hasDocument(ctx, p.OrderID)) {
			s.metrics.availabilityReads.WithLabelValues("retried").Inc()
			return order.Quote{}, unlessPlacedError{refusal}
		}
		s.metrics.availabilityReads.WithLabelValues("refused").Inc()
		return order.Quote{}, refusal
	}
	s.metrics.availabilityReads.WithLabelValues("free").Inc()
	if err := p.takeAddress(v.seen.Address); err != nil {
		return order.Quote{}, unless(keyed, err)
	}
	q, err := s.decidePrice(ctx, p, v, keyed)
	if err != nil {
		return order.Quote{}, unless(keyed, err)
	}
	if p.expectedTotal != nil && *p.expectedTotal != q.Total {
		return order.Quote{}, unless(keyed, totalChanged(q))
	}
	return q, nil
}

// decidePrice prices the placement, if the shop has commands after they have worked on it.
func (s *Server) decidePrice(ctx context.Context, p *placing, v availability, keyed bool) (order.Quote, error) {
	if v.seen.Commands.Empty() {
		return s.priced(ctx, *p, v)
	}
	return s.commanded(ctx, p, v, keyed)
}

// unless returns an unlessPlacedError if the call has a key.
func unless(keyed bool, refusal error) error {
	if keyed {
		return unlessPlacedError{refusal}
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
func (s *Server) priced(ctx context.Context, p placing, v availability) (order.Quote, error) {
	r := price.Request{
		At: s.cfg.Now().UTC().Truncate(time.Millisecond), Currency: v.currency, Level: v.seen.Level,
		ShippingMethodID: p.shippingMethodID, Address: p.Address, Commands: p.reductions,
	}
	var err error
	if r.Smallest, r.Step, err = s.charges(v.currency); err != nil {
		return order.Quote{}, err
	}
	if r.Coupons, err = usable(p, v.seen.Coupons); err != nil {
		return order.Quote{}, err
	}
	if r.Lines, err = s.linesToPrice(ctx, p, v); err != nil {
		return order.Quote{}, err
	}
	q, err := price.Quote(v.seen.Book, r)
	if why, ok := errors.AsType[*price.CouponError](err); ok {
		return order.Quote{}, couponsRefused([]order.CouponRefusal{{Code: why.Code, Reason: why.Reason}})
	}
	if why, ok := errors.AsType[*price.Refusal](err); ok {
		return order.Quote{}, notPriced(p, why)
	}
	return q, err
}

// charges returns what can be charged in a currency by the provider that can charge the most.
func (s *Server) charges(currency string) (smallest, step int64, err error) {
	taken := len(s.cfg.Providers) == 0
	for _, p := range s.cfg.Providers {
		least, every, ok := int64(1), int64(1), true
		if c, limited := p.(payment.Charger); limited {
			least, every, ok = c.Charges(currency)
		}
		if !ok {
			continue
		}
		if !taken || every < step || (every == step && least < smallest) {
			smallest, step = least, every
		}
		taken = true
	}
	if !taken {
		p := notQuotable.problem("no payment provider takes " + currency)
		p.Errors = []product.FieldProblem{{Path: "currency", Reason: p.Detail}}
		return 0, 0, p
	}
	return smallest, step, nil
}

// usable returns the terms of the coupons, or which of them can't be used and why.
func usable(p placing, coupons []quoting.Coupon) ([]price.Coupon, error) {
	terms := make([]price.Coupon, len(coupons))
	var refused []order.CouponRefusal
	for i, c := range coupons {
		reason := c.Refusal(p.CustomerID, c.Used)
		if c.Unknown {
			reason = order.CouponReasonUnknown
		}
		if reason != "" {
			refused = append(refused, order.CouponRefusal{Code: p.couponCodes[i], Reason: reason})
		}
		terms[i] = c.Terms()
	}
	if len(refused) > 0 {
		return nil, couponsRefused(refused)
	}
	return terms, nil
}

// couponsRefused is the refusal of an order because of its coupons.
func couponsRefused(all []order.CouponRefusal) *Problem {
	p := couponRefused.problem("coupons names every coupon that can't be used; nothing is held")
	p.Coupons = all
	return p
}

// linesToPrice returns the lines with what a price book and coupons tell products apart by.
func (s *Server) linesToPrice(ctx context.Context, p placing, v availability) ([]price.Line, error) {
	terms, err := s.terms(ctx, v.seen)
	if err != nil {
		return nil, err
	}
	lines := make([]price.Line, len(p.Lines))
	for i, l := range p.Lines {
		t := terms[l.ProductID]
		lines[i] = price.Line{
			ProductID: l.ProductID, SKU: v.items[i].SKU, Category: t.Category, Tags: t.Tags,
			Quantity: l.Quantity, UnitPrice: v.items[i].Price, Gift: p.Commands.GiftAt(i),
		}
	}
	return lines, nil
}

// terms returns each product's terms, if anything depends on them. Those of products that were stored
// before their terms were kept apart take another read.
func (s *Server) terms(ctx context.Context, seen quoting.Seen) (map[string]product.Terms, error) {
	if seen.Book == nil && len(seen.Coupons) == 0 {
		return nil, nil //nolint:nilnil // nothing depends on them
	}
	return s.termsOf(ctx, seen.Products)
}

func (s *Server) termsOf(ctx context.Context, products []product.Availability) (map[string]product.Terms, error) {
	terms := make(map[string]product.Terms, len(products))
	var unread []string
	for _, l := range products {
		if l.Terms != nil {
			terms[l.ProductID] = *l.Terms
		} else if l.Found {
			unread = append(unread, l.ProductID)
		}
	}
	if len(unread) == 0 {
		return terms, nil
	}
	all, err := s.cfg.Products.GetMany(ctx, unread)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errProductsUnavailable, err)
	}
	for _, l := range all {
		if l.Err != nil {
			return nil, productError(l.Err)
		}
		terms[l.ID] = product.Terms{Category: l.Product.Category, Tags: l.Product.Tags}
	}
	return terms, nil
}

// foldCodes returns the codes as coupons have them, each once.
func foldCodes(codes []string) ([]string, error) {
	if len(codes) > price.MaxCoupons {
		return nil, product.Invalid{{Path: "couponCodes", Reason: fmt.Sprintf("must have at most %d", price.MaxCoupons)}}
	}
	folded := make([]string, 0, len(codes))
	for i, code := range codes {
		f, ok := price.FoldCode(code)
		if !ok {
			return nil, product.Invalid{{Path: fmt.Sprintf("couponCodes[%d]", i), Reason: "must match [A-Za-z0-9._~-]{1,64}"}}
		}
		if !slices.Contains(folded, f) {
			folded = append(folded, f)
		}
	}
	return folded, nil
}
