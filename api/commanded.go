package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"holdfast/command"
	"holdfast/customer"
	"holdfast/order"
	"holdfast/price"
)

// commanded quotes the placement after the shop's commands have worked on it: those of scenario submit
// on what was asked for, with a provisional quote, and those of scenario price on the quote. What they
// changed becomes part of the placement, so that nothing runs twice.
func (s *Server) commanded(ctx context.Context, p *placing, v availability, keyed bool) (order.Quote, error) {
	chains := v.seen.Commands
	d := &command.Draft{At: s.cfg.Now().UTC().Truncate(time.Millisecond)}
	d.Made.Chains = maps.Clone(chains.Later)
	if !chains.Submit.Empty() {
		provisional, err := s.provisional(ctx, *p, v, keyed)
		if err != nil {
			return order.Quote{}, err
		}
		if d.View, err = s.viewOf(ctx, p, v, provisional, d.At); err != nil {
			return order.Quote{}, err
		}
		if err := s.runChain(ctx, chains.Submit, d, p.runsFor); err != nil {
			return order.Quote{}, err
		}
		if v, err = s.takeDraft(ctx, p, v, d, keyed); err != nil {
			return order.Quote{}, err
		}
	}
	p.Commands = &d.Made
	if !chains.Submit.Empty() || !chains.Price.Empty() {
		p.titles = titlesOf(v)
	}
	q, err := s.priced(ctx, *p, v)
	if err != nil || chains.Price.Empty() {
		return q, err
	}
	made := d.Made
	if d.View, err = s.viewOf(ctx, p, v, q, d.At); err != nil {
		return order.Quote{}, err
	}
	d.View.Tags, d.Made = made.Tags, made
	if err := s.runChain(ctx, chains.Price, d, p.runsFor); err != nil {
		return order.Quote{}, err
	}
	if len(d.Adjustments) == 0 {
		return q, nil
	}
	p.reductions = reductions(d.Adjustments, d.View.Lines)
	return s.priced(ctx, *p, v)
}

// titlesOf returns what the lines of an order are called.
func titlesOf(v availability) []string {
	titles := make([]string, len(v.items))
	for i, item := range v.items {
		titles[i] = item.Title
	}
	return titles
}

// provisional is the quote that the commands of scenario submit see. What was asked for may be refused only
// for something that they mend, such as a region with two spaces: then it is the quote of what they make of
// it without any amounts, or the refusal of that. Otherwise buyers could switch off rules about the total by
// a mistake that is mended.
func (s *Server) provisional(ctx context.Context, p placing, v availability, keyed bool) (order.Quote, error) {
	asked := len(p.Lines)
	q, err := s.priced(ctx, p, v)
	if err == nil || problemOf(err).Status >= 500 || noCommandMends(problemOf(err).Coupons) {
		return q, err
	}
	d := &command.Draft{At: s.cfg.Now().UTC().Truncate(time.Millisecond)}
	if d.View, err = s.viewOf(ctx, &p, v, order.Quote{}, d.At); err != nil {
		return order.Quote{}, err
	}
	if err := s.runChain(ctx, v.seen.Commands.Submit, d, p.runsFor); err != nil {
		return order.Quote{}, err
	}
	if v, err = s.takeDraft(ctx, &p, v, d, keyed); err != nil {
		return order.Quote{}, err
	}
	if q, err = s.priced(ctx, p, v); err != nil {
		return order.Quote{}, err
	}
	q.Lines = q.Lines[:asked] // commands add lines at the end
	return q, nil
}

// noCommandMends reports whether a coupon can't be used whatever commands do about lines and the address. They
// don't run then: what they say about an order without its coupon must not show whether there is such a code.
func noCommandMends(refused []order.CouponRefusal) bool {
	return slices.ContainsFunc(refused, func(r order.CouponRefusal) bool {
		return r.Reason != order.CouponReasonMinimum && r.Reason != order.CouponReasonScope
	})
}

// viewOf returns what commands see of a placement with its quote, which is empty if there is none yet.
func (s *Server) viewOf(ctx context.Context, p *placing, v availability, q order.Quote, at time.Time) (command.View, error) {
	terms, err := s.termsOf(ctx, v.seen.Products)
	if err != nil {
		return command.View{}, err
	}
	view := command.View{
		Time: at.Format(time.RFC3339Nano), ID: p.OrderID, CustomerID: p.CustomerID, Guest: customer.IsGuest(p.CustomerID),
		Level: v.seen.Level, Currency: v.currency, Address: command.AddressOf(p.Address),
		Items: q.Items, Discount: q.Discount, Shipping: q.Shipping, Tax: q.Tax + q.IncludedTax, Total: q.Total,
		Coupons: p.couponCodes, ShippingMethodID: p.shippingMethodID, Metadata: p.Metadata,
		ExternalReference: p.ExternalReference, Lines: make([]command.Line, len(p.Lines)),
	}
	if q.Pricing != nil && q.Pricing.Shipping != nil {
		view.ShippingMethodID = q.Pricing.Shipping.MethodID
	}
	for i, l := range p.Lines {
		t := terms[l.ProductID]
		view.Lines[i] = command.Line{
			ID: command.LineID(i), ProductID: l.ProductID, SKU: v.items[i].SKU, Title: v.items[i].Title, Category: t.Category,
			Tags: t.Tags, Quantity: l.Quantity, UnitPrice: v.items[i].Price, Gift: p.Commands.GiftAt(i) != nil,
		}
		if len(q.Lines) == len(p.Lines) {
			view.Lines[i].Total = l.Quantity * v.items[i].Price
			if total := q.Lines[i].Total; total != nil {
				view.Lines[i].Total = *total
			}
		}
	}
	return view, nil
}

