package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/command"
	"holdfast/order"
	"holdfast/quoting"
)

// commandedAddress returns the address that a customer sends an order to, as the shop's commands for
// submitted orders make it. What they refuse is refused here too, so that no rule about addresses can be
// passed by; a rule that refuses the order anyway, because it is younger, doesn't count.
func (s *Server) commandedAddress(ctx context.Context, id string, to order.Address) (order.Address, error) {
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
	run := func(a *order.Address) (*command.Draft, error) {
		d := &command.Draft{View: command.ViewOf(&o), At: s.cfg.Now().UTC()}
		d.View.Time, d.View.Address = d.At.Format(time.RFC3339Nano), command.AddressOf(a)
		return d, s.runChain(ctx, chain, d)
	}
	d, refusal := run(&to)
	if refusal == nil {
		if a := d.Address(); a != nil {
			to = *a.Normal()
		}
		return to, nil
	}
	if errors.Is(refusal, errCommandsUnavailable) {
		return to, refusal
	}
	if _, before := run(o.Address); before != nil && !errors.Is(before, errCommandsUnavailable) {
		return to, nil
	}
	return to, refusal
}
