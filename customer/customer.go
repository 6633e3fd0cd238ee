// Package customer is the domain of the people who buy: what a shop knows about them, and who
// may write it. It does no I/O and knows neither Redis nor HTTP.
package customer

import (
	"errors"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Limits of one customer.
const (
	MaxNameBytes = order.MaxFieldBytes
	// MaxEmailBytes is what a path of SMTP has room for (RFC 5321, section 4.5.3.1.3).
	MaxEmailBytes = 254
	MaxPhoneBytes = 50
	MaxAddresses  = 20
	// MaxProfileBytes bounds a profile as JSON.
	MaxProfileBytes = 64 << 10
	// MaxLevel is far above the number of levels that a price book has.
	MaxLevel = 100
)

// NotThere is the version of a customer that was never written.
const NotThere = int64(0)

// Customer is one entity.
type Customer struct {
	ID string
	Profile
	Standing
	// Version grows with every change, also across an erasure.
	Version int64
	// CreatedAt and UpdatedAt are times of the entity's clock, to the millisecond. UpdatedAt is
	// never before the last change, and after it only if changes came faster than the clock
	// advanced.
	CreatedAt, UpdatedAt time.Time
}

// Profile is what customers say about themselves. All of it is personal data.
type Profile struct {
	Name      string    `json:"name,omitempty"`
	Email     string    `json:"email,omitempty"`
	Phone     string    `json:"phone,omitempty"`
	Addresses []Address `json:"addresses,omitempty"`
	// DefaultAddress is the id of the address that a shop suggests.
	DefaultAddress string `json:"defaultAddress,omitempty"`
}

// Address is one of a customer's addresses, under an id that its writer chose.
type Address struct {
	ID string `json:"id"`
	order.Address
}

// Address returns the address with the id, or nil if there is none.
func (p *Profile) Address(id string) *order.Address {
	for i := range p.Addresses {
		if p.Addresses[i].ID == id {
			return &p.Addresses[i].Address
		}
	}
	return nil
}

// Standing is what a shop decides about a customer. Customers read their level and write none
// of it.
type Standing struct {
	// Level is the member level, from 1; 0 means that the customer has none.
	Level int
	product.Attachments
}

// Change is one write. A part that is nil stays as it is; a new customer then has it empty.
type Change struct {
	ID       string
	Profile  *Profile
	Standing *Standing
	// IfMatch is the version that the writer read, NotThere to create only, nil for any.
	IfMatch *int64
	// At is when the writer asked for the change. A change that is older than the customer's
	// erasure is refused, however late it arrives.
	At time.Time
}

// Errors of a write. Nothing has changed then.
var (
	ErrNotFound = errors.New("no such customer")
	// ErrStale means that the customer's version is not the one that the writer read.
	ErrStale = errors.New("the customer has changed since it was read")
	// ErrExists means that the customer was only to be created.
	ErrExists = errors.New("there is such a customer already")
	// ErrErased means that the customer was erased after this change was asked for.
	ErrErased = errors.New("the customer was erased in the meantime")
	// ErrNoPage means that a cursor is not one of the list's.
	ErrNoPage = errors.New("no such page of customers")
)
