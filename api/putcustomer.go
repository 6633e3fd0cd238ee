package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/api/openapi"
	"holdfast/customer"
	"holdfast/product"
)

// customerBody is a customer as staff send them. Customers send only a profile.
type customerBody struct {
	customer.Profile
	Level int `json:"level"`
	product.Attachments
}

// change returns what a body changes. own means that customers write it about themselves.
func (b customerBody) change(id string, own bool) (customer.Change, error) {
	ch := customer.Change{ID: id, Profile: &b.Profile}
	if !own {
		ch.Standing = &customer.Standing{Level: b.Level, Attachments: b.Attachments}
	}
	return ch, ch.Validate()
}

// refuseStanding returns an error if a body has fields that customers don't write about themselves,
// whatever their values are.
func refuseStanding(body []byte) error {
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(body, &fields); err != nil {
		return readingError(body, err)
	}
	var bad product.Invalid
	for _, name := range []string{"level", "externalReference", "metadata"} {
		if _, sent := fields[name]; sent {
			bad.Add(name, "is written by staff, at /v1/customers/{id}")
		}
	}
	if len(bad) == 0 {
		return nil
	}
	p := *problemOf(errStaffOnly)
	p.Errors = bad
	return &p
}

// PutCustomer implements ServerInterface.
func (s *Server) PutCustomer(c *gin.Context, id openapi.ID, params openapi.PutCustomerParams) {
	put, created, err := s.putCustomer(c, id, false, params.IfMatch, params.IfNoneMatch)
	s.finishCustomer(c, put, created, err)
}

// PutOwnCustomer implements ServerInterface.
func (s *Server) PutOwnCustomer(c *gin.Context, params openapi.PutOwnCustomerParams) {
	var put customer.Customer
	created := false
	id, err := ownID(c.Request.Context())
	if err == nil {
		put, created, err = s.putCustomer(c, id, true, params.IfMatch, nil)
	}
	s.finishCustomer(c, put, created, err)
}

func (s *Server) finishCustomer(c *gin.Context, put customer.Customer, created bool, err error) {
	switch {
	case err != nil:
		s.fail(c, customersError(err))
	case created:
		s.writeCustomer(c, http.StatusCreated, put)
	default:
		s.writeCustomer(c, http.StatusOK, put)
	}
}

func (s *Server) putCustomer(
	c *gin.Context, id string, own bool, ifMatch, ifNoneMatch *string,
) (put customer.Customer, created bool, err error) {
	at := s.cfg.Now()
	var in customerBody
	if err := decode(c, &in); err != nil {
		return put, false, err
	}
	if own {
		if err := refuseStanding(sent(c)); err != nil {
			return put, false, err
		}
	}
	ch, err := in.change(id, own)
	if err != nil {
		return put, false, err
	}
	ctx := c.Request.Context()
	ch.At = at
	if ch.IfMatch, err = precondition(ifMatch, ifNoneMatch, s.matchCustomer(ctx, id)); err != nil {
		return put, false, err
	}
	return s.cfg.Customers.Put(ctx, ch)
}

// matchCustomer returns the version that a customer must have for an entity tag. The tag of a
// customer that was never written is customer.NotThere.
func (s *Server) matchCustomer(ctx context.Context, id string) func(tag string) (*int64, error) {
	return func(tag string) (*int64, error) {
		if tag == anyTag {
			found, err := s.cfg.Customers.Get(ctx, id)
			if err == nil && found.Version == customer.NotThere {
				err = customer.ErrStale
			}
			return nil, err
		}
		version, err := taggedVersion(tag, customer.ErrStale)
		return &version, err
	}
}

// PatchCustomer implements ServerInterface.
func (s *Server) PatchCustomer(c *gin.Context, id openapi.ID, params openapi.PatchCustomerParams) {
	put, created, err := s.patchCustomer(c, id, false, params.IfMatch)
	s.finishCustomer(c, put, created, err)
}

// PatchOwnCustomer implements ServerInterface.
func (s *Server) PatchOwnCustomer(c *gin.Context, params openapi.PatchOwnCustomerParams) {
	var put customer.Customer
	created := false
	id, err := ownID(c.Request.Context())
	if err == nil {
		put, created, err = s.patchCustomer(c, id, true, params.IfMatch)
	}
	s.finishCustomer(c, put, created, err)
}

// patchCustomer reads the customer, changes it, and writes it only if it still has the version that
// was read, as patchProduct does.
func (s *Server) patchCustomer(c *gin.Context, id string, own bool, ifMatch *string) (put customer.Customer, created bool, err error) {
	ctx, at := c.Request.Context(), s.cfg.Now()
	patch, err := customerPatch(c, own)
	if err != nil {
		return put, false, err
	}
	named, err := precondition(ifMatch, nil, s.matchCustomer(ctx, id))
	if err != nil {
		return put, false, err
	}
	for range patchAttempts {
		was, err := s.cfg.Customers.Get(ctx, id)
		if err == nil && was.Version == customer.NotThere && !own {
			err = customer.ErrNotFound
			if ifMatch != nil {
				err = customer.ErrStale
			}
		}
		if err != nil {
			return put, false, err
		}
		ch, err := patchedCustomer(was, patch, own)
		if err != nil {
			return put, false, err
		}
		ch.At, ch.IfMatch = at, named
		if named == nil {
			ch.IfMatch = &was.Version
		}
		put, created, err = s.cfg.Customers.Put(ctx, ch)
		contested := errors.Is(err, customer.ErrStale) || errors.Is(err, customer.ErrExists)
		if !contested || named != nil {
			return put, created, err
		}
	}
	return put, false, errContested
}

func customerPatch(c *gin.Context, own bool) (jsontext.Value, error) {
	patch, err := patchBody(c)
	if err != nil {
		return nil, err
	}
	var known customerBody // finds unknown fields, which would go unnoticed later if they are null
	if err := json.Unmarshal(patch, &known, strict); err != nil {
		return nil, readingError(patch, err)
	}
	if own {
		err = refuseStanding(patch)
	}
	return patch, err
}

// patchedCustomer returns the change that a patch makes, if the result is valid.
func patchedCustomer(was customer.Customer, patch jsontext.Value, own bool) (customer.Change, error) {
	target, err := json.Marshal(customerBody{was.Profile, was.Level, was.Attachments})
	if err != nil {
		return customer.Change{}, err
	}
	if target, err = merge(target, patch, patchDepth); err != nil {
		return customer.Change{}, readingError(patch, err)
	}
	var in customerBody
	if err := decodeStrict(target, &in); err != nil {
		return customer.Change{}, err
	}
	ch, err := in.change(was.ID, own)
	if reflect.DeepEqual(in.Profile, was.Profile) { // it was valid when it was written, and may not be any more
		ch.Profile = nil
		err = ch.Validate()
	}
	return ch, err
}
