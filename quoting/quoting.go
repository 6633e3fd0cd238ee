// Package quoting says what an order is quoted from: its products, its buyer, and the terms
// that apply to them.
package quoting

import (
	"holdfast/order"
	"holdfast/product"
)

// Ask says what to read.
type Ask struct {
	// Buyer's own holds, open orders and units, as far as they are limited.
	Buyer product.Buyer
	// Wants are the variants, by product.
	Wants []product.Want
}

// Seen is what was read.
type Seen struct {
	// Products are in the order of Ask.Wants.
	Products []product.Availability
	// Open are the buyer's open orders, if the buyer has a customer's id.
	Open order.OpenOrders
}
