package price_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/price"
	"holdfast/product"
)

func newBook(t testing.TB, b price.Book) *price.Book {
	t.Helper()
	book, err := price.New(b)
	require.NoError(t, err)
	book.Version.Number = 3
	return book
}

func refused(t *testing.T, book *price.Book, r price.Request) price.Refusal {
	t.Helper()
	_, err := price.Quote(book, r)
	var refusal *price.Refusal
	require.ErrorAs(t, err, &refusal)
	return *refusal
}

func TestAShopWithoutABookPaysTheSumOfTheLines(t *testing.T) {
	r := price.Request{Currency: "EUR", Level: 3, At: noon, Lines: []price.Line{
		{ProductID: "p", SKU: "s", Quantity: 3, UnitPrice: 500}, {ProductID: "q", SKU: "t", Quantity: 1},
	}}
	q, err := price.Quote(nil, r)
	require.NoError(t, err)
	require.Equal(t, order.Quote{
		Currency: "EUR", Items: 1500, Total: 1500, Lines: []order.QuotedLine{{SKU: "s", UnitPrice: 500}, {SKU: "t"}},
	}, q)
	require.NoError(t, price.Verify(q, asked(r)))

	r.Smallest = 1501
	require.Equal(t, price.RefusalNotChargeable, refused(t, nil, r).Reason)
	r.Smallest, r.Step = 0, 1000
	require.Equal(t, price.RefusalNotChargeable, refused(t, nil, r).Reason)
	r.Lines, r.Smallest = r.Lines[1:], 50
	_, err = price.Quote(nil, r)
	require.NoError(t, err, "what costs nothing need not be charged")
}

func TestABookThatIsEmptyChangesNoAmount(t *testing.T) {
	book := newBook(t, price.Book{})
	q, err := price.Quote(book, price.Request{Currency: "EUR", At: noon, Lines: []price.Line{{ProductID: "p", SKU: "s", Quantity: 3, UnitPrice: 500}}})
	require.NoError(t, err)
	require.Equal(t, order.Quote{
		Currency: "EUR", Items: 1500, Total: 1500, Pricing: &order.Pricing{QuotedAt: noon, Book: &book.Version},
		Lines: []order.QuotedLine{{SKU: "s", UnitPrice: 500, LinePrice: order.LinePrice{Net: 1500, Total: new(int64(1500))}}},
	}, q)
	_, err = price.Quote(&price.Book{}, price.Request{})
	require.ErrorContains(t, err, "not made by New")
}

func TestSumsThatOverflowAreRefused(t *testing.T) {
	line := price.Line{ProductID: "p", SKU: "s", Quantity: order.MaxQuantity, UnitPrice: product.MaxPrice}
	many := make([]price.Line, 10)
	for i := range many {
		many[i] = line
		many[i].ProductID += strconv.Itoa(i)
	}
	taxed := newBook(t, price.Book{Taxes: &price.Taxes{
		Home: price.Place{Country: "DE"}, Classes: []price.TaxClass{{ID: "a", Default: true}},
		Rules: []price.TaxRule{{Class: "a", Place: price.Place{Country: "DE"}, Rate: 10000}},
	}})
	for name, c := range map[string]struct {
		book  *price.Book
		lines []price.Line
		step  int64
	}{
		"ten lines without a book": {nil, many, 0},
		"ten lines":                {newBook(t, price.Book{}), many, 0},
		"ten lines in steps":       {newBook(t, price.Book{}), many, 100},
		"a tax that doubles them":  {taxed, many[:6], 0},
		"the same in steps":        {taxed, many[:6], 100},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, price.RefusalTooLarge, refused(t, c.book, price.Request{Currency: "EUR", Lines: c.lines, Step: c.step, At: noon}).Reason)
		})
	}
	q, err := price.Quote(newBook(t, price.Book{}), price.Request{Currency: "EUR", Lines: many[:9], At: noon})
	require.NoError(t, err)
	require.Equal(t, 9*product.MaxPrice*order.MaxQuantity, q.Total)
	per := newBook(t, price.Book{ItemPromotions: []price.Promotion{
		{ID: "a", Title: "A", Action: price.Action{Amount: product.MaxPrice, Currency: "EUR"}},
	}})
	var lines []price.Line
	for range 20 {
		lines = append(lines, price.Line{ProductID: "p", SKU: "s", Quantity: order.MaxQuantity, UnitPrice: 1000})
	}
	q, err = price.Quote(per, price.Request{Currency: "EUR", Lines: lines, At: noon})
	require.NoError(t, err)
	require.Zero(t, q.Total, "an amount off per unit may exceed 64 bits in all")
	require.Less(t, q.Discount, int64(math.MaxInt64))
}

