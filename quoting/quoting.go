// Package quoting says what an order is quoted from: its products, its buyer, and the terms
// that apply to them.
package quoting

import (
	"holdfast/command"
	"holdfast/coupon"
	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
)

// Ask says what to read.
type Ask struct {
	// Buyer's own holds, open orders and units, as far as they are limited, and whether the order that
	// it names was erased.
	Buyer product.Buyer
	// Wants are the variants, by product.
	Wants []product.Want
	// Terms also reads the price book.
	Terms bool
	// CustomerID is whose level and coupons are read; empty reads none.
	CustomerID string
	// AddressID is one of the customer's addresses to read; empty reads none.
	AddressID string
	// Codes of coupons, as package coupon has them.
	Codes []string
}

// Seen is what was read.
type Seen struct {
	// Products are in the order of Ask.Wants.
	Products []product.Availability
	// Open are the buyer's open orders, if the buyer has a customer's id.
	Open order.OpenOrders
	// Book is nil if the shop has no price book, or Ask.Terms is false.
	Book *price.Book
	// Level is the customer's member level, 0 if they have none.
	Level int
	// Address is the one of Ask.AddressID, nil if the customer has no such address.
	Address *order.Address
	// Coupons are in the order of Ask.Codes.
	Coupons []Coupon
	// Commands are the shop's chains, if Ask.Terms.
	Commands Commands
	// Erased means that Ask.Buyer's order was.
	Erased bool
}

// Commands are the current versions of a shop's chains.
type Commands struct {
	// Submit and Price run when an order or a quote is asked for; nil if they have no steps.
	Submit, Price *command.Prepared
	// Later are the versions of chains that run for events of the order.
	Later map[order.Scenario]int64
}

// Empty reports whether no command runs for an order.
func (c Commands) Empty() bool { return c.Submit.Empty() && c.Price.Empty() && len(c.Later) == 0 }

// Coupon is one that the buyer named.
type Coupon struct {
	coupon.Coupon
	// Unknown means that there is no such coupon.
	Unknown bool
	// Used is how often the customer uses it, as far as that is limited.
	Used int64
}
