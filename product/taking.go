package product

// Taking is units that leave the stock without a sale: they replace what an order's buyer
// didn't get. All products give theirs, or none does.
type Taking struct {
	Holder
	// ID distinguishes it from the order's other takings.
	ID string
	// Actor is who decided it.
	Actor string
	// Items by product.
	Items map[string][]Item
}
