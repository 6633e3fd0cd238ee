package api

import (
	"context"

	"github.com/google/uuid"
)

// customerOf says whose order is placed. Staff have to name the customer, which
// the placement's own check sees to.
func customerOf(named string, caller Caller) (string, error) {
	switch {
	case caller.Staff():
		return named, nil
	case caller.Subject == "", named != "" && named != caller.Subject:
		return "", errNotYours
	}
	return caller.Subject, nil
}

// checkOwner refuses an order that is not the caller's before something is asked of
// its saga. A call by staff needs no look.
func (s *Server) checkOwner(ctx context.Context, id string) error {
	if CallerOf(ctx).Staff() {
		return nil
	}
	_, err := s.find(ctx, id, 0)
	return err
}

// owned refuses a document that is not the caller's, in the words that one gets who
// asks for an order that nobody has; and, by asking for such a one, after as long, and
// with what is away to stop that.
func (s *Server) owned(ctx context.Context, id string, f found) error {
	caller := CallerOf(ctx)
	if caller.Staff() {
		return nil
	}
	head, err := headOf(id, f.doc)
	if err != nil {
		return err
	}
	if caller.Subject != "" && head.CustomerID == caller.Subject {
		return nil
	}
	if f.cold { // everything else was asked before the index
		return errNoOrder
	}
	if _, err := s.findAnybodys(ctx, uuid.NewString(), 0); err != nil {
		return err
	}
	return errNoOrder
}
