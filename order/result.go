package order

import "time"

// Result is what an order's workflow returns: the outcome, without the order itself.
type Result struct {
	OrderID   string     `json:"orderId"`
	Status    Status     `json:"status"`
	Version   int64      `json:"version"`
	Reason    Reason     `json:"reason,omitempty"`
	Shortages []Shortage `json:"shortages,omitempty"`
	// Coupons that the order can't use, if it was rejected for them.
	Coupons     []CouponRefusal `json:"coupons,omitempty"`
	Fingerprint string          `json:"fingerprint"`
	// Provider and PaymentID of the payment that the order took, even if it was cancelled
	// since: it must never be refunded as a late one.
	Provider  string `json:"provider,omitempty"`
	PaymentID string `json:"paymentId,omitempty"`
	// PlacedAt is set for a resumed order, whose workflow started later than the order was placed.
	PlacedAt time.Time `json:"placedAt,omitzero"`
}

// Outcome is the answer to a placement: held, or why not.
type Outcome struct {
	Status      Status          `json:"status"`
	Version     int64           `json:"version"`
	Reason      Reason          `json:"reason,omitempty"`
	Shortages   []Shortage      `json:"shortages,omitempty"`
	Coupons     []CouponRefusal `json:"coupons,omitempty"`
	Fingerprint string          `json:"fingerprint"`
}
