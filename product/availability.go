package product

// Buyer is the caller who checks products before ordering.
type Buyer struct {
	// OrderID of the order that the buyer is placing; empty if it can't exist yet.
	OrderID string
	// CustomerID to count open orders by; empty if there is no limit.
	CustomerID string
	// Network to count the open orders of its guests by; empty if there is no limit.
	Network string
	// UnitsOf also counts the units that the unpaid orders of this customer hold, or those of all guests of
	// these networks; empty if they are not limited.
	UnitsOf string
}

// Availability is what one cheap read finds out about a product before anything is held.
type Availability struct {
	ProductID string
	Found     bool
	Status    Status
	Currency  string
	Listing   int64
	// MaxPerOrder is how many units one order may have; 0 means no limit.
	MaxPerOrder int64
	// CustomerHeld is how many units the customer's unpaid orders hold, if these are
	// limited.
	CustomerHeld int64
	// WideHeld is how many units the guests of a wide network hold, if the customer is one of them.
	WideHeld int64
	// Terms are what the product's prices depend on. Nil if the product was stored before they
	// were kept apart; its description has them.
	Terms *Terms
	// SKUs has an entry for each requested sku, in the order of the request.
	SKUs []SKUAvailability
	// OwnHold is the state of the asking order's hold of this product.
	OwnHold HoldState
}

// Terms are what a price book may tell products apart by.
type Terms struct {
	Category string   `json:"category,omitempty"`
	Tags     []string `json:"tags,omitempty"`
}

// SKUAvailability is one variant of an Availability; Known is false for a sku that doesn't exist.
type SKUAvailability struct {
	SKU   string // as requested, or resolved if it was left out
	Known bool
	Price int64
	Stock Stock // OnHand and Held only
	// Title is what an order's line is called, as LineTitle returns it.
	Title string
}
