package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"holdfast/saga"
	"holdfast/search"
)

// found is an order's document. Of a cold order, one that was closed so long ago
// that the index alone has it, it comes with its payments.
type found struct {
	doc []byte
	// left: Redis doesn't have the document; the workflow does.
	left     bool
	cold     bool
	payments map[string]json.RawMessage
}

// find reads the order's document for the caller, at least of the given version.
func (s *Server) find(ctx context.Context, id string, version int64) (found, error) {
	f, err := s.findAnybodys(ctx, id, version)
	if err != nil {
		return found{}, err
	}
	if err := s.owned(ctx, id, f); err != nil {
		return found{}, err
	}
	return f, nil
}

// findAnybodys reads an order, whoever asks. A copy that is
// missing, older, or out of reach is answered by the workflow itself, and what
// neither has, by the index.
func (s *Server) findAnybodys(ctx context.Context, id string, version int64) (found, error) {
	doc, have, stored, err := s.stored(ctx, id)
	if err == nil && stored && have >= version {
		return found{doc: doc}, nil
	}
	asked, askErr := s.ask(ctx, id)
	switch {
	case askErr == nil:
		return found{doc: asked, left: err == nil && !stored}, nil
	case err == nil && stored: // older than what was answered before, and still true as far as it goes
		return found{doc: doc}, nil
	case errors.Is(askErr, saga.ErrUnknownOrder):
		return s.findCold(ctx, id, err)
	case errors.Is(askErr, saga.ErrStuck):
		askErr = fmt.Errorf("%w: %w", saga.ErrMute, askErr)
	}
	return found{}, askErr
}

func (s *Server) stored(ctx context.Context, id string) (doc []byte, version int64, found bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, documentTimeout)
	defer cancel()
	return s.cfg.Orders.Get(ctx, id)
}

// ask is the order as its workflow has it.
func (s *Server) ask(ctx context.Context, id string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	o, err := s.cfg.Sagas.Order(ctx, id)
	if err != nil {
		return nil, err
	}
	return json.Marshal(o)
}

// findCold reads an order that has neither a workflow any more nor, as far as it
// could be asked, a document. That there is no such order is only said where all
// three have said so. Without an index nothing ever goes cold.
func (s *Server) findCold(ctx context.Context, id string, unread error) (found, error) {
	o, err := fromView(ctx, s, func(ctx context.Context, i Index) (search.Order, error) { return i.GetOrder(ctx, id) })
	switch {
	case err == nil:
		return found{doc: o.Document, cold: true, payments: o.Payments}, nil
	case !errors.Is(err, search.ErrNotFound) && !errors.Is(err, errNoIndex):
		return found{}, fmt.Errorf("look for order %s in the index: %w", id, err)
	case unread != nil:
		return found{}, fmt.Errorf("%w: %w", errOrderUnread, unread)
	case errors.Is(err, search.ErrNotFound):
		if err := s.sayWhole(ctx); err != nil {
			return found{}, err
		}
	}
	return found{}, errNoOrder
}

// sayWhole is an error where the view of orders may lack some that only it could have:
// it was lost, say, and is being built anew.
func (s *Server) sayWhole(ctx context.Context) error {
	stale, err := fromView(ctx, s, func(ctx context.Context, i Index) ([]search.View, error) { return i.Stale(ctx) })
	if err != nil || !slices.Contains(stale, search.OrdersView) {
		return err
	}
	gone, err := s.cfg.Orders.Forgotten(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", errOrderUnread, err)
	}
	if len(gone) > 0 {
		return fmt.Errorf("%w: the view of orders isn't whole", errSearch)
	}
	return nil
}
