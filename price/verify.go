package price

import (
	"errors"
	"fmt"

	"holdfast/order"
	"holdfast/product"
)

// ErrInvalidQuote means that the amounts of a quote don't add up. Since quotes are only made
// by Quote, that is a bug, or somebody changed one on its way.
var ErrInvalidQuote = errors.New("the quote does not add up")

// Verify checks a quote's arithmetic against the lines that were ordered: every line, every
// adjustment, every sum. It needs no price book, because it doesn't ask whether the discounts
// are right.
func Verify(q order.Quote, lines []order.LineRequest) error {
	v := verifier{q: &q, coupons: map[string]int64{}}
	if !product.ValidCurrency(q.Currency) {
		v.fail("%q is not a currency", q.Currency)
	}
	if len(q.Lines) != len(lines) {
		return fmt.Errorf("%w: it has %d lines, the order %d", ErrInvalidQuote, len(q.Lines), len(lines))
	}
	if q.Pricing != nil {
		v.offered(q.Pricing.Coupons)
	}
	for i := range lines {
		v.line(i, &lines[i])
	}
	v.shipping()
	v.sums()
	return v.err
}

// verifier adds up what it has seen of a quote, and keeps the first error.
type verifier struct {
	q   *order.Quote
	err error
	// items, discount, net, tax and total are sums of the lines and of shipping.
	items, discount, net, tax, total int64
	// coupons are what each coupon took off, less what the quote says that it did.
	coupons map[string]int64
}

func (v *verifier) fail(format string, args ...any) {
	if v.err == nil {
		v.err = fmt.Errorf("%w: %s", ErrInvalidQuote, fmt.Sprintf(format, args...))
	}
}

func (v *verifier) equal(what string, got, want int64) {
	if got != want {
		v.fail("%s is %d instead of %d", what, got, want)
	}
}

// add adds to a sum what must not be negative.
func (v *verifier) add(sum *int64, what string, amount int64) {
	next, err := product.Add(*sum, amount)
	if err != nil {
		v.fail("%s %d: %v", what, amount, err)
		return
	}
	*sum = next
}

// offered notes the coupons that the quote says it used.
func (v *verifier) offered(coupons []order.QuotedCoupon) {
	for _, c := range coupons {
		if _, twice := v.coupons[c.Code]; twice || c.Amount < 0 {
			v.fail("coupon %s appears twice, or takes off %d", c.Code, c.Amount)
		}
		v.coupons[c.Code] = -c.Amount
	}
}

func (v *verifier) line(i int, asked *order.LineRequest) {
	l := &v.q.Lines[i]
	at := fmt.Sprintf("lines[%d]", i)
	if (asked.SKU != "" && asked.SKU != l.SKU) || (asked.UnitPrice != nil && *asked.UnitPrice != l.UnitPrice) {
		v.fail("%s is for %s at %d", at, l.SKU, l.UnitPrice)
	}
	if l.UnitPrice > product.MaxPrice || asked.Quantity < 1 || asked.Quantity > order.MaxQuantity {
		v.fail("%s has %d units at %d", at, asked.Quantity, l.UnitPrice)
	}
	amount, err := product.Multiply(l.UnitPrice, asked.Quantity)
	if err != nil {
		v.fail("%s: %v", at, err)
	}
	v.add(&v.items, at, amount)
	if v.q.Pricing == nil {
		if len(l.Adjustments) > 0 || l.Net != 0 || l.Tax != 0 || l.Total != nil {
			v.fail("%s is explained, but not priced", at)
		}
		v.add(&v.total, at, amount)
		return
	}
	if l.Total == nil {
		v.fail("%s has no total", at)
		return
	}
	v.priced(at, amount, l.Adjustments, l.Net, l.Tax, *l.Total)
}

func (v *verifier) shipping() {
	switch {
	case v.q.Pricing == nil || v.q.Pricing.Shipping == nil:
		v.equal("shipping", v.q.Shipping, 0)
	default:
		s := v.q.Pricing.Shipping
		v.equal("shipping", v.q.Shipping, s.Price)
		v.priced("shipping", s.Price, s.Adjustments, s.Net, s.Tax, s.Total)
	}
}

// priced checks one price: what remains after its adjustments, with its tax.
func (v *verifier) priced(at string, amount int64, adjustments []order.Adjustment, net, tax, total int64) {
	if amount < 0 {
		v.fail("%s costs %d", at, amount)
	}
	for _, a := range adjustments {
		if a.Amount >= 0 || a.Amount < -amount {
			v.fail("%s: %s %s takes %d off %d", at, a.Kind, a.Source, a.Amount, amount)
			return
		}
		amount += a.Amount
		v.add(&v.discount, at, -a.Amount)
		v.adjustment(at, a)
	}
	if v.q.Pricing.TaxIncluded {
		v.equal(at+".total", total, amount)
		v.equal(at+".net", net, amount-tax)
	} else {
		v.equal(at+".net", net, amount)
		v.equal(at+".total", total, net+tax)
	}
	v.add(&v.net, at+".net", net)
	v.add(&v.tax, at+".tax", tax)
	v.add(&v.total, at+".total", total)
}

// adjustment checks where an adjustment comes from.
func (v *verifier) adjustment(at string, a order.Adjustment) {
	version := int64(-1)
	switch {
	case a.Kind == order.AdjustmentGift, a.Kind == order.AdjustmentCommand:
		version = max(a.Version, 1) // a command's, which the quote doesn't repeat
	case a.Kind == order.AdjustmentCoupon:
		v.coupons[a.Source] -= a.Amount
		for _, c := range v.q.Pricing.Coupons {
			if c.Code == a.Source {
				version = c.Version
			}
		}
	case v.q.Pricing.Book != nil:
		version = v.q.Pricing.Book.Number
	}
	if a.Version != version {
		v.fail("%s: %s %s is of version %d, the quote of %d", at, a.Kind, a.Source, a.Version, version)
	}
}

func (v *verifier) sums() {
	q := v.q
	v.equal("items", q.Items, v.items)
	v.equal("discount", q.Discount, v.discount)
	v.equal("total", q.Total, v.total)
	for code, off := range v.coupons {
		v.equal("the rest of coupon "+code, off, 0)
	}
	var added, included int64
	if q.Pricing != nil && q.Pricing.TaxIncluded {
		included = v.tax
	} else {
		added = v.tax
	}
	v.equal("tax", q.Tax, added)
	v.equal("includedTax", q.IncludedTax, included)
	if q.Pricing == nil || len(q.Pricing.Taxes) == 0 {
		v.equal("the tax of a quote without rates", v.tax, 0)
		return
	}
	var net, tax int64
	for _, t := range q.Pricing.Taxes {
		if t.Rate < 0 || t.Rate > MaxRate {
			v.fail("class %s is taxed with %d basis points", t.Class, t.Rate)
		}
		v.add(&net, "taxes.net", t.Net)
		v.add(&tax, "taxes.tax", t.Tax)
	}
	v.equal("the sum of taxes.net", net, v.net)
	v.equal("the sum of taxes.tax", tax, v.tax)
}
