package api

import (
	"context"

	"github.com/google/uuid"
)

// customerOf returns whose order is being placed. Staff have to name the customer, which the
// validation of the placement ensures.
func customerOf(named string, caller Caller) (string, error) {
	switch {
	case caller.Staff():
		return named, nil
	case caller.Subject == "", named != "" && named != caller.Subject:
		return "", errNotYours
	}
	return caller.Subject, nil
}

// checkOwner returns an error if the order isn't the caller's, before anything is requested from
// its saga. For staff there is nothing to check.
func (s *Server) checkOwner(ctx context.Context, id string) error {
	if CallerOf(ctx).Staff() {
		return nil
	}
	_, err := s.find(ctx, id, 0)
	return err
}

// owned returns an error if the document isn't the caller's. The response must be the same as for an
// unknown order. By looking for an order that doesn't exist, it also takes as long, and fails in
// the same way if a dependency is unavailable.
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
	if f.cold { // everything has been asked, the index last
		return errNoOrder
	}
	if _, err := s.findUnchecked(ctx, uuid.NewString(), 0); err != nil {
		return err
	}
	return errNoOrder
}
