package order_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"holdfast/order"
	"holdfast/product"
)

func placement(change func(*order.Placement)) order.Placement {
	p := order.Placement{
		OrderID: "order-1", CustomerID: "customer-1", Actor: "customer:customer-1", PaymentWindow: 15 * time.Minute,
		Lines: []order.LineRequest{
			{ProductID: "shirt", SKU: "m", Quantity: 2}, {ProductID: "mug", Quantity: 1, UnitPrice: new(int64(300))},
		},
		Address: &order.Address{Recipient: "R", Line1: "1 Street", City: "C", Country: "NL"},
	}
	change(&p)
	return p
}

func TestPlacement(t *testing.T) {
	long := strings.Repeat("x", order.MaxFieldBytes+1)
	for name, c := range map[string]struct {
		change func(*order.Placement)
		path   string // of the only problem; empty if there is none
	}{
		"as it should be":          {func(*order.Placement) {}, ""},
		"without an address":       {func(p *order.Placement) { p.Address = nil }, ""},
		"no order id":              {func(p *order.Placement) { p.OrderID = "" }, "orderId"},
		"customer with colon":      {func(p *order.Placement) { p.CustomerID = "a:b" }, "customerId"},
		"no lines":                 {func(p *order.Placement) { p.Lines = nil }, "lines"},
		"most lines":               {func(p *order.Placement) { p.Lines = lines(order.MaxLines) }, ""},
		"one line too many":        {func(p *order.Placement) { p.Lines = lines(order.MaxLines + 1) }, "lines"},
		"no product":               {func(p *order.Placement) { p.Lines[1].ProductID = "" }, "lines[1].productId"},
		"bad sku":                  {func(p *order.Placement) { p.Lines[0].SKU = "a b" }, "lines[0].sku"},
		"nothing of it":            {func(p *order.Placement) { p.Lines[0].Quantity = 0 }, "lines[0].quantity"},
		"less than nothing":        {func(p *order.Placement) { p.Lines[0].Quantity = -1 }, "lines[0].quantity"},
		"most of it":               {func(p *order.Placement) { p.Lines[0].Quantity = order.MaxQuantity }, ""},
		"too much of it":           {func(p *order.Placement) { p.Lines[0].Quantity = order.MaxQuantity + 1 }, "lines[0].quantity"},
		"10^12 of it":              {func(p *order.Placement) { p.Lines[0].Quantity = 1_000_000_000_000 }, "lines[0].quantity"},
		"free":                     {func(p *order.Placement) { p.Lines[0].UnitPrice = new(int64(0)) }, ""},
		"negative price":           {func(p *order.Placement) { p.Lines[1].UnitPrice = new(int64(-1)) }, "lines[1].unitPrice"},
		"price too high":           {func(p *order.Placement) { p.Lines[1].UnitPrice = new(product.MaxPrice + 1) }, "lines[1].unitPrice"},
		"nobody to send it to":     {func(p *order.Placement) { p.Address.Recipient = "" }, "address.recipient"},
		"no country":               {func(p *order.Placement) { p.Address.Country = "" }, "address.country"},
		"a recipient of two lines": {func(p *order.Placement) { p.Address.Recipient = "Ada\nBob" }, "address.recipient"},
		"a street turned round":    {func(p *order.Placement) { p.Address.Line1 = "\u202e1 teertS" }, "address.line1"},
		"NUL in a phone number":    {func(p *order.Placement) { p.Address.Phone = "1\x00" }, "address.phone"},
		"an escape in a city":      {func(p *order.Placement) { p.Address.City = "\x1b[2J" }, "address.city"},
		"an address in Hebrew":     {func(p *order.Placement) { p.Address.City = "\u200fתל אביב" }, ""},
		"long e-mail":              {func(p *order.Placement) { p.Address.Email = long }, "address.email"},
	} {
		t.Run(name, func(t *testing.T) {
			err := placement(c.change).Validate()
			if c.path == "" {
				require.NoError(t, err)
				return
			}
			var bad product.Invalid
			require.ErrorAs(t, err, &bad)
			require.Len(t, bad, 1)
			require.Equal(t, c.path, bad[0].Path)
		})
	}
}

func lines(n int) []order.LineRequest {
	l := make([]order.LineRequest, n)
	for i := range l {
		l[i] = order.LineRequest{ProductID: "shirt", Quantity: 1}
	}
	return l
}

// FuzzPlacement: whatever a client sends is refused or can be carried out.
func FuzzPlacement(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`,
		`{"orderId":"o","customerId":"c","lines":[{"productId":"p","quantity":1}]}`,
		`{"orderId":"o","customerId":"c","lines":[{"productId":"p","sku":"s","quantity":1000000,"unitPrice":0},{"productId":"a","quantity":2}]}`,
		`{"orderId":"o","customerId":"c","lines":[{"productId":"p","quantity":9223372036854775807,"unitPrice":-9223372036854775808}]}`,
		`{"orderId":"o","customerId":"c","lines":[null],"address":{},"paymentWindow":-1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var p order.Placement
		if json.Unmarshal(body, &p) != nil || p.Validate() != nil {
			return
		}
		reqs := p.HoldRequests(1, time.Unix(0, 0))
		asked := 0
		for i, r := range reqs {
			require.True(t, product.ValidID(r.ProductID))
			require.True(t, i == 0 || reqs[i-1].ProductID < r.ProductID, "products are asked in one order, each once")
			asked += len(r.Lines)
		}
		require.Equal(t, len(p.Lines), asked)
		o := order.New(p, time.Unix(0, 0))
		doc, err := json.Marshal(o)
		require.NoError(t, err)
		var again order.Order
		require.NoError(t, json.Unmarshal(doc, &again))
		require.Equal(t, o.Lines, again.Lines)
	})
}

func TestEachProductIsAskedOnceForAllItsLines(t *testing.T) {
	p := placement(func(p *order.Placement) {
		p.Lines = append(p.Lines, order.LineRequest{ProductID: "shirt", SKU: "m", Quantity: 3})
		p.Currency, p.MaxOpenOrders, p.MaxCustomerUnits = "EUR", 3, 50
	})
	at := time.Unix(100, 0)
	deadline := at.Add(p.PaymentWindow)
	require.Equal(t, []product.HoldRequest{
		{
			ProductID: "mug", OrderID: "order-1", PlacedAt: at, Try: 4, Deadline: deadline, Currency: "EUR",
			CustomerID: "customer-1", MaxCustomerUnits: 50, MaxOpenOrders: 3, // one claims the place
			Lines: []product.HoldLine{{Quantity: 1, Price: 300}},
		},
		{
			ProductID: "shirt", OrderID: "order-1", PlacedAt: at, Try: 4, Deadline: deadline, Currency: "EUR",
			CustomerID: "customer-1", MaxCustomerUnits: 50,
			Lines: []product.HoldLine{{SKU: "m", Quantity: 2, Price: product.AnyPrice}, {SKU: "m", Quantity: 3, Price: product.AnyPrice}},
		},
	}, p.HoldRequests(4, at))
}
