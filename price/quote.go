// Package price says what an order costs and why: the price book (member levels, promotions,
// shipping methods, taxes), the terms of coupons, and Quote, which applies them to an order.
// It is pure: it reads no clock and does no I/O, so that the same request always has the same
// quote. It counts no coupon, stores nothing, and never changes a price that was quoted
// before: an order keeps its quote.
//
// All amounts are integers in minor units. docs/prices.md says what merchants need to know.
package price

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"holdfast/order"
	"holdfast/product"
)

// Request is what is to be quoted.
type Request struct {
	Currency string
	Lines    []Line
	// Level of the customer, 0 if they have none.
	Level int
	// Address decides about shipping and taxes; nil means the home of the book's taxes.
	Address *order.Address
	// ShippingMethodID is empty for the book's default.
	ShippingMethodID string
	// Coupons with their terms of now.
	Coupons []Coupon
	// Commands are what the shop's commands take off.
	Commands []Command
	// At is the time for which promotions and coupons are judged.
	At time.Time
	// Smallest is the smallest total above 0 that the payment provider charges; 0 means 1.
	Smallest int64
	// Step is of what the provider charges only multiples, in this currency; 0 means 1.
	Step int64
}

// Line is one line of a Request. All lines of a product have the same category and tags.
type Line struct {
	ProductID string
	SKU       string
	Category  string
	Tags      []string
	Quantity  int64
	// UnitPrice is the list price.
	UnitPrice int64
	// Gift is set for a line that costs nothing.
	Gift *order.Gift
}

// Quote says what an order costs. The lines' order has no influence on any amount. book may
// be nil: without coupons and commands the order then costs the sum of its lines. An error that the buyer
// or the shop can do something about is a *Refusal or a *CouponError.
func Quote(book *Book, r Request) (order.Quote, error) {
	if book == nil {
		if r.plain() {
			return plain(&r)
		}
		book = &Book{index: &index{}}
	}
	if book.index == nil {
		return order.Quote{}, fmt.Errorf("price: the book was not made by New")
	}
	b, err := newBasket(book, &r)
	if err != nil {
		return order.Quote{}, err
	}
	b.giveGifts()
	b.applyLevel()
	b.applyItemPromotions()
	b.applyOrderPromotions()
	if !b.fits() {
		return order.Quote{}, tooManyBytes(b.takenBytes)
	}
	for _, step := range []func() error{b.applyCoupons, b.applyCommands, b.addShipping, b.addTaxes} {
		if err := step(); err != nil {
			return order.Quote{}, err
		}
	}
	return b.quote()
}

// plain reports whether nothing changes the price, if there is no book.
func (r *Request) plain() bool {
	return len(r.Coupons) == 0 && len(r.Commands) == 0 && !slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Gift != nil })
}

// plain quotes an order of a shop that has no price book.
func plain(r *Request) (order.Quote, error) {
	q := order.Quote{Currency: r.Currency, Lines: make([]order.QuotedLine, len(r.Lines))}
	for i := range r.Lines {
		l := &r.Lines[i]
		amount, err := product.Multiply(l.UnitPrice, l.Quantity)
		if err == nil {
			q.Items, err = product.Add(q.Items, amount)
		}
		if err != nil {
			return order.Quote{}, tooLarge(err)
		}
		q.Lines[i].SKU, q.Lines[i].UnitPrice = l.SKU, l.UnitPrice
	}
	q.Total = q.Items
	return q, r.checkTotal(q.Total)
}

// checkTotal refuses what the payment provider can't charge. Nothing is charged for an order
// that costs nothing.
func (r *Request) checkTotal(total int64) error {
	switch {
	case total != 0 && total < r.Smallest:
		return &Refusal{"total", RefusalNotChargeable, fmt.Sprintf("the total of %d %s is below %d, the least that can be paid", total, r.Currency, r.Smallest)}
	case r.Step > 1 && total%r.Step != 0:
		return &Refusal{"total", RefusalNotChargeable, fmt.Sprintf("the total of %d %s is not a multiple of %d, as payments must be", total, r.Currency, r.Step)}
	}
	return nil
}

