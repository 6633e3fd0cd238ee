package command

import (
	"holdfast/customer"
	"holdfast/order"
)

// ViewOf returns what commands see of an order that was placed. The categories and tags of its products
// aren't stored with it.
func ViewOf(o *order.Order) View {
	v := View{
		ID: o.ID, CustomerID: o.CustomerID, Guest: customer.IsGuest(o.CustomerID), Currency: o.Currency, Address: AddressOf(o.Address),
		Items: o.Amounts[order.AmountItems], Discount: o.Amounts[order.AmountDiscount],
		Shipping: o.Amounts[order.AmountShipping], Tax: o.Amounts[order.AmountTax] + o.Amounts[order.AmountIncludedTax],
		Total: o.Amounts[order.AmountTotal], Metadata: o.Metadata, ExternalReference: o.ExternalReference,
		Status: string(o.Status), PaymentStatus: string(o.Payment.Status), Provider: o.Payment.Provider,
		CancelReason: string(o.CancelReason),
	}
	if o.Commands != nil {
		v.Tags = o.Commands.Tags
	}
	if p := o.Pricing; p != nil {
		v.Level = p.Level
		for _, c := range p.Coupons {
			v.Coupons = append(v.Coupons, c.Code)
		}
		if p.Shipping != nil {
			v.ShippingMethodID = p.Shipping.MethodID
		}
	}
	for _, l := range o.Lines {
		v.Lines = append(v.Lines, Line{
			ID: l.ID, ProductID: l.ProductID, SKU: l.SKU, Title: l.Title, Quantity: l.Quantity, UnitPrice: l.UnitPrice,
			Total: l.Payable(), Gift: l.GiftFor != "",
		})
	}
	return v
}
