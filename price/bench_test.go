package price_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/price"
)

// busy is an order of this many lines in a shop with a level, 10 promotions, two coupons,
// shipping and two taxes, all of which apply to it.
func busy(b *testing.B, lines int) (*price.Book, price.Request) {
	b.Helper()
	var doc price.Book
	doc.Levels = []price.Level{{Number: 1, Name: "Gold", Discount: 500}}
	for i := range 7 {
		doc.ItemPromotions = append(doc.ItemPromotions, price.Promotion{
			ID: fmt.Sprint("item-", i), Title: "A promotion", Priority: i, Action: price.Action{Rate: 100},
			Scope: &price.Scope{Categories: []string{fmt.Sprint("category-", i%4)}, Tags: []string{fmt.Sprint("tag-", i)}, Products: []string{"product-0"}},
		})
	}
	for i := range 3 {
		doc.OrderPromotions = append(doc.OrderPromotions, price.Promotion{
			ID: fmt.Sprint("order-", i), Title: "A promotion", Priority: i, Minimum: &price.Money{Amount: 1000, Currency: "EUR"},
			Action: price.Action{Amount: 333, Currency: "EUR"},
		})
	}
	doc.ShippingMethods = []price.ShippingMethod{{
		ID: "parcel", Title: "Parcel", Currency: "EUR", Default: true, TaxClass: "standard",
		Brackets: []price.Bracket{{Price: 490}, {From: 5000, Price: 290}},
	}}
	doc.Taxes = &price.Taxes{
		Included: true, Home: price.Place{Country: "DE"},
		Classes: []price.TaxClass{{ID: "reduced", Scope: &price.Scope{Tags: []string{"tag-1"}}}, {ID: "standard", Default: true}},
		Rules:   []price.TaxRule{{Class: "standard", Place: price.Place{Country: "DE"}, Rate: 1900}, {Class: "reduced", Place: price.Place{Country: "DE"}, Rate: 700}},
	}
	book := newBook(b, doc)
	r := price.Request{
		Currency: "EUR", Level: 1, At: noon, Address: &order.Address{Country: "DE"},
		Coupons: []price.Coupon{
			{Code: "TEN", Version: 1, Action: price.Action{Rate: 1000}},
			{Code: "TAG", Version: 1, Action: price.Action{Amount: 500, Currency: "EUR"}, Scope: &price.Scope{Tags: []string{"sale"}}},
		},
	}
	for i := range lines {
		r.Lines = append(r.Lines, price.Line{
			ProductID: fmt.Sprint("product-", (i*7)%lines), SKU: "m", Category: fmt.Sprint("category-", i%4),
			Tags: []string{fmt.Sprint("tag-", i%7), "sale", "new"}, Quantity: int64(1 + i%3), UnitPrice: int64(999 + 100*i),
		})
	}
	return book, r
}

func BenchmarkQuote(b *testing.B) {
	for _, lines := range []int{1, 20, order.MaxLines} {
		book, r := busy(b, lines)
		b.Run(fmt.Sprintf("lines=%d/book=full", lines), func(b *testing.B) { quoteEach(b, book, r) })
		r.Coupons = nil
		empty := newBook(b, price.Book{})
		b.Run(fmt.Sprintf("lines=%d/book=empty", lines), func(b *testing.B) { quoteEach(b, empty, r) })
		b.Run(fmt.Sprintf("lines=%d/book=none", lines), func(b *testing.B) { quoteEach(b, nil, r) })
	}
}

func quoteEach(b *testing.B, book *price.Book, r price.Request) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := price.Quote(book, r); reasonOf(err) != "" && reasonOf(err) != string(price.RefusalTooLarge) {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	book, r := busy(b, 20)
	q, err := price.Quote(book, r)
	require.NoError(b, err)
	lines := asked(r)
	b.ReportAllocs()
	for b.Loop() {
		if err := price.Verify(q, lines); err != nil {
			b.Fatal(err)
		}
	}
}
