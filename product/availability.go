package product

// Buyer is the caller who looks at products before ordering.
type Buyer struct {
	// OrderID of the order that the buyer asks for; empty where it can't exist yet.
	OrderID string
	// CustomerID to count open orders by; empty where they don't matter.
	CustomerID string
	// Units: also count the units that the customer's unpaid orders hold, which are limited.
	Units bool
}

// Look is what one cheap read tells about a product before anything is held.
type Look struct {
	ProductID string
	Found     bool
	Status    Status
	Currency  string
	Listing   int64
	// MaxPerOrder is how many units one order may have; 0 is without a limit.
	MaxPerOrder int64
	// CustomerHeld is how many units the customer's unpaid orders hold, where they are limited.
	CustomerHeld int64
	// SKUs answers each asked sku, in the order asked.
	SKUs []SKULook
	// OwnHold is the state of the asking order's hold of this product.
	OwnHold HoldState
}

// SKULook is one variant of a Look; Known is false for a sku that isn't there.
type SKULook struct {
	SKU   string // as asked, or resolved where it was left out
	Known bool
	Price int64
	Stock Stock // OnHand and Held only
}