// runChain runs a chain, and turns its refusal into a problem.
func (s *Server) runChain(ctx context.Context, chain *command.Prepared, d *command.Draft, holders []share) error {
	return s.chainRefusal(ctx, chain, s.tryRun(ctx, chain, d, holders))
}

// tryRun runs a chain within the shares of who asks. Its error is a *command.Rejection, or says nothing about
// the order.
func (s *Server) tryRun(ctx context.Context, chain *command.Prepared, d *command.Draft, holders []share) error {
	if s.chains.take(1, holders) != nil {
		return errTooManyChains
	}
	defer s.chains.give(1, holders)
	err := chain.Run(ctx, d, s.metrics.commandRan)
	if errors.Is(err, command.ErrUnavailable) {
		return fmt.Errorf("%w: %w", errCommandsUnavailable, err)
	}
	return err
}

// chainRefusal turns a chain's refusal into a problem.
func (s *Server) chainRefusal(ctx context.Context, chain *command.Prepared, err error) error {
	why, ok := errors.AsType[*command.Rejection](err)
	if !ok {
		return err
	}
	if why.Failure == "" {
		return orderRefused.problem(why.Reason)
	}
	s.log.ErrorContext(ctx, "a command failed, and the order was refused", "command", why.By.ID, "version", why.By.Version,
		"scenario", string(chain.Chain.Scenario), "chain_version", chain.Chain.Version, "error", why.Failure)
	return orderRefused.problem("the shop can't take this order as it is")
}

// takeDraft makes the placement what commands made of it. New lines, and other quantities, are looked at
// as those that were asked for; gifts that can't be had are left out.
func (s *Server) takeDraft(ctx context.Context, p *placing, v availability, d *command.Draft, keyed bool) (availability, error) {
	before := len(p.Lines)
	lines := d.Requests()
	for i, l := range p.Lines {
		lines[i].UnitPrice, lines[i].SKU = l.UnitPrice, l.SKU
	}
	other := !slices.EqualFunc(lines, p.Lines, func(a, b order.LineRequest) bool { return a.SKU == b.SKU && a.Quantity == b.Quantity })
	p.Lines, p.Address, p.Metadata, p.Commands = lines, d.Address().Normal(), d.View.Metadata, &d.Made
	if err := fits(p.Placement); err != nil {
		return v, err
	}
	if !other && len(lines) == before {
		return v, nil
	}
	again, err := s.lookAgain(ctx, *p, v, keyed)
	if err == nil && len(again.shortages) > 0 && p.leaveOutGifts(again.shortages) {
		again, err = s.lookAgain(ctx, *p, v, keyed)
	}
	if err == nil && len(again.shortages) > 0 {
		err = s.refuseOpen(refusal(shortagesFor(CallerOf(ctx), again.shortages)), again.seen.Open)
	}
	return again, err
}

// lookAgain reads the availability of lines that commands changed. What else was read stays, and so does the
// order's currency, whatever that of a gift is.
func (s *Server) lookAgain(ctx context.Context, p placing, v availability, keyed bool) (availability, error) {
	again, err := s.readAvailabilityIn(ctx, p, keyed, v.currency)
	if err != nil {
		return v, fmt.Errorf("%w: %w", errProductsUnavailable, err)
	}
	products, open := again.seen.Products, again.seen.Open
	again.seen = v.seen
	again.seen.Products, again.seen.Open = products, open
	return again, nil
}

// leaveOutGifts removes the gifts of products that are short, with a note for staff. It reports whether
// there were any.
func (p *placing) leaveOutGifts(short []order.Shortage) bool {
	made := p.Commands
	var lines []order.LineRequest
	var gifts []order.Gift
	moved := map[string]string{} // new ids of lines, by their old ones
	for i, l := range p.Lines {
		g := made.GiftAt(i)
		lacks := slices.ContainsFunc(short, func(s order.Shortage) bool {
			return s.ProductID == l.ProductID && (s.SKU == "" || l.SKU == "" || s.SKU == l.SKU)
		})
		if g != nil && lacks {
			made.Remark(order.Note{Command: g.Command, Version: g.Version, Text: "the gift " + l.ProductID + " was left out: it is sold out"})
			continue
		}
		moved[command.LineID(i)] = command.LineID(len(lines))
		if g != nil {
			kept := *g
			kept.Line, kept.Cause = len(lines), moved[g.Cause]
			gifts = append(gifts, kept)
		}
		lines = append(lines, l)
	}
	if len(lines) == len(p.Lines) {
		return false
	}
	p.Lines, made.Gifts = lines, gifts
	return true
}

// reductions returns what commands took off, as prices are computed with it.
func reductions(all []command.Adjustment, lines []command.Line) []price.Command {
	off := make([]price.Command, len(all))
	for i, a := range all {
		at := slices.IndexFunc(lines, func(l command.Line) bool { return l.ID == a.Line })
		off[i] = price.Command{ID: a.By.ID, Version: a.By.Version, Line: at, Amount: -a.Amount}
	}
	return off
}
