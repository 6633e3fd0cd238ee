package order

import "time"

// MaxQuoteBytes bounds a quote as JSON: it travels in the placement, which Temporal keeps.
const MaxQuoteBytes = 512 << 10

// Quote is what an order costs, line by line, and why. The gateway makes it once, when the
// order is placed; it travels in the placement, so that no step that runs again can come to
// another price. All amounts are in minor units of Currency.
type Quote struct {
	Currency string `json:"currency"`
	// Lines are the placement's lines, one for one.
	Lines []QuotedLine `json:"lines"`
	// Pricing is nil if the shop has no price book and no coupon was used: the order then
	// costs the sum of its lines.
	Pricing *Pricing `json:"pricing,omitempty"`

	// Items is the sum of the lines at list prices.
	Items int64 `json:"items"`
	// Discount is the sum of all adjustments, not negative.
	Discount int64 `json:"discount,omitempty"`
	// Shipping is its price, before a tax that is added.
	Shipping int64 `json:"shipping,omitempty"`
	// Tax is the tax that is added to the prices.
	Tax int64 `json:"tax,omitempty"`
	// IncludedTax is the tax that the prices contain.
	IncludedTax int64 `json:"includedTax,omitempty"`
	// Total is Items - Discount + Shipping + Tax.
	Total int64 `json:"total"`
}

// QuotedLine is the price of one line.
type QuotedLine struct {
	// SKU of the line, resolved if it was left out.
	SKU string `json:"sku"`
	// UnitPrice is the list price.
	UnitPrice int64 `json:"unitPrice"`
	LinePrice
}

// LinePrice explains what is paid for a line. Without Pricing it is empty, and the line costs
// unit price x quantity.
type LinePrice struct {
	// Adjustments are what was taken off the list price, in the order in which it was.
	Adjustments []Adjustment `json:"adjustments,omitempty"`
	// Net is the line's amount without tax, after its adjustments.
	Net int64 `json:"net,omitempty"`
	// Tax is the line's tax, included or added.
	Tax int64 `json:"tax,omitempty"`
	// Total is what the buyer pays for all units of the line: its refund if all come back.
	Total *int64 `json:"total,omitempty"`
}

// AdjustmentKind says what changed a line's price.
type AdjustmentKind string

// The list is open: a reader must expect values that it doesn't know.
const (
	AdjustmentLevel          AdjustmentKind = "level"
	AdjustmentItemPromotion  AdjustmentKind = "item_promotion"
	AdjustmentOrderPromotion AdjustmentKind = "order_promotion"
	AdjustmentCoupon         AdjustmentKind = "coupon"
	AdjustmentGift           AdjustmentKind = "gift"
	AdjustmentCommand        AdjustmentKind = "command"
)

// Adjustment is one reason why a line costs less than its list price. Zeros are left out.
type Adjustment struct {
	Kind AdjustmentKind `json:"kind"`
	// Source is the level's number, the promotion's or the command's id, or the coupon's code.
	Source string `json:"source"`
	// Version of the price book, the coupon or the command.
	Version int64 `json:"version,omitempty"`
	// Amount is negative.
	Amount int64 `json:"amount"`
}

// Pricing is what an order's price follows from, beside its lines.
type Pricing struct {
	QuotedAt time.Time `json:"quotedAt"`
	// Book is the price book's version; nil if the shop has none.
	Book *BookVersion `json:"priceBook,omitempty"`
	// Level is the customer's member level, 0 if they have none.
	Level    int            `json:"level,omitempty"`
	Coupons  []QuotedCoupon `json:"coupons,omitempty"`
	Shipping *Shipping      `json:"shipping,omitempty"`
	// Destination is for which taxes and shipping were priced. Nil if neither depends on it.
	Destination *Destination `json:"destination,omitempty"`
	// Step is of what all amounts are multiples, in minor units, because payment providers
	// charge no others in the currency; 0 means 1.
	Step int64 `json:"step,omitempty"`
	// TaxIncluded reports whether the prices contain the taxes.
	TaxIncluded bool     `json:"taxIncluded,omitempty"`
	Taxes       []TaxSum `json:"taxes,omitempty"`
}

// Destination is a country, or a region of one. An unknown one has neither: the order has no
// address, and the shop doesn't say where its home is.
type Destination struct {
	Country string `json:"country,omitempty"`
	Region  string `json:"region,omitempty"`
	// AnyRegion means that no region of the country is taxed differently. An order without an address
	// may then go to any of them.
	AnyRegion bool `json:"anyRegion,omitempty"`
}

// BookVersion names one version of the price book.
type BookVersion struct {
	Number int64 `json:"number"`
	// Hash is the SHA-256 of the document, in hexadecimal.
	Hash string `json:"hash"`
}

// QuotedCoupon is a coupon that the quote uses.
type QuotedCoupon struct {
	Code string `json:"code"`
	// Version of the coupon's terms.
	Version int64 `json:"version"`
	// Amount that it takes off the lines and the shipping together, not negative.
	Amount int64 `json:"amount"`
	// Limited coupons are claimed, others only read.
	Limited bool `json:"limited,omitempty"`
}

// Shipping is how the order is sent and what that costs.
type Shipping struct {
	MethodID string `json:"methodId"`
	Title    string `json:"title,omitempty"`
	// Price is the method's price before adjustments.
	Price       int64        `json:"price"`
	Adjustments []Adjustment `json:"adjustments,omitempty"`
	Net         int64        `json:"net,omitempty"`
	Tax         int64        `json:"tax,omitempty"`
	// Total is what the buyer pays for it.
	Total int64 `json:"total"`
}

// TaxSum is the tax of one rate in the order, included or added.
type TaxSum struct {
	Class string `json:"class"`
	// Country and Region whose rule applied.
	Country string `json:"country"`
	Region  string `json:"region,omitempty"`
	// Rate in basis points.
	Rate int64 `json:"rate"`
	// Net is what was taxed, Tax the tax on it.
	Net int64 `json:"net"`
	Tax int64 `json:"tax"`
}

// Payable is what the buyer pays for all units of the line.
func (l Line) Payable() int64 {
	if l.Total != nil {
		return *l.Total
	}
	return l.Amount
}

// agree takes over what the quote says.
func (o *Order) agree(q Quote) {
	o.Currency, o.Pricing = q.Currency, q.Pricing
	for i := range o.Lines {
		l := &o.Lines[i]
		l.SKU, l.UnitPrice, l.LinePrice = q.Lines[i].SKU, q.Lines[i].UnitPrice, q.Lines[i].LinePrice
	}
	if q.Pricing == nil {
		return
	}
	for _, a := range []struct {
		name   string
		amount int64
	}{
		{AmountItems, q.Items},
		{AmountDiscount, q.Discount},
		{AmountShipping, q.Shipping},
		{AmountTax, q.Tax},
		{AmountIncludedTax, q.IncludedTax},
		{AmountTotal, q.Total},
	} {
		if _, always := o.Amounts[a.name]; always || a.amount != 0 {
			o.Amounts[a.name] = a.amount
		}
	}
}
