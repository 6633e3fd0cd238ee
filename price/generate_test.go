package price_test

import (
	"strconv"
	"time"

	"pgregory.net/rapid"

	"holdfast/order"
	"holdfast/price"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// goods are the products of random orders, with what scopes may name.
var goods = []price.Line{
	{ProductID: "p1", Category: "shoes", Tags: []string{"sale", "new"}},
	{ProductID: "p2", Category: "shoes"},
	{ProductID: "p3", Category: "books", Tags: []string{"sale"}},
	{ProductID: "p4"},
}

// draw draws from a list, for which "kind" is a label.
func draw[T any](t *rapid.T, kind string, from ...T) T { return rapid.SampledFrom(from).Draw(t, kind) }

func number(t *rapid.T, kind string, from, to int64) int64 {
	return rapid.Int64Range(from, to).Draw(t, kind)
}

func often(t *rapid.T, kind string) bool { return number(t, kind, 0, 3) > 0 }

func rarely(t *rapid.T, kind string) bool { return number(t, kind, 0, 7) == 7 }

func anyScope(t *rapid.T) *price.Scope {
	switch number(t, "scope", 0, 5) {
	case 0:
		return &price.Scope{Categories: []string{draw(t, "category", "shoes", "books", "none")}}
	case 1:
		return &price.Scope{Tags: []string{draw(t, "tag", "sale", "new")}, Products: []string{"p4"}}
	case 2:
		return &price.Scope{Products: []string{draw(t, "product", "p1", "p2", "p3", "p9")}}
	}
	return nil
}

func anyRate(t *rapid.T) int64 {
	return draw[int64](t, "rate", 1, 333, 500, 1000, 3333, 5000, 9999, 10000, number(t, "any rate", 1, 10000))
}

func anyWindow(t *rapid.T) price.Window {
	switch number(t, "window", 0, 9) {
	case 0:
		return price.Window{StartsAt: noon.Add(time.Second)}
	case 1:
		return price.Window{EndsAt: noon}
	case 2:
		return price.Window{StartsAt: noon, EndsAt: noon.Add(time.Second)}
	}
	return price.Window{}
}

func anyAction(t *rapid.T) (price.Action, *price.Money) {
	var minimum *price.Money
	if rarely(t, "has minimum") {
		minimum = &price.Money{Amount: number(t, "minimum", 1, 9000), Currency: "EUR"}
	}
	if often(t, "is rate") {
		return price.Action{Rate: anyRate(t)}, minimum
	}
	return price.Action{Amount: number(t, "off", 1, 1500), Currency: "EUR"}, minimum
}

func anyPromotions(t *rapid.T, most int64) []price.Promotion {
	all := make([]price.Promotion, number(t, "promotions", 0, most))
	for i := range all {
		action, minimum := anyAction(t)
		all[i] = price.Promotion{
			ID: "promo-" + strconv.Itoa(i), Title: "A promotion", Scope: anyScope(t), Minimum: minimum, Window: anyWindow(t),
			Priority: int(number(t, "priority", -1, 1)), Stop: rarely(t, "stop"), Action: action,
		}
	}
	return all
}

func anyTaxes(t *rapid.T) *price.Taxes {
	taxes := &price.Taxes{
		Included: rapid.Bool().Draw(t, "included"), Home: price.Place{Country: "DE"},
		Classes: []price.TaxClass{
			{ID: "reduced", Scope: anyScope(t)}, {ID: "standard", Default: true}, {ID: "transport"},
		},
	}
	for _, c := range taxes.Classes {
		for _, p := range []price.Place{{Country: "DE"}, {Country: "US"}, {Country: "US", Region: "ca"}} {
			taxes.Rules = append(taxes.Rules, price.TaxRule{Class: c.ID, Place: p, Rate: draw[int64](t, "tax", 0, 700, 1900, 725, 10000)})
		}
	}
	taxes.Rules = append(taxes.Rules, price.TaxRule{Class: "standard", Place: price.Place{Country: "FR"}, Rate: 2000})
	return taxes
}

func anyBook(t *rapid.T) price.Book {
	var b price.Book
	for i := range number(t, "levels", 0, 4) {
		b.Levels = append(b.Levels, price.Level{Number: int(i) + 1, Name: "A level", Discount: anyRate(t)})
	}
	b.ItemPromotions, b.OrderPromotions = anyPromotions(t, 4), anyPromotions(t, 3)
	if often(t, "taxed") {
		b.Taxes = anyTaxes(t)
	}
	for i := range number(t, "methods", 0, 2) {
		m := price.ShippingMethod{
			ID: "method-" + strconv.Itoa(int(i)), Title: "A method", Currency: "EUR", Default: i == 0,
			Brackets: []price.Bracket{{Price: number(t, "price", 0, 900)}, {From: 3000, Price: number(t, "price", 0, 900)}},
		}
		if b.Taxes != nil {
			m.TaxClass = draw(t, "tax class", "reduced", "standard", "transport")
		}
		if rarely(t, "for some countries") {
			m.Countries = []string{"DE", "US"}
		}
		if rarely(t, "free") {
			m.FreeFrom = new(int64(6000))
		}
		b.ShippingMethods = append(b.ShippingMethods, m)
	}
	return b
}

func anyCoupon(t *rapid.T, code string) price.Coupon {
	action, minimum := anyAction(t)
	if rarely(t, "free shipping") {
		action = price.Action{FreeShipping: true}
	}
	c := price.Coupon{Code: code, Version: number(t, "version", 1, 9), Minimum: minimum, Action: action, Limited: rapid.Bool().Draw(t, "limited")}
	if rarely(t, "coupon has scope") {
		c.Scope = anyScope(t)
	}
	if rarely(t, "coupon has window") {
		c.Window = anyWindow(t)
	}
	return c
}

func anyRequest(t *rapid.T) price.Request {
	r := price.Request{
		Currency: "EUR", Level: int(number(t, "level", 0, 6)), At: noon,
		Smallest: draw[int64](t, "smallest", 0, 0, 50), Step: draw[int64](t, "step", 0, 0, 1, 10),
	}
	if rarely(t, "other currency") {
		r.Currency = "USD"
	}
	step := max(r.Step, 1)
	for range number(t, "lines", 1, 7) {
		l := goods[number(t, "product", 0, int64(len(goods)-1))]
		l.SKU = draw(t, "sku", "s", "m")
		l.Quantity = draw[int64](t, "quantity", 1, 2, 3, number(t, "any quantity", 1, 1000))
		l.UnitPrice = step * draw[int64](t, "price", 0, 1, 99, 995, 1999, number(t, "any price", 0, 100_000_000))
		if rarely(t, "is a gift") {
			l.Gift = &order.Gift{Command: draw(t, "giver", "gift", "thanks"), Version: 1}
		}
		r.Lines = append(r.Lines, l)
	}
	for i := range number(t, "commands", 0, 2) * number(t, "has commands", 0, 1) {
		r.Commands = append(r.Commands, price.Command{
			ID: "command-" + strconv.Itoa(int(i)), Version: i + 1, Line: int(number(t, "of line", -1, int64(len(r.Lines)-1))),
			Amount: draw[int64](t, "taken off", 0, 5, 10, 333, number(t, "any taken off", 0, 100_000)),
		})
	}
	if rapid.Bool().Draw(t, "has address") {
		r.Address = draw(t, "address", &order.Address{Country: "DE"}, &order.Address{Country: "US", Region: " Ca"},
			&order.Address{Country: "US", Region: "NY"}, &order.Address{Country: "FR"}, &order.Address{Country: "XX"})
	}
	for i := range number(t, "coupons", 0, 3) {
		r.Coupons = append(r.Coupons, anyCoupon(t, string(rune('C'-i))))
	}
	if rarely(t, "chooses method") {
		r.ShippingMethodID = draw(t, "method", "method-0", "method-1", "method-9")
	}
	return r
}
