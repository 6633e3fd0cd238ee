package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/command"
	"holdfast/order"
	"holdfast/product"
	"holdfast/quoting"
)

// commandedAddress returns the address that a customer sends an order to, as the shop's commands for
// submitted orders make it. What they refuse is refused here too, so that no rule about addresses can be
// passed by; a rule that refuses the order anyway, because it is younger, doesn't count. An address at which staff
// should look is refused, too, unless they should look at the order anyway, and for the same reasons: only
// they can send it there.
func (s *Server) commandedAddress(ctx context.Context, id string, to order.Address, holders []share) (order.Address, error) {
	seen, err := s.cfg.Quoting.Look(ctx, quoting.Ask{Terms: true})
	if err != nil {
		return to, fmt.Errorf("%w: %w", errCommandsUnavailable, err)
	}
	chain := seen.Commands.Submit
	if chain.Empty() {
		return to, nil
	}
	f, err := s.find(ctx, id, 0)
	if err != nil {
		return to, err
	}
	var o order.Order
	if err := json.Unmarshal(f.doc, &o); err != nil {
		return to, fmt.Errorf("read order %s: %w", id, err)
	}
	view, err := s.viewOfPlaced(ctx, &o)
	if err != nil {
		return to, err
	}
	run := func(a *order.Address) (*command.Draft, error) {
		d := &command.Draft{View: view, At: s.cfg.Now().UTC()}
		d.View.Time, d.View.Address = d.At.Format(time.RFC3339Nano), command.AddressOf(a)
		return d, s.tryRun(ctx, chain, d, holders)
	}
	for {
		d, refusal := run(&to)
		if refusal == nil {
			if len(d.Reviews) > 0 {
				before, err := run(o.Address)
				if _, ok := errors.AsType[*command.Rejection](err); err != nil && !ok {
					return to, err // it isn't known
				}
				if err != nil || !allIn(d.Reviews, before.Reviews) {
					return to, orderRefused.problem("the shop has to look at orders to this address: please ask it to change yours")
				}
			}
			if a := d.Address(); a != nil {
				to = *a.Normal()
			}
			return to, nil
		}
		if _, ok := errors.AsType[*command.Rejection](refusal); !ok {
			return to, refusal
		}
		_, before := run(o.Address)
		anyway, ok := errors.AsType[*command.Rejection](before)
		if !ok {
			return to, s.chainRefusal(ctx, chain, refusal)
		}
		chain = chain.Without(anyway.Step)
	}
}

// allIn reports whether all of some reviews are among others.
func allIn(some, others []order.Review) bool {
	return !slices.ContainsFunc(some, func(r order.Review) bool { return !slices.Contains(others, r) })
}

// viewOfPlaced is what commands see of a placed order, with what isn't stored with it: the categories and
// tags of its products, as they are now.
func (s *Server) viewOfPlaced(ctx context.Context, o *order.Order) (command.View, error) {
	view := command.ViewOf(o)
	products := make([]product.Availability, len(view.Lines))
	for i, l := range view.Lines {
		products[i] = product.Availability{ProductID: l.ProductID, Found: true}
	}
	slices.SortFunc(products, func(a, b product.Availability) int { return strings.Compare(a.ProductID, b.ProductID) })
	products = slices.CompactFunc(products, func(a, b product.Availability) bool { return a.ProductID == b.ProductID })
	terms, err := s.termsOf(ctx, products)
	if err != nil {
		return view, err
	}
	for i := range view.Lines {
		of := terms[view.Lines[i].ProductID]
		view.Lines[i].Category, view.Lines[i].Tags = of.Category, of.Tags
	}
	return view, nil
}
