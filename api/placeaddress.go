package api

import (
	"holdfast/order"
	"holdfast/product"
)

// checkAddress returns an error if the placement says twice where it goes, or names an address that
// can't exist.
func (p *placing) checkAddress() error {
	switch {
	case p.addressID == "":
		return nil
	case p.Address != nil:
		return malformed("addressId", "can't be used together with address")
	case !product.ValidID(p.addressID):
		return product.Invalid{{Path: "addressId", Reason: badID}}
	}
	return nil
}

// takeAddress copies the address that the placement names, as it was found: orders don't change with
// their customer's addresses.
func (p *placing) takeAddress(found *order.Address) error {
	if p.addressID == "" {
		return nil
	}
	if found == nil {
		return product.Invalid{{Path: "addressId", Reason: "must be the id of one of the customer's addresses"}}
	}
	p.Address = found.Normal()
	return fits(p.Placement)
}
