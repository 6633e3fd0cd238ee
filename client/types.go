package client

import (
	"holdfast/customer"
	"holdfast/order"
	"holdfast/product"
)

// The documents that the API returns, and their parts. They are the domain's own types, under names
// that a program can use without importing the domain.
type (
	// Order is the document of one order.
	Order = order.Order
	// Line is one line of an order.
	Line = order.Line
	// OrderSummary is an order as lists show it.
	OrderSummary = order.Summary
	// OrderStatus is the furthest node that an order reached, or how it closed.
	OrderStatus = order.Status
	// CancelReason says why an order closed.
	CancelReason = order.Reason
	// Address is where an order is sent.
	Address = order.Address
	// CustomerAddress is an address that a customer keeps.
	CustomerAddress = customer.Address
	// LineRequest is one line of a request for an order or a quote.
	LineRequest = order.LineRequest
	// LineUnits are some units of a line.
	LineUnits = order.LineUnits
	// Shortage is one line that can't be had.
	Shortage = order.Shortage
	// CouponRefusal is a coupon that can't be used, and why.
	CouponRefusal = order.CouponRefusal
	// Adjustment is one reason why a line costs less than its list price.
	Adjustment = order.Adjustment
	// Pricing is what the amounts of an order follow from.
	Pricing = order.Pricing
	// Package is a part of an order that is shipped as one.
	Package = order.Package
	// PackageEvent is one message about a package.
	PackageEvent = order.PackageEvent
	// Node is a step of a paid order's life.
	Node = order.Node
	// Mark is what is unusual about a package.
	Mark = order.Mark
	// Removal is a part of a paid order that was cancelled before it was packed.
	Removal = order.Removal
	// Return is a part of a delivered order that the buyer sends back.
	Return = order.Return
	// ReturnLine is one line of a return, with its reason.
	ReturnLine = order.ReturnLine
	// JournalEntry is one step in an order's journal.
	JournalEntry = order.Entry
	// Refund is money that goes back to a buyer.
	Refund = order.Refund
	// Attempt is one payment that arrived for an order, or was opened for it.
	Attempt = order.Attempt
	// FieldProblem is one invalid field of a request.
	FieldProblem = product.FieldProblem
)

// The statuses of an order. The list is open.
const (
	OrderReserving        = order.StatusReserving
	OrderAwaitingPayment  = order.StatusAwaitingPayment
	OrderPaid             = order.StatusPaid
	OrderAwaitingShipment = order.StatusAwaitingShipment
	OrderPacked           = order.StatusPacked
	OrderLeftWarehouse    = order.StatusLeftWarehouse
	OrderInTransit        = order.StatusInTransit
	OrderOutForDelivery   = order.StatusOutForDelivery
	OrderDelivered        = order.StatusDelivered
	OrderRejected         = order.StatusRejected
	OrderExpired          = order.StatusExpired
	OrderCancelled        = order.StatusCancelled
)

// The nodes of a package.
const (
	NodePacked         = order.NodePacked
	NodeLeftWarehouse  = order.NodeLeftWarehouse
	NodeInTransit      = order.NodeInTransit
	NodeOutForDelivery = order.NodeOutForDelivery
	NodeDelivered      = order.NodeDelivered
)

// The names of an order's amounts.
const (
	AmountItems       = order.AmountItems
	AmountDiscount    = order.AmountDiscount
	AmountShipping    = order.AmountShipping
	AmountTax         = order.AmountTax
	AmountIncludedTax = order.AmountIncludedTax
	AmountTotal       = order.AmountTotal
	AmountPaid        = order.AmountPaid
	AmountRefunded    = order.AmountRefunded
)

// MaxAddresses is how many addresses a customer may keep.
const MaxAddresses = customer.MaxAddresses

// PlainText reports whether a text of one line has none of the characters that the API refuses: control
// characters, line separators, and those that override the direction of text.
func PlainText(text string) bool { return product.PlainText(text) }