func TestAQuoteThatIsTooLargeIsRefused(t *testing.T) {
	b := price.Book{Levels: []price.Level{{Number: 1, Name: "A", Discount: 100}}}
	for i := range 3 {
		b.ItemPromotions = append(b.ItemPromotions, price.Promotion{
			ID: fmt.Sprint("a-promotion-with-a-rather-long-name-", i), Title: "A", Action: price.Action{Rate: 100},
		})
	}
	r := price.Request{Currency: "EUR", Level: 1, At: noon}
	for i := range order.MaxLines {
		r.Lines = append(r.Lines, price.Line{ProductID: "p", SKU: fmt.Sprint("sku-", i), Quantity: 1, UnitPrice: 1_000_000})
	}
	refusal := refused(t, newBook(t, b), r)
	require.Equal(t, price.RefusalTooLarge, refusal.Reason)
	require.Contains(t, refusal.Detail, "524288")
	b.ItemPromotions = nil
	q, err := price.Quote(newBook(t, b), r)
	require.NoError(t, err)
	require.NoError(t, price.Verify(q, asked(r)))
}

// It is refused as soon as that is certain: 400,000 adjustments are not worked out.
func TestAQuoteThatIsFarTooLargeIsRefusedEarly(t *testing.T) {
	for name, promotions := range map[string]func(*price.Book) *[]price.Promotion{
		"item":  func(b *price.Book) *[]price.Promotion { return &b.ItemPromotions },
		"order": func(b *price.Book) *[]price.Promotion { return &b.OrderPromotions },
	} {
		t.Run(name, func(t *testing.T) {
			var b price.Book
			for i := range 100 {
				all := promotions(&b)
				*all = append(*all, price.Promotion{ID: fmt.Sprint("p-", i), Title: "A", Action: price.Action{Rate: 10}})
			}
			r := price.Request{Currency: "EUR", At: noon}
			for i := range order.MaxLines {
				r.Lines = append(r.Lines, price.Line{ProductID: "p", SKU: fmt.Sprint("sku-", i), Quantity: 1, UnitPrice: 1_000_000})
			}
			requireRefusedEarly(t, newBook(t, b), r)
		})
	}
}

func requireRefusedEarly(t *testing.T, book *price.Book, r price.Request) {
	t.Helper()
	refusal := refused(t, book, r)
	require.Equal(t, price.RefusalTooLarge, refusal.Reason)
	var bytes int
	_, err := fmt.Sscanf(refusal.Detail, "the quote has at least %d bytes", &bytes)
	require.NoError(t, err)
	require.Greater(t, bytes, order.MaxQuoteBytes)
	require.Less(t, bytes, order.MaxQuoteBytes+order.MaxLines*100, "nothing was taken off after that")
}

func TestReductionsByCommandsThatAreFarTooManyAreRefusedEarly(t *testing.T) {
	r := price.Request{Currency: "EUR", At: noon, Commands: make([]price.Command, 1000)}
	for i := range order.MaxLines {
		r.Lines = append(r.Lines, price.Line{ProductID: "p", SKU: fmt.Sprint("sku-", i), Quantity: 1, UnitPrice: 1_000_000})
	}
	for i := range r.Commands {
		r.Commands[i] = price.Command{ID: "cheaper", Version: 1, Line: -1, Amount: 11_000}
	}
	requireRefusedEarly(t, nil, r)
}

func TestAtMostTenCouponsAndEachOnce(t *testing.T) {
	r := price.Request{Currency: "EUR", At: noon, Lines: []price.Line{{ProductID: "p", SKU: "s", Quantity: 1, UnitPrice: 500}}}
	for i := range price.MaxCoupons + 1 {
		r.Coupons = append(r.Coupons, price.Coupon{Code: fmt.Sprint("C-", i), Version: 1, Action: price.Action{Rate: 100}})
	}
	require.Equal(t, price.Refusal{Field: "couponCodes", Reason: price.RefusalCoupons, Detail: "an order can use at most 10 coupons"}, refused(t, nil, r))
	r.Coupons = r.Coupons[:price.MaxCoupons]
	q, err := price.Quote(nil, r)
	require.NoError(t, err)
	require.Len(t, q.Pricing.Coupons, price.MaxCoupons)
	require.Nil(t, q.Pricing.Book)
	r.Coupons[9].Code = "C-3"
	require.Equal(t, price.Refusal{Field: "couponCodes[9]", Reason: price.RefusalCoupons, Detail: "appears twice"}, refused(t, nil, r))
}

// A coupon that takes nothing off must not be used up.
func TestALimitedCouponThatTakesNothingOffIsNotClaimed(t *testing.T) {
	r := price.Request{
		Currency: "EUR", At: noon, Lines: []price.Line{{ProductID: "p", SKU: "s", Quantity: 1, UnitPrice: 500}},
		Coupons: []price.Coupon{{Code: "FREE", Version: 2, Limited: true, Action: price.Action{FreeShipping: true}}},
	}
	q, err := price.Quote(nil, r)
	require.NoError(t, err)
	require.Equal(t, []order.QuotedCoupon{{Code: "FREE", Version: 2}}, q.Pricing.Coupons)
	q, err = price.Quote(newBook(t, price.Book{ShippingMethods: []price.ShippingMethod{
		{ID: "parcel", Title: "Parcel", Currency: "EUR", Default: true, Brackets: []price.Bracket{{Price: 490}}},
	}}), r)
	require.NoError(t, err)
	require.Equal(t, []order.QuotedCoupon{{Code: "FREE", Version: 2, Limited: true, Amount: 490}}, q.Pricing.Coupons)
	require.Equal(t, int64(500), q.Total)
}

