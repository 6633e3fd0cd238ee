// Package quoting says what an order is quoted from: its products, its buyer, and the terms
// that apply to them.
package quoting

import (
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
	// Erased means that Ask.Buyer's order was.
	Erased bool
}

// Coupon is one that the buyer named.
type Coupon struct {
	coupon.Coupon
	// Unknown means that there is no such coupon.
	Unknown bool
	// Used is how often the customer uses it, as far as that is limited.
	Used int64
}
