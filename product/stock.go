package product

import "fmt"

// Stock is the units of one variant and the ledger that explains them.
type Stock struct {
	// OnHand units are in the warehouse; Held of them are promised to orders that may still
	// be paid.
	OnHand int64 `json:"onHand"`
	Held   int64 `json:"held"`
	// Running totals since the variant was created: counted or received, sold, and returned
	// after a sale.
	Adjusted  int64 `json:"adjusted"`
	Committed int64 `json:"committed"`
	Restocked int64 `json:"restocked"`
}

// Available units can be held by a new order.
func (s Stock) Available() int64 { return s.OnHand - s.Held }

// Check returns an error that names the invariant which the stock violates.
func (s Stock) Check() error {
	switch {
	case s.Held < 0:
		return fmt.Errorf("held %d is below zero", s.Held)
	case s.Held > s.OnHand:
		return fmt.Errorf("held %d is above onHand %d", s.Held, s.OnHand)
	case s.OnHand != s.Adjusted-s.Committed+s.Restocked:
		return fmt.Errorf("onHand %d is not adjusted %d - committed %d + restocked %d",
			s.OnHand, s.Adjusted, s.Committed, s.Restocked)
	}
	return nil
}

// Adjustment changes the stock of one variant, once per ActionID: by Delta, or to the
// counted number OnHand. Exactly one of the two is set.
type Adjustment struct {
	ProductID string
	ActionID  string
	SKU       string // may be empty if the product has only one variant
	Delta     *int64
	OnHand    *int64
	Reason    string
	Actor     string
}

// Adjusted is what became of one of several Adjustments: the stock right after it.
type Adjusted struct {
	Stock Stock
	Err   error
}

// Validate lists what is wrong with the adjustment.
func (a Adjustment) Validate() error {
	var bad Invalid
	if a.SKU != "" && !ValidID(a.SKU) {
		bad.Add("sku", "must match [A-Za-z0-9._~-]{1,64}")
	}
	switch {
	case (a.Delta == nil) == (a.OnHand == nil):
		bad.Add("delta", "give either delta or onHand")
	case a.Delta != nil && (*a.Delta > MaxStock || *a.Delta < -MaxStock):
		bad.Add("delta", fmt.Sprintf("must lie between -%d and %d", MaxStock, MaxStock))
	case a.OnHand != nil && (*a.OnHand < 0 || *a.OnHand > MaxStock):
		bad.Add("onHand", fmt.Sprintf("must lie between 0 and %d", MaxStock))
	}
	if len(a.Reason) > MaxReasonBytes {
		bad.Add("reason", fmt.Sprintf("at most %d bytes", MaxReasonBytes))
	}
	CheckText(&bad, "reason", a.Reason)
	return bad.OrNil()
}
