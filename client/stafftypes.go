package client

import (
	"holdfast/coupon"
	"holdfast/order"
)

// Documents that staff work with.
type (
	// Fulfilment is what became of a paid order's goods.
	Fulfilment = order.Fulfilment
	// Alert is something about an order that staff should look at.
	Alert = order.Alert
	// AlertRule says what is wrong. The list is open.
	AlertRule = order.AlertRule
	// Dispute is a payment that the buyer's bank reclaims.
	Dispute = order.Dispute
	// ResolveAction is what happens to a package that was refused, lost, damaged or returned.
	ResolveAction = order.ResolveAction
	// ReceivedUnits are units that came back, and in which condition.
	ReceivedUnits = order.ReceivedUnits
	// Condition says what happens to units that came back.
	Condition = order.Condition
	// CouponSpec are the terms and limits of a coupon.
	CouponSpec = coupon.Spec
)

// The ways to settle a package.
const (
	ResolveFound  = order.ResolveFound
	ResolveReship = order.ResolveReship
	ResolveRefund = order.ResolveRefund
)

// The conditions of units that came back.
const (
	ConditionRestock = order.ConditionRestock
	ConditionDamaged = order.ConditionDamaged
)

// The statuses of a return.
const (
	ReturnRequested = order.ReturnRequested
	ReturnApproved  = order.ReturnApproved
)

// The statuses of refunds that wait for a decision.
const (
	RefundCase   = order.RefundCase
	RefundFailed = order.RefundFailed
)

// The rules by which an order takes too long.
const (
	OverdueNoNews    = string(order.OverdueNoNews)
	OverdueNotPacked = string(order.OverdueNotPacked)
)

// Who put an order on hold, where it wasn't a member of staff: commands that are still running, or the
// system, because they gave no answer.
const (
	ActorCommands = order.ActorCommands
	ActorSystem   = order.ActorSystem
)

// Review is why a command wants a person to look at an order.
type Review = order.Review

// ReviewFailed is how the reason of a review begins that a command caused by failing.
const ReviewFailed = order.ReviewFailed

// AlertRules returns all rules of alerts.
func AlertRules() []AlertRule { return order.AlertRules() }

// PackageNodes returns the nodes that a package can reach, in order.
func PackageNodes() []Node { return order.PackageNodes() }

// ParseNode returns the node with this name, such as in_transit.
func ParseNode(name string) (Node, bool) { return order.ParseNode(name) }

// Marks returns all marks of packages.
func Marks() []Mark { return order.Marks() }
