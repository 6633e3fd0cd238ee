package price

import "fmt"

// RefusalReason says why an order can't be quoted.
type RefusalReason string

// The list is open: a reader must expect values that it doesn't know.
const (
	// RefusalTooLarge: a sum exceeds 64 bits, or the quote exceeds order.MaxQuoteBytes.
	RefusalTooLarge RefusalReason = "too_large"
	// RefusalNotChargeable: the payment provider can't charge the total.
	RefusalNotChargeable     RefusalReason = "not_chargeable"
	RefusalUnknownMethod     RefusalReason = "unknown_shipping_method"
	RefusalMethodUnavailable RefusalReason = "shipping_method_unavailable"
	// RefusalNoMethod: none was chosen, and the book has no default for the currency.
	RefusalNoMethod RefusalReason = "no_shipping_method"
	// RefusalUnknownCountry: the address has no country of ISO 3166-1.
	RefusalUnknownCountry RefusalReason = "unknown_country"
	// RefusalNoTaxRule: the book doesn't say how the destination is taxed.
	RefusalNoTaxRule RefusalReason = "no_tax_rule"
	// RefusalCoupons: there are too many coupons, or one of them appears twice.
	RefusalCoupons RefusalReason = "coupons"
	// RefusalCommand: a command takes off something that isn't an amount, or off no line.
	RefusalCommand RefusalReason = "command"
)

// Refusal is why an order can't be quoted.
type Refusal struct { //nolint:errname // price.Refusal reads well, like product.Invalid
	// Field of the request, such as "shippingMethodId".
	Field  string
	Reason RefusalReason
	Detail string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", r.Field, r.Detail) }
