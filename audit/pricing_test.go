package audit

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/price"
)

// shelf has one version of a price book.
type shelf struct{ version price.Version }

func (s shelf) Get(_ context.Context, number int64) (price.Version, []byte, error) {
	if number != s.version.Number {
		return price.Version{}, nil, price.ErrNoBook
	}
	return s.version, nil, nil
}

func TestAnOrdersPriceFollowsFromItsLinesAndReasons(t *testing.T) {
	book, err := price.Parse([]byte(`{
		"levels": [{"number": 1, "name": "Silver", "discount": 1000}],
		"shippingMethods": [{"id": "post", "title": "Post", "currency": "EUR", "brackets": [{"from": 0, "price": 490}], "default": true, "taxClass": "all"}],
		"taxes": {"included": false, "home": {"country": "DE"}, "classes": [{"id": "all", "default": true}],
			"rules": [{"class": "all", "country": "DE", "rate": 1900}]}}`))
	require.NoError(t, err)
	book.Version.Number = 3
	q, err := price.Quote(book, price.Request{
		At: time.Now(), Currency: "EUR", Level: 1,
		Lines: []price.Line{{ProductID: "mug", SKU: "one", Quantity: 2, UnitPrice: 1000}},
	})
	require.NoError(t, err)
	p := order.Placement{OrderID: "o", Lines: []order.LineRequest{{ProductID: "mug", SKU: "one", Quantity: 2}}, Saga: order.SagaVersion, Quote: &q}
	held := func() order.Order {
		o := order.New(p, time.Now())
		require.NoError(t, o.Hold(order.Holding{Held: true, Currency: "EUR", Items: []order.PricedItem{{SKU: "one", Price: 1000}}}, time.Now()))
		return o.Clone()
	}
	sound := held()
	require.Empty(t, priceFindings(&sound))
	rejected := order.New(p, time.Now())
	rejected.Reject("insufficient_stock", nil, time.Now())
	require.Empty(t, priceFindings(&rejected))

	for name, damage := range map[string]func(*order.Order){
		"total":    func(o *order.Order) { o.Amounts[order.AmountTotal]-- },
		"items":    func(o *order.Order) { o.Amounts[order.AmountItems]++ },
		"discount": func(o *order.Order) { delete(o.Amounts, order.AmountDiscount) },
		"shipping": func(o *order.Order) { o.Amounts[order.AmountShipping] = 0 },
		"tax":      func(o *order.Order) { o.Amounts[order.AmountTax]++ },
		"line":     func(o *order.Order) { o.Lines[0].Amount++ },
		"paid for the line": func(o *order.Order) {
			more := *o.Lines[0].Total + 1
			o.Lines[0].Total = &more
		},
		"a gift that costs something": func(o *order.Order) { o.Lines[0].GiftFor = order.GiftForOrder },
		"without its pricing":         func(o *order.Order) { o.Pricing = nil },
	} {
		o := held()
		damage(&o)
		found := priceFindings(&o)
		require.Len(t, found, 1, name)
		require.Equal(t, KindPriceDiffers, found[0].Kind, name)
	}

	a := &auditor{Config: Config{PriceBooks: shelf{price.Version{BookVersion: *sound.Pricing.Book}}}, books: map[order.BookVersion]bool{}}
	for range 2 {
		found, err := a.bookFindings(t.Context(), &sound)
		require.NoError(t, err)
		require.Empty(t, found)
	}
	for name, other := range map[string]order.BookVersion{"number": {Number: 4, Hash: sound.Pricing.Book.Hash}, "hash": {Number: 3, Hash: "of another book"}} {
		o := held()
		pricing := *o.Pricing
		pricing.Book = &other
		o.Pricing = &pricing
		found, err := a.bookFindings(t.Context(), &o)
		require.NoError(t, err)
		require.Equal(t, KindBookMissing, found[0].Kind, name)
	}
}
