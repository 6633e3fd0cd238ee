package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"holdfast/api/openapi"
	"holdfast/customer"
)

// Customers are the customers' entities.
type Customers interface {
	// Get returns an empty customer, of version customer.NotThere, if there is none.
	Get(ctx context.Context, id string) (customer.Customer, error)
	// Put fails with customer.ErrStale, ErrExists or ErrErased, and has changed nothing then.
	Put(ctx context.Context, ch customer.Change) (c customer.Customer, created bool, err error)
	// List fails with customer.ErrNoPage for a page that no earlier call named.
	List(ctx context.Context, since time.Time, limit int, from string) (page []customer.Customer, next string, err error)
	// Erase removes everything about the customer up to a time, and refuses later what is older.
	Erase(ctx context.Context, id string, before time.Time) (bool, error)
	// Erasure fails with customer.ErrNotErased if none was asked for.
	Erasure(ctx context.Context, id string) (customer.Erasure, error)
}

// GetCustomer implements ServerInterface.
func (s *Server) GetCustomer(c *gin.Context, id openapi.ID, _ openapi.GetCustomerParams) {
	found, err := s.customer(c.Request.Context(), id)
	if err == nil && found.Version == customer.NotThere {
		err = customer.ErrNotFound
	}
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeCustomer(c, http.StatusOK, found)
}

// GetOwnCustomer implements ServerInterface.
func (s *Server) GetOwnCustomer(c *gin.Context, _ openapi.GetOwnCustomerParams) {
	id, err := ownID(c.Request.Context())
	if err != nil {
		s.fail(c, err)
		return
	}
	found, err := s.customer(c.Request.Context(), id)
	if err != nil {
		s.fail(c, err)
		return
	}
	s.writeCustomer(c, http.StatusOK, found)
}

// ownID returns the id of the caller's own entity.
func ownID(ctx context.Context) (string, error) {
	if id := CallerOf(ctx).Subject; customer.ValidID(id) { // a customer's always is
		return id, nil
	}
	return "", errNoOwnCustomer
}

func (s *Server) customer(ctx context.Context, id string) (customer.Customer, error) {
	found, err := s.cfg.Customers.Get(ctx, id)
	return found, customersError(err)
}

// customersError returns an entity's refusal unchanged, and marks any other error as unavailable
// customers.
func customersError(err error) error {
	if err == nil || problemOf(err).Status != http.StatusInternalServerError {
		return err
	}
	return fmt.Errorf("%w: %w", errCustomersUnavailable, err)
}

// ListCustomers implements ServerInterface.
func (s *Server) ListCustomers(c *gin.Context, params openapi.ListCustomersParams) {
	page, err := s.listCustomers(c.Request.Context(), params)
	if err != nil {
		s.fail(c, err)
		return
	}
	c.JSON(http.StatusOK, page)
}

func (s *Server) listCustomers(ctx context.Context, params openapi.ListCustomersParams) (openapi.CustomerPage, error) {
	of := "customers/" + optional(params.UpdatedSince)
	limit, from, err := pageAsked(params.Limit, params.Cursor, of)
	if err != nil {
		return openapi.CustomerPage{}, err
	}
	since, err := instant("updatedSince", params.UpdatedSince)
	if err != nil {
		return openapi.CustomerPage{}, err
	}
	found, next, err := s.cfg.Customers.List(ctx, since, limit, string(from))
	if err != nil {
		return openapi.CustomerPage{}, customersError(pageError(err))
	}
	page := openapi.CustomerPage{Items: make([]openapi.CustomerSummary, len(found)), NextCursor: refundCursor([]byte(next), of)}
	for i, one := range found {
		page.Items[i] = openapi.CustomerSummary{
			ID: one.ID, Name: one.Name, Email: one.Email, Phone: one.Phone, Level: one.Level, ExternalReference: one.ExternalReference,
			Version: one.Version, CreatedAt: one.CreatedAt, UpdatedAt: one.UpdatedAt,
		}
	}
	return page, nil
}

// writeCustomer answers with a customer as the caller may see them.
func (s *Server) writeCustomer(c *gin.Context, status int, found customer.Customer) {
	out := openapi.Customer{
		ID: found.ID, Name: found.Name, Email: found.Email, Phone: found.Phone, Level: found.Level,
		Addresses: found.Addresses, DefaultAddress: found.DefaultAddress,
		Version: found.Version, CreatedAt: found.CreatedAt, UpdatedAt: found.UpdatedAt,
	}
	if out.Addresses == nil {
		out.Addresses = []customer.Address{}
	}
	if CallerOf(c.Request.Context()).Staff() {
		out.ExternalReference, out.Metadata = found.ExternalReference, found.Metadata
	}
	b, err := json.Marshal(out)
	if err != nil {
		s.fail(c, fmt.Errorf("write customer %s: %w", found.ID, err))
		return
	}
	writeWithTag(c, status, jsonType, b, versionTag(found.Version, b))
}