func tooLarge(err error) error {
	return &Refusal{"lines", RefusalTooLarge, err.Error()}
}

// quote puts the result together.
func (b *basket) quote() (order.Quote, error) {
	q := order.Quote{Currency: b.r.Currency, Lines: make([]order.QuotedLine, len(b.r.Lines)), Items: b.items, Pricing: b.pricing()}
	b.explain()
	b.fillLines(q.Lines)
	for _, t := range b.taken {
		q.Discount += t.off
	}
	if s := q.Pricing.Shipping; s != nil {
		q.Shipping = s.Price
		for _, a := range s.Adjustments {
			q.Discount -= a.Amount
		}
	}
	all := &q.Tax
	if q.Pricing.TaxIncluded {
		all = &q.IncludedTax
	}
	for _, t := range q.Pricing.Taxes {
		*all += t.Tax // together less than what is taxed
	}
	gross, err := product.Add(q.Items, q.Shipping)
	if err == nil {
		gross, err = product.Add(gross, q.Tax)
	}
	if err == nil {
		_, err = product.Multiply(gross, b.unit)
	}
	if err != nil {
		return order.Quote{}, tooLarge(err)
	}
	q.Total = gross - q.Discount
	if b.unit > 1 {
		scale(&q, b.unit)
	}
	if err := b.r.checkTotal(q.Total); err != nil {
		return order.Quote{}, err
	}
	return q, checkSize(&q)
}

func (b *basket) pricing() *order.Pricing {
	p := &order.Pricing{QuotedAt: b.r.At.UTC(), Level: max(b.r.Level, 0), Shipping: b.shipping, Taxes: b.taxes}
	if b.book.Version.Hash != "" {
		v := b.book.Version
		p.Book = &v
	}
	p.TaxIncluded = b.book.Taxes != nil && b.book.Taxes.Included
	p.Destination = b.pricedFor()
	if b.unit > 1 {
		p.Step = b.unit
	}
	for _, c := range b.coupons {
		p.Coupons = append(p.Coupons, order.QuotedCoupon{
			Code: c.Code, Version: c.Version, Amount: c.off, Limited: c.Limited && c.off > 0,
		})
	}
	return p
}

// pricedFor returns for which country and region the order is priced, nil if the book's prices
// don't depend on it.
func (b *basket) pricedFor() *order.Destination {
	if b.book.Taxes == nil && len(b.book.ShippingMethods) == 0 {
		return nil
	}
	to := b.destination()
	return &order.Destination{Country: to.Country, Region: to.Region, AnyRegion: !b.book.Taxes.divides(to.Country)}
}

// Bounds of a quote's parts as JSON. Most quotes are so far below the limit that they need
// not be encoded to know it.
const (
	restBytes, lineBytes, adjustmentBytes, taxBytes = 8 << 10, 256, 192, 2 << 10
	// leastAdjustmentBytes is the least that an adjustment takes, without its kind and source.
	leastAdjustmentBytes = len(`{"kind":"","source":"","amount":-1}`)
)

func checkSize(q *order.Quote) error {
	most := restBytes + len(q.Lines)*lineBytes + len(q.Pricing.Taxes)*taxBytes
	for i := range q.Lines {
		most += len(q.Lines[i].Adjustments) * adjustmentBytes
	}
	if most <= order.MaxQuoteBytes {
		return nil
	}
	doc, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("encode a quote: %w", err)
	}
	if len(doc) > order.MaxQuoteBytes {
		return tooManyBytes(len(doc))
	}
	return nil
}

func tooManyBytes(n int) error {
	return &Refusal{"lines", RefusalTooLarge, fmt.Sprintf("the quote has at least %d bytes, of which it may have %d", n, order.MaxQuoteBytes)}
}
