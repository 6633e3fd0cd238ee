package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"holdfast/customer"
	"holdfast/product"
)

// Customer is what the shop knows about a customer. Version is 0 if that was never written.
type Customer struct {
	ID string `json:"id"`
	customer.Profile
	Level int `json:"level"`
	// Attachments are shown to staff only.
	product.Attachments
	Version   int64     `json:"version"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// ETag of the customer as it was read.
	ETag string `json:"-"`
}

// ownCustomer is the caller's own entity.
const ownCustomer = "me"

// Customer returns a customer, for staff.
func (c *Client) Customer(ctx context.Context, id string) (Customer, error) {
	return c.customer(ctx, call{method: http.MethodGet, path: customerPath(id)})
}

// OwnCustomer returns what the shop knows about the caller.
func (c *Client) OwnCustomer(ctx context.Context) (Customer, error) {
	return c.Customer(ctx, ownCustomer)
}

// PutCustomer creates a customer or replaces everything about them; body is the JSON that
// PUT /v1/customers/{id} takes. It reports whether the customer is new.
func (c *Client) PutCustomer(ctx context.Context, id string, body []byte) (bool, error) {
	a, err := c.do(ctx, call{method: http.MethodPut, path: customerPath(id), body: body})
	if err != nil {
		return false, fmt.Errorf("put customer %s: %w", id, err)
	}
	return a.Status == http.StatusCreated, nil
}

// PatchOwnCustomer changes some of the caller's fields; fields has them by name, and nil removes
// one. It succeeds only if the caller's entity still has the ETag, unless that is empty.
func (c *Client) PatchOwnCustomer(ctx context.Context, etag string, fields map[string]any) (Customer, error) {
	return c.PatchCustomer(ctx, ownCustomer, etag, fields)
}

// PatchCustomer is PatchOwnCustomer for any customer; it is for staff.
func (c *Client) PatchCustomer(ctx context.Context, id, etag string, fields map[string]any) (Customer, error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return Customer{}, fmt.Errorf("encode the fields: %w", err)
	}
	r := call{method: http.MethodPatch, path: customerPath(id), body: body}
	if etag != "" {
		r.header = http.Header{"If-Match": {etag}}
	}
	return c.customer(ctx, r)
}

func (c *Client) customer(ctx context.Context, r call) (Customer, error) {
	a, err := c.do(ctx, r)
	if err != nil {
		return Customer{}, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	found := Customer{ETag: a.Header.Get("ETag")}
	return found, a.Decode(&found)
}

func customerPath(id string) string { return "/v1/customers/" + url.PathEscape(id) }

// Guest is a caller without an account.
type Guest struct {
	CustomerID string    `json:"customerId"`
	Token      string    `json:"token"`
	ExpiresAt  time.Time `json:"expiresAt"`
}

// NewGuest returns a new guest. A client with the guest's token places and reads the guest's orders;
// nothing else finds them again.
func (c *Client) NewGuest(ctx context.Context) (Guest, error) {
	a, err := c.do(ctx, call{method: http.MethodPost, path: "/v1/guests"})
	if err != nil {
		return Guest{}, fmt.Errorf("ask for a guest: %w", err)
	}
	var g Guest
	return g, a.Decode(&g)
}

// Erasure is how far the erasure of a customer has come.
type Erasure struct {
	CustomerID  string    `json:"customerId"`
	RequestedAt time.Time `json:"requestedAt"`
	Status      string    `json:"status"`
	Erased      int       `json:"erased"`
	Open        int       `json:"open"`
	CompletedAt time.Time `json:"completedAt,omitzero"`
}

// ErasurePreview is what an erasure would be about.
type ErasurePreview struct {
	CustomerID string `json:"customerId"`
	// IsCustomer means that something is stored about the customer themselves.
	IsCustomer bool `json:"isCustomer"`
	// Orders counts all orders, Open those that are open, and Owing those that owe a refund.
	Orders int64 `json:"orders"`
	Open   int64 `json:"open"`
	Owing  int64 `json:"owing"`
}

// PreviewErasure changes nothing, and returns what EraseCustomer would erase.
func (c *Client) PreviewErasure(ctx context.Context, id string) (p ErasurePreview, err error) {
	a, err := c.do(ctx, call{method: http.MethodPost, path: customerPath(id) + "/erase?dryRun=true"})
	if err == nil {
		err = a.Decode(&p)
	}
	if err != nil {
		return p, fmt.Errorf("preview the erasure of customer %s: %w", id, err)
	}
	return p, nil
}

// EraseCustomer erases everything about a person, for operators. It may be repeated.
func (c *Client) EraseCustomer(ctx context.Context, id string) (Erasure, error) {
	return c.erasure(ctx, http.MethodPost, id)
}

// Erasure returns how far a customer's last erasure has come, for staff.
func (c *Client) Erasure(ctx context.Context, id string) (Erasure, error) {
	return c.erasure(ctx, http.MethodGet, id)
}

func (c *Client) erasure(ctx context.Context, method, id string) (e Erasure, err error) {
	a, err := c.do(ctx, call{method: method, path: customerPath(id) + "/erase"})
	if err == nil {
		err = a.Decode(&e)
	}
	if err != nil {
		return e, fmt.Errorf("erasure of customer %s: %w", id, err)
	}
	return e, nil
}