// With a step of 10 nothing that is rounded leaves a remainder that couldn't be charged.
func TestTotalsKeepTheStepOfTheCurrency(t *testing.T) {
	book := newBook(t, price.Book{
		Levels:          []price.Level{{Number: 1, Name: "A", Discount: 333}},
		ShippingMethods: []price.ShippingMethod{{ID: "a", Title: "A", Currency: "KWD", Default: true, Brackets: []price.Bracket{{Price: 1995}}}},
	})
	r := price.Request{Currency: "KWD", Level: 1, Step: 10, At: noon, Lines: []price.Line{{ProductID: "p", SKU: "s", Quantity: 1, UnitPrice: 10_050}}}
	q, err := price.Quote(book, r)
	require.NoError(t, err)
	require.Equal(t, int64(330), q.Discount, "334.665, to the nearest ten")
	require.Equal(t, int64(2000), q.Shipping)
	r.Lines[0].UnitPrice++
	require.Equal(t, price.Refusal{
		Field: "lines[0].unitPrice", Reason: price.RefusalNotChargeable, Detail: "the price 10051 KWD is not a multiple of 10, as payments must be",
	}, refused(t, book, r))
}

func TestVerifyComparesAQuoteWithItsOrder(t *testing.T) {
	r := price.Request{Currency: "EUR", At: noon, Level: 1, Lines: []price.Line{{ProductID: "p", SKU: "s", Quantity: 2, UnitPrice: 500}}}
	book := newBook(t, price.Book{Levels: []price.Level{{Number: 1, Name: "A", Discount: 1000}}})
	for name, change := range map[string]func(*order.Quote, *[]order.LineRequest){
		"another quantity":       func(_ *order.Quote, l *[]order.LineRequest) { (*l)[0].Quantity = 3 },
		"no quantity":            func(_ *order.Quote, l *[]order.LineRequest) { (*l)[0].Quantity = 0 },
		"another sku":            func(_ *order.Quote, l *[]order.LineRequest) { (*l)[0].SKU = "m" },
		"another price":          func(_ *order.Quote, l *[]order.LineRequest) { (*l)[0].UnitPrice = new(int64(501)) },
		"one line more":          func(_ *order.Quote, l *[]order.LineRequest) { *l = append(*l, (*l)[0]) },
		"no currency":            func(q *order.Quote, _ *[]order.LineRequest) { q.Currency = "" },
		"no explanation":         func(q *order.Quote, _ *[]order.LineRequest) { q.Pricing = nil },
		"no total of a line":     func(q *order.Quote, _ *[]order.LineRequest) { q.Lines[0].Total = nil },
		"another version":        func(q *order.Quote, _ *[]order.LineRequest) { q.Lines[0].Adjustments[0].Version = 4 },
		"a book that is missing": func(q *order.Quote, _ *[]order.LineRequest) { q.Pricing.Book = nil },
		"a coupon from nowhere":  func(q *order.Quote, _ *[]order.LineRequest) { q.Lines[0].Adjustments[0].Kind = order.AdjustmentCoupon },
		"a coupon twice": func(q *order.Quote, _ *[]order.LineRequest) {
			q.Pricing.Coupons = []order.QuotedCoupon{{Code: "A"}, {Code: "A"}}
		},
		"a coupon that adds": func(q *order.Quote, _ *[]order.LineRequest) {
			q.Pricing.Coupons = []order.QuotedCoupon{{Code: "A", Amount: -1}}
		},
		"an adjustment below the price": func(q *order.Quote, _ *[]order.LineRequest) { q.Lines[0].Adjustments[0].Amount = -1001 },
		"an adjustment that adds":       func(q *order.Quote, _ *[]order.LineRequest) { q.Lines[0].Adjustments[0].Amount = 100 },
		"taxes from nowhere": func(q *order.Quote, _ *[]order.LineRequest) {
			q.Lines[0].Tax, *q.Lines[0].Total, q.Tax, q.Total = 1, 901, 1, 901
		},
		"a rate above 100 percent": func(q *order.Quote, _ *[]order.LineRequest) {
			q.Pricing.Taxes = []order.TaxSum{{Class: "a", Rate: 10001, Net: 900}}
		},
		"a price above all prices": func(q *order.Quote, l *[]order.LineRequest) {
			q.Lines[0].UnitPrice, (*l)[0].UnitPrice = product.MaxPrice+1, nil
		},
		"sums of 65 bits": func(q *order.Quote, l *[]order.LineRequest) {
			q.Lines[0].UnitPrice, (*l)[0].UnitPrice, (*l)[0].Quantity = math.MaxInt64, nil, 1_000_000
		},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := price.Quote(book, r)
			require.NoError(t, err)
			lines := asked(r)
			require.NoError(t, price.Verify(q, lines))
			change(&q, &lines)
			require.ErrorIs(t, price.Verify(q, lines), price.ErrInvalidQuote)
		})
	}
}
